"""torchvision, also beside a torch that it was not built with.

A torchvision built for CUDA cannot load its own operators beside a torch for CPUs alone, and then
its import ends with "operator torchvision::nms does not exist". Data sets, transforms and networks
need none of these operators: declared, but without code, they let the rest be imported.
"""

import importlib
import sys
from types import ModuleType

import torch

__all__ = ["imported_torchvision"]

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[torch.library.Library] = []  # an operator lasts as long as its library


def imported_torchvision() -> ModuleType:
    """Return torchvision; from then on `import torchvision` works in this process too.

    Raises ImportError where it is not installed or does not go with this torch at all.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error) or _declared:
            raise ImportError(f"torchvision cannot be imported: {error}") from error
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    _declared.append(torch.library.Library("torchvision", "DEF"))
    for operator in OPERATORS:
        _declared[0].define(operator)
    return imported_torchvision()
