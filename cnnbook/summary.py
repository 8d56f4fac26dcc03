"""What a network consists of, layer by layer: shapes, parameters, multiply-accumulates.

1 MAC = 2 FLOPs, everywhere in this book. Convolutions and matrix products are counted; biases,
activations and normalisation are not, as is the custom.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch._ops import OpOverloadPacket
from torch.utils._python_dispatch import TorchDispatchMode

from cnnbook.tracing import run_on_shapes

__all__ = ["Row", "Summary", "count_macs", "count_parameters", "summarize", "trace_shapes"]

UNIT = "1 MAC = 2 FLOPs"


@dataclass
class Row:
    """One layer, as it ran."""

    name: str
    kind: str
    output_shape: tuple[int, ...] = ()  # without the batch axis, unless frames travel in it
    parameters: int = 0
    macs: int = 0


@dataclass(frozen=True)
class Summary:
    """A network's layers in the order in which they ran; it prints as a table."""

    rows: tuple[Row, ...]
    parameters: int
    macs: int

    @property
    def activations(self) -> int:
        """Return how many numbers the layers put out for one input."""
        return sum(torch.Size(row.output_shape).numel() for row in self.rows)

    def __str__(self) -> str:
        lines = [f"{'layer':32s} {'kind':18s} {'output':>18s} {'parameters':>13s} {'MACs':>16s}"]
        for row in self.rows:
            shape = "×".join(map(str, row.output_shape))
            lines.append(
                f"{row.name:32s} {row.kind:18s} {shape:>18s} {row.parameters:13,} {row.macs:16,}"
            )
        total = f"{self.parameters:13,} {self.macs:16,}"
        return "\n".join([*lines, f"{'total, ' + UNIT:70s} {total}"])

    def _repr_html_(self) -> str:
        def line(tag, *cells):
            return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

        head = line("th", "layer", "kind", "output", "parameters", "MACs")
        body = "".join(
            line("td", r.name, r.kind, "×".join(map(str, r.output_shape)), f"{r.parameters:,}",
                 f"{r.macs:,}")
            for r in self.rows
        )  # fmt: skip
        foot = line("td", "total", "", "", f"{self.parameters:,}", f"{self.macs:,}")
        caption = f"<caption>{UNIT}</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{body}{foot}</tbody></table>"


def summarize(module: nn.Module, input_shape: tuple[int, ...]) -> Summary:
    """Return the summary of a network for one input of shape (C, H, W), (C, T, H, W) or (C, T).

    The network runs on shapes alone, in evaluation mode, and is not changed. A layer that runs
    twice has two rows; operations outside any layer are counted where they stand.
    """
    watch = _Watch()
    hooks = [
        hook
        for name, part in module.named_modules()
        for hook in (
            part.register_forward_pre_hook(watch.entering(name, part)),
            part.register_forward_hook(watch.leaving),
        )
    ]
    try:
        run_on_shapes(module, input_shape, watch)
    finally:
        for hook in hooks:
            hook.remove()
    rows = tuple(
        row for row in watch.rows if row.macs or row.parameters or row.kind in watch.leaves
    )
    return Summary(rows, count_parameters(module), sum(row.macs for row in watch.rows))


def trace_shapes(module: nn.Module, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the output shape of each layer, without the batch axis, by the layer's name."""
    return {row.name: row.output_shape for row in summarize(module, input_shape).rows}


def count_parameters(module: nn.Module, *, trainable_only: bool = False) -> int:
    """Return the number of parameters; a shared one counts once."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable_only)


def count_macs(module: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Return the multiply-accumulates for one input; 1 MAC = 2 FLOPs."""
    return summarize(module, input_shape).macs


class _Watch(TorchDispatchMode):
    """Sees every tensor operation and books its MACs to the layer that is running."""

    def __init__(self):
        super().__init__()
        self.rows: list[Row] = []
        self.open: list[Row] = []
        self.leaves: set[str] = set()

    def entering(self, name, part):
        own = sum(p.numel() for p in part.parameters(recurse=False))

        def note(module, inputs):
            row = Row(name or "(itself)", type(part).__name__, parameters=own)
            if next(part.children(), None) is None:
                self.leaves.add(row.kind)
            self.rows.append(row)
            self.open.append(row)

        return note

    def leaving(self, module, inputs, output):
        row = self.open.pop()
        if isinstance(output, torch.Tensor):
            row.output_shape = tuple(output.shape[1 if output.shape[:1] == (1,) else 0 :])

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        count = _MACS.get(func.overloadpacket)
        if count:
            self.open[-1].macs += count(output, *args)
        return output


def _convolution(output, x, weight, bias, stride, padding, dilation, transposed, *rest) -> int:
    places = x if transposed else output
    return places.numel() * weight[0].numel()


_MACS: dict[OpOverloadPacket, Callable[..., int]] = {
    torch.ops.aten.convolution: _convolution,
    torch.ops.aten.mm: lambda output, a, b: a.numel() * b.shape[1],
    torch.ops.aten.addmm: lambda output, bias, a, b, *rest: a.numel() * b.shape[1],
    torch.ops.aten.bmm: lambda output, a, b: a.numel() * b.shape[2],
    torch.ops.aten.baddbmm: lambda output, bias, a, b, *rest: a.numel() * b.shape[2],
}
