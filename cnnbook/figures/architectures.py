"""The data of the architecture explorer, counted from the networks of `cnnbook.models` themselves."""

import contextlib
from collections import deque
from collections.abc import Iterator
from math import prod

import torch
from torch import nn

from cnnbook.block_parts import describe_layer
from cnnbook.field_following import FieldFollower
from cnnbook.models.registry import ARCHITECTURES, CIFAR
from cnnbook.models.video import Inflated
from cnnbook.receptive_field import ReceptiveField
from cnnbook.summary import summarize

WHOLE, IRREGULAR = 0, -1  # fields that are no number of pixels, as in explorer.js


def architectures() -> list[dict]:
    """Return each network's name, input shape and layers, as `layers_of` returns them."""
    made = []
    for name, architecture in ARCHITECTURES.items():
        shape = architecture.input_shape
        shown = name + (" (CIFAR)" if shape == CIFAR else "")
        layers = layers_of(architecture.build(), shape)
        made.append({"name": shown, "input": shape, "layers": layers})
    return made


def layers_of(network: nn.Module, input_shape: tuple[int, ...]) -> list[list]:
    """Return [name, what it is, C, extents, parameters, MACs, field] for each layer as it runs.

    Extents are [H, W], for clips [T, H, W], for sound [T]. The field is in pixels or samples, WHOLE where
    it is the whole input, IRREGULAR where it is not the same at all places. What a layer's normalisation
    and other small parts add in parameters is counted with the layer before them: the sums are right.
    """
    parts = dict(network.named_modules())
    with _following(network) as fields:  # both are seen in one run
        rows = summarize(network, input_shape).rows
    layers: list[list] = []
    waiting = 0  # parameters of what runs before the first layer
    ran = set()
    for row in rows:
        parameters = 0 if row.name in ran else row.parameters  # a layer may run twice
        ran.add(row.name)
        field = fields[row.name].popleft()
        text, kind = describe_layer(parts.get(row.name, network))
        shape = row.output_shape
        if isinstance(network, Inflated) and not isinstance(parts.get(row.name), nn.Conv3d):
            shape = (shape[1], shape[0], *shape[2:])  # its frames stand first
        shrinks = layers and len(shape) > 1 and prod(shape[1:]) < prod(layers[-1][3])
        if not (row.macs or shrinks or kind in ("weights", "pool")):
            if layers:
                layers[-1][4] += parameters
            else:
                waiting += parameters
            continue
        if kind == "weights" and len(shape) == 3 and text.startswith("dense"):
            shape = (shape[2], *shape[:2])  # ConvNeXt has its channels last there
        if len(shape) == 1:
            shape, text, field = (*shape, 1, 1), text.replace(" at each place", ""), WHOLE
        size = parameters + waiting, row.macs
        layers.append([row.name, text, shape[0], list(shape[1:]), *size, field])
        waiting = 0
    return layers


class _Follower(FieldFollower):
    """Follows fields past operations after which they differ from place to place."""

    irregular = ReceptiveField(size=IRREGULAR)

    def _field(self, name, args, kwargs, read, output) -> ReceptiveField | None:
        if any(self.fields[id(tensor)] is self.irregular for tensor in read):
            return self.irregular
        try:
            return super()._field(name, args, kwargs, read, output)
        except ValueError:  # a transposed convolution or an interpolation
            return self.irregular


@contextlib.contextmanager
def _following(network: nn.Module) -> Iterator[dict[str, deque[int]]]:
    """Fill in for each layer's name the field of what it puts out, each time that it runs in this block."""
    follower = _Follower()
    seen: dict[str, deque[int]] = {}

    def note(name):
        def after(module, inputs, output):
            field = follower.fields.get(id(output)) if torch.is_tensor(output) else None
            seen.setdefault(name, deque()).append(field.size if field else WHOLE)

        return after

    hooks = [
        part.register_forward_hook(note(name or "(itself)"))
        for name, part in network.named_modules()
    ]
    try:
        with follower:
            yield seen
    finally:
        for hook in hooks:
            hook.remove()
