"""torchvision as the tests need it, also beside a CPU-only torch: import it from here."""

from cnnbook.torchvision_import import imported_torchvision

torchvision = imported_torchvision()

__all__ = ["make", "torchvision"]


def make(name: str):
    """Return torchvision's network of that name, without published weights."""
    # These two draw truncated normal numbers for minutes unless they are told not to.
    slow = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, **slow)
