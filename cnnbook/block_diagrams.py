"""Diagrams of blocks, drawn from their code: what is in the picture is what runs.

`torch.fx` traces the module, layers that follow one another alone share a box, and the boxes stand
in rows by their longest way from the input. A way that passes rows by, such as a shortcut, keeps a
free place in each of them, so that no line runs through a box.
"""

import itertools
import operator
from collections import Counter
from dataclasses import dataclass, field

import matplotlib as mpl
import torch
import torch.fx
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn
from torch.fx.passes.shape_prop import ShapeProp

from cnnbook.plots import _STYLE, INK, Picture
from cnnbook.tracing import evaluating

__all__ = ["Part", "block_diagram", "describe_layer", "draw_parts", "parts_of"]


@dataclass(eq=False)
class Part:
    """One box: the lines in it, the parts that it reads, the shape (C, H, W) that it puts out."""

    lines: list[str]
    kind: str  # input, weights, activation, pool, join, output, or free: a place for a line
    reads: list["Part"] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    row: int = 0
    x: float = 0.0
    y: float = 0.0


def block_diagram(module: nn.Module, input_shape: tuple[int, ...], *, alt: str) -> Picture:
    """Draw a block, from its input of shape (C, H, W) at the top to its output at the bottom."""
    return draw_parts(parts_of(module, input_shape), alt=alt)


def draw_parts(parts: list[Part], *, alt: str) -> Picture:
    """Draw boxes in rows, each below all that it reads, and lines between them."""
    rows, ways = _rows(parts)
    _place(rows, ways)
    width = 1 + max(part.x for row in rows for part in row)
    height = 1 - min(part.y for part in rows[-1])
    longest = max(len(line) for part in parts for line in part.lines)
    column = 0.35 + 0.066 * longest  # inches, so that text is as large as it can be on a telephone
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(column * width, 0.3 * height))
        ax = figure.subplots()
        for way in ways:
            *passed, end = _points(way, rows)
            ax.plot(*zip(*passed, strict=True), color=INK, lw=1.2, zorder=1)
            arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", end, passed[-1], arrowprops=arrow, zorder=1)
        for part in parts:
            _draw(ax, part)
        ax.set(xlim=(-0.55, width - 0.45), ylim=(-height, 1))
        ax.axis("off")
    return Picture(figure, alt)


def parts_of(module: nn.Module, input_shape: tuple[int, ...]) -> list[Part]:
    """Return the boxes of a block in the order in which they run, from its input to its output."""
    with evaluating(module), torch.no_grad():
        graph = torch.fx.symbolic_trace(module)
        dtype = next((p.dtype for p in module.parameters()), torch.float32)
        ShapeProp(graph).propagate(torch.zeros(1, *input_shape, dtype=dtype))
    made: dict[torch.fx.Node, Part] = {}
    for node in graph.graph.nodes:
        if node.op in ("get_attr", "output"):
            continue
        reads = [made[n] for n in node.all_input_nodes if n in made]
        name, kind = _describe(node, graph, len(reads))
        if name:
            made[node] = Part([name], kind, reads, tuple(node.meta["tensor_meta"].shape[1:]))
        else:  # it changes nothing: whoever reads it reads what it reads
            made[node] = reads[0]
    parts = _together(list(dict.fromkeys(made.values())))
    parts[0].lines = [f"input {_size(input_shape)}"]
    last = parts[-1]
    return [*parts, Part([f"output {_size(last.shape)}"], "output", [last], last.shape)]


def _together(parts: list[Part]) -> list[Part]:
    """Return the parts, with each activation in the box before it where only the two are joined."""
    readers = Counter(read for part in parts for read in part.reads)
    box: dict[Part, Part] = {}
    kept: list[Part] = []
    for part in parts:
        joined = part.kind == "activation" and readers[part.reads[0]] == 1
        if joined and box[part.reads[0]].kind in ("weights", "activation"):
            box[part] = box[part.reads[0]]
            box[part].lines += part.lines
            box[part].shape = part.shape
        else:
            box[part] = part
            part.reads = [box[read] for read in part.reads]
            kept.append(part)
    return kept


def _describe(node, graph, reads: int) -> tuple[str, str]:
    """Return what a node is called, and its kind; an empty name where it changes nothing."""
    if node.op == "placeholder":
        return "input", "input"
    if node.op == "call_module":
        return describe_layer(graph.get_submodule(node.target))
    target = node.target
    name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    if target in (operator.add, torch.add):
        return "+", "join"
    if target in (operator.mul, torch.mul):
        return ("×", "join") if reads > 1 else ("times a trained scale", "activation")
    if target in (torch.cat, torch.concat):
        return "side by side", "join"
    if name in ("mean", "amax"):
        over = node.args[1] if len(node.args) > 1 else node.kwargs["dim"]
        return f"{'mean' if name == 'mean' else 'maximum'} over {_axes(over)}", "pool"
    if target is F.layer_norm:
        return "layer norm", "activation"
    if target is F.pad:
        return "zeros for new channels", "pool"
    if target is operator.getitem:
        return "every second place", "pool"
    names = {F.relu: "ReLU", F.gelu: "GELU", F.silu: "SiLU", torch.sigmoid: "sigmoid"}
    return names.get(target, ""), "activation"


