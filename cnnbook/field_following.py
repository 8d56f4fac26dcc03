"""Follow receptive fields through a network, operation by operation, while it runs.

What `cnnbook.receptive_field.receptive_field_of` does; nothing is guessed from the names of layers.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce

import torch
from torch.overrides import TorchFunctionMode

from cnnbook.fields import Layer, ReceptiveField

__all__ = ["FieldFollower"]


class FieldFollower(TorchFunctionMode):
    """Keeps the receptive field of every tensor that is made while it is active."""

    def __init__(self):
        super().__init__()
        self.fields: dict[int, ReceptiveField | None] = {}  # None: everything
        self.alive: list[torch.Tensor] = []  # so that no id is used twice
        self.last_map = ReceptiveField()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        made = output if isinstance(output, tuple | list) else [output]
        tensors = [t for t in made if isinstance(t, torch.Tensor) and t.dim() > 2]
        if tensors and name == "empty" and not self.fields:
            self._remember(tensors, ReceptiveField())  # the input itself
        elif tensors:
            read = [t for t in _inputs(name, args) if id(t) in self.fields]
            if read:  # else it is a constant, such as a parameter
                self._remember(tensors, self._field(name, args, kwargs or {}, read, tensors[0]))
        return output

    def _remember(self, tensors, field) -> None:
        self.alive += tensors
        self.fields.update({id(tensor): field for tensor in tensors})
        self.last_map = self.last_map if field is None else field

    def _field(self, name, args, kwargs, read, output) -> ReceptiveField | None:
        if "conv_transpose" in name or name == "interpolate":
            raise ValueError(f"{name} has no regular receptive field: ask for an earlier map")
        fields = [self.fields[id(t)] for t in read]
        local = [field for field in fields if field is not None]
        if not local:
            return None
        field = reduce(ReceptiveField.joined, local)
        if len(local) < len(fields):
            field = replace(field, whole_input=True)
        if name in _WINDOWS:
            return field.after(_WINDOWS[name](*args, **kwargs))
        if name == "__getitem__":
            return field.after(Layer(1, stride=_step(args[1])))
        if name == "pad":
            return field.after(Layer(1, padding=args[1][0]))
        if "adaptive" in name or name == "mean":
            return self._pooled(field, args[0].shape[-1], output.shape[-1])
        return field

    def _pooled(self, field, before, after) -> ReceptiveField | None:
        if before == after:
            return field
        if after == 1:
            return None
        return field.after(Layer(before // after, stride=before // after))


def _inputs(name, args) -> list[torch.Tensor]:
    """Return the maps that an operation reads: not its weights, and all parts of what it joins."""
    if name in ("cat", "stack", "concat"):
        return list(args[0])
    if name in _WINDOWS or name in ("linear", "batch_norm", "layer_norm", "group_norm"):
        return [args[0]]
    return [a for a in args if isinstance(a, torch.Tensor) and a.dim() > 2]


def _step(index) -> int:
    """Return the step with which an index such as x[:, :, ::2, ::2] takes the last axis."""
    last = index[-1] if isinstance(index, tuple) and len(index) > 3 else None
    return (last.step or 1) if isinstance(last, slice) else 1


def _last(value) -> int:
    return value if isinstance(value, int) else value[-1]


def _convolution(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Layer:
    kernel = weight.shape[-1]
    if padding == "same":
        padding = _last(dilation) * (kernel - 1) // 2
    return Layer(
        kernel, _last(stride), 0 if padding == "valid" else _last(padding), _last(dilation)
    )


def _pooling(x, kernel_size, stride=None, padding=0, *rest, **more) -> Layer:
    stride = kernel_size if stride is None or stride == [] else stride
    dilation = more.get("dilation", 1)
    return Layer(_last(kernel_size), _last(stride), _last(padding), _last(dilation))


_WINDOWS: dict[str, Callable[..., Layer]] = {
    **dict.fromkeys(["conv1d", "conv2d", "conv3d"], _convolution),
    **dict.fromkeys(
        ["max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d"],
        _pooling,
    ),
}
