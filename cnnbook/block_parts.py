"""The parts of a block, read from its code: layers that follow one another alone share a box.

`torch.fx` traces the module; `block_diagrams` draws the parts.
"""

import operator
from collections import Counter
from dataclasses import dataclass, field

import torch
import torch.fx
import torch.nn.functional as F
from torch import nn
from torch.fx.passes.shape_prop import ShapeProp

from cnnbook.tracing import evaluating

__all__ = ["Part", "describe_layer", "parts_of"]


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
        size, stride = (
            n if isinstance(n, tuple) else (n, n) for n in (layer.kernel_size, layer.stride)
        )
        strided = f", stride {stride[-1]}" if stride[-1] != 1 else ""
        return f"{_size(size)} {kind} pool{strided}", "pool"
    if isinstance(layer, nn.AdaptiveAvgPool2d):
        return "mean over places", "pool"
    if isinstance(layer, nn.Identity | nn.Dropout):
        return "", ""
    names = {nn.BatchNorm2d: "batch norm", nn.LayerNorm: "layer norm", nn.ReLU6: "ReLU6"}
    return names.get(type(layer), type(layer).__name__), "activation"


def _size(shape) -> str:
    return "×".join(map(str, shape))