def _axes(over) -> str:
    return "channels" if over in (1, (1,), [1]) else "places"


def describe_layer(layer: nn.Module) -> tuple[str, str]:
    """Return what a layer is called, and its kind: weights, activation or pool, as in a Part."""
    if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d):
        depthwise = layer.groups == layer.in_channels > 1
        name = "transposed" if layer.transposed else "depthwise" if depthwise else "conv"
        window = _size(layer.kernel_size) + ("-tap" if isinstance(layer, nn.Conv1d) else "")
        text = f"{window} {name}, {layer.out_channels}"
        if layer.groups > 1 and not depthwise:
            text += f", {layer.groups} groups"
        return text + (f", stride {layer.stride[-1]}" if layer.stride[-1] > 1 else ""), "weights"
    if isinstance(layer, nn.Linear):
        return f"dense at each place, {layer.out_features}", "weights"
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d | nn.MaxPool3d):
        kind = "mean" if isinstance(layer, nn.AvgPool2d) else "max"
        window, stride = (
            n if isinstance(n, tuple) else (n, n) for n in (layer.kernel_size, layer.stride)
        )
        stride = f", stride {stride[-1]}" if stride[-1] != 1 else ""
        return f"{_size(window)} {kind} pool{stride}", "pool"
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return "mean over places", "pool"
    if isinstance(layer, nn.Identity | nn.Dropout):
        return "", ""
    names = {nn.BatchNorm2d: "batch norm", nn.LayerNorm: "layer norm", nn.ReLU6: "ReLU6"}
    return names.get(type(layer), type(layer).__name__), "activation"


def _size(shape) -> str:
    return "×".join(map(str, shape))


def _rows(parts: list[Part]) -> tuple[list[list[Part]], list[list[Part]]]:
    """Return the rows, with a free place wherever a way passes by, and the ways between parts."""
    for part in parts:
        part.row = 1 + max((read.row for read in part.reads), default=-1)
    rows: list[list[Part]] = [[] for _ in range(max(part.row for part in parts) + 1)]
    ways = []
    for part in parts:
        rows[part.row].append(part)
        for read in part.reads:
            free = [Part([], "free", row=row) for row in range(read.row + 1, part.row)]
            for place in free:
                rows[place.row].append(place)
            ways.append([read, *free, part])
    return rows, ways


def _place(rows: list[list[Part]], ways: list[list[Part]]) -> None:
    """Give each part a column near its neighbours above and below, and each row its height."""
    near: dict[Part, list[Part]] = {part: [] for row in rows for part in row}
    for way in ways:
        for upper, lower in itertools.pairwise(way):
            near[upper].append(lower)
            near[lower].append(upper)
    y = 0.0
    for number, row in enumerate(rows):
        lines = max(len(part.lines) for part in row)
        y -= 0.5 * lines + 0.9 if number else 0.0
        row.sort(key=lambda part: _mean([p.x for p in near[part] if p.row < part.row]))
        for column, part in enumerate(row):
            part.x, part.y = float(column), y
        y -= 0.5 * lines + 0.3
    for _ in range(30):
        for row in [*rows, *reversed(rows)]:
            _spread(row, [_mean([p.x for p in near[part]]) for part in row])
    least = min(part.x for row in rows for part in row)
    for row in rows:
        for part in row:
            part.x -= least


def _points(way: list[Part], rows: list[list[Part]]) -> list[tuple[float, float]]:
    """Return the corners of a line: upright beside the boxes of a row, slanted between the rows."""
    points = []
    for part in way[:-1]:
        half = 0.5 * max(len(other.lines) for other in rows[part.row]) + 0.3
        top = half if part.kind == "free" else 0
        points += [(part.x, part.y + top), (part.x, part.y - half)]
    return [*points, (way[-1].x, way[-1].y + 0.5 * len(way[-1].lines) + 0.2)]


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / max(1, len(numbers))


def _spread(row: list[Part], wanted: list[float]) -> None:
    """Move parts to where they want to be, in their order, at least one column apart."""
    groups: list[
        tuple[float, int]
    ] = []  # first column and size of what stands shoulder to shoulder
    for place in wanted:
        groups.append((place, 1))
        while len(groups) > 1 and sum(groups[-2]) > groups[-1][0]:
            (first, size), (second, more) = groups[-2], groups.pop()
            groups[-1] = ((first * size + (second - size) * more) / (size + more), size + more)
    columns = [first + step for first, size in groups for step in range(size)]
    for part, column in zip(row, columns, strict=True):
        part.x = column


def _draw(ax, part: Part) -> None:
    colours = {"weights": "#CFE3F1", "activation": "#F5E3CF", "pool": "#DDEEE3"}
    plain = part.kind in ("input", "output")
    shape = "circle,pad=0.2" if part.lines[0] in ("+", "×") else "round,pad=0.3"
    box = {
        "boxstyle": shape,
        "fc": colours.get(part.kind, "#FDFCF9"),
        "ec": "none" if plain else INK,
    }
    ax.text(part.x, part.y, "\n".join(part.lines), ha="center", va="center", fontsize=8, bbox=box)
