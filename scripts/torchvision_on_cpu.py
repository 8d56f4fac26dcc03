"""torchvision beside a CPU-only torch: import it from here, as `torchvision`.

Such a torch lacks two operators that torchvision asks for at import; nothing here calls them.
"""

import torch

_library = torch.library.Library("torchvision", "DEF")
_library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402

__all__ = ["make", "torchvision"]


def make(name: str):
    """Return torchvision's network of that name, without published weights."""
    # These two draw truncated normal numbers for minutes unless they are told not to.
    slow = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, **slow)
