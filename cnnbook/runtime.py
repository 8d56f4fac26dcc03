"""What the notebook found: the device, and whether to run quickly or in full."""

import os

MODES = ("quick", "full", "auto")


def device() -> str:
    """Return "cuda" where PyTorch sees a GPU, else "cpu"."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def mode() -> str:
    """Return "quick" or "full", from the environment variable CNNBOOK_MODE.

    Quick runs on embedded data in about a minute on two CPU cores; full uses
    real data. "auto", the default, is full only on a GPU.
    """
    chosen = os.environ.get("CNNBOOK_MODE", "auto")
    if chosen not in MODES:
        raise ValueError(f"CNNBOOK_MODE={chosen!r} is not allowed: it must be one of {MODES}")
    if chosen == "auto":
        return "full" if device() == "cuda" else "quick"
    return chosen


def describe() -> str:
    """Return one line: versions, device and mode. Every notebook prints it first."""
    import torch

    from cnnbook import __version__

    return f"cnnbook {__version__} · torch {torch.__version__.split('+')[0]} · {device()} · {mode()} mode"
