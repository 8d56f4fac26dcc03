"""Run a network in evaluation mode, and on shapes alone, without leaving a trace in it."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["evaluating", "run_on_shapes"]


def run_on_shapes(
    module: nn.Module, input_shape: tuple[int, ...], watching: AbstractContextManager[object]
) -> torch.Tensor:
    """Return the output, a tensor without values, of one input of shape (C, H, W) or the like.

    Parameters and buffers are replaced by tensors on the device `meta`, in evaluation mode; the
    module itself is left as it was. `watching` is a context manager that is active meanwhile; the
    first tensor that it sees being made, by `torch.empty`, is the input.
    Raises ValueError where the shape is not one of positive whole numbers.
    """
    if not input_shape or not all(type(n) is int and n > 0 for n in input_shape):
        raise ValueError(
            f"input_shape={input_shape!r} is not allowed: give the shape of one input without the "
            f"batch axis, such as (3, 224, 224)"
        )
    state = dict([*module.named_parameters(), *module.named_buffers()])
    floats = [value.dtype for value in state.values() if value.is_floating_point()]
    dtype = floats[0] if floats else torch.get_default_dtype()
    # In inference mode PyTorch would hide from `watching` which operations a call consists of.
    leaving = torch.inference_mode(mode=False)
    with leaving, evaluating(module), torch.no_grad(), torch.device("meta"), _QuickShapes():
        shapes = {
            name: torch.empty_like(value, device="meta")
            for name, value in state.items()
            if not value.is_meta
        }
        with watching:
            x = torch.empty(1, *input_shape, dtype=dtype)
            return functional_call(module, shapes, (x,)) if shapes else module(x)


class _QuickShapes(TorchDispatchMode):
    """Knows what two frequent operations put out: as much as they are given.

    On `meta` PyTorch computes them from dozens of smaller ones, in Python: three quarters of the time that
    a network takes there. By then it has compared the channels of a normalisation with those of its input.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func is torch.ops.aten.relu.default and args[0].is_meta:
            return torch.empty_like(args[0])
        if func is torch.ops.aten.native_batch_norm.default and args[0].is_meta:
            return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode for a while, and each part back into its own mode after."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
