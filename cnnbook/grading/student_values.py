"""The student's side of values: what it sends is data, what it receives may be pickle.

Nothing in here is trusted by anyone: it shares its process with the student's code.
"""

import io
import pickle
import random

import numpy as np
import torch
from torch import nn

from cnnbook.grading import wire
from cnnbook.grading.module_tree import tree_of


class ListedIterator(list):
    """What an iterator gave, which is handed over as a list and iterated again there."""


class Encoder:
    """Encodes one answer; remembers its tensors, and those that have a graph behind them."""

    def __init__(self, student, out: list, sent_tensors: list, sent_modules: list = ()):
        self.student, self.out = student, out
        self.tensors, self.with_graph, self.places = [], [], {}
        self.sent_modules = sent_modules
        self.storages = {
            tensor.untyped_storage().data_ptr(): place
            for place, tensor in enumerate(sent_tensors)
            if tensor.numel()
        }

    def encode(self, value):
        """Return a value as JSON."""
        if type(value) is ListedIterator:
            return {"t": "iterator", "v": [self.encode(part) for part in value]}
        return wire.plain(value, self.out, self.other)

    def other(self, value):
        """Encode tensors and networks; keep everything else here and send its number."""
        if isinstance(value, torch.Tensor):
            return {"t": "tensor", "i": self.tensor_index(value)}
        for place, module in enumerate(self.sent_modules):
            if value is module:
                return {"t": "sent", "i": place}
        objects = self.student.objects
        form = {"t": "object", "i": len(objects), "name": str(getattr(value, "__name__", ""))[:200]}
        objects.append(value)
        if isinstance(value, nn.Module):
            form |= {"kind": "network", "tree": tree_of(value, self.tensor_index)}
            form["name"] = type(value).__name__
        elif isinstance(value, type):
            form["kind"] = "network class" if issubclass(value, nn.Module) else "class"
        else:
            form["kind"] = "function" if callable(value) else "object"
            form["name"] = form["name"] or type(value).__name__
        return form

    def tensor_index(self, tensor: torch.Tensor) -> int:
        """Return the tensor's place among those of this answer."""
        if id(tensor) in self.places:
            return self.places[id(tensor)][0]
        pointer = tensor.untyped_storage().data_ptr() if not tensor.is_sparse else None
        form = wire.tensor_form(tensor, self.out)
        if tensor.numel() and pointer in self.storages and tensor.grad_fn is None:
            layout = [list(tensor.shape), list(tensor.stride()), tensor.storage_offset()]
            form["alias"] = [self.storages[pointer], *layout]
        if tensor.requires_grad and not isinstance(tensor, nn.Parameter) and "alias" not in form:
            form["graph"] = len(self.with_graph)
            self.with_graph.append(tensor)
        self.places[id(tensor)] = (len(self.tensors), tensor)
        self.tensors.append(form)
        return len(self.tensors) - 1


class Decoder:
    """Decodes one request, which comes from the trusted side: pickle is allowed in this direction."""

    def __init__(self, student, request: dict, buffers: list):
        self.student, self.buffers = student, buffers
        self.tensors = []
        for form in request.get("tensors", ()):
            tensor = wire.tensor_of(form, buffers)
            if form["parameter"]:
                tensor = nn.Parameter(tensor, requires_grad=form["grad"])
            self.tensors.append(tensor.requires_grad_(form["grad"]))
        self.sent = [buffers[form["b"]] for form in request.get("tensors", ())]
        self.modules: list[nn.Module] = []

    def decode(self, form):
        """Return the value of a form."""
        return wire.value_of(form, self.buffers, self.other)

    def other(self, form):
        """Decode what is not plain."""
        if form["t"] == "tensor":
            return self.tensors[form["i"]]
        if form["t"] == "object":
            return self.student.objects[form["i"]]
        value = Unpickler(io.BytesIO(self.buffers[form["b"]]), self).load()
        if isinstance(value, nn.Module):
            self.modules.append(value)
        return value


class Unpickler(pickle.Unpickler):
    """Finds tensors and the student's own objects where the message has them."""

    def __init__(self, stream, decoder: Decoder):
        super().__init__(stream)
        self.decoder = decoder

    def persistent_load(self, pid):
        kind, index = pid
        return (
            self.decoder.tensors[index] if kind == "tensor" else self.decoder.student.objects[index]
        )


def marks_of(module: nn.Module) -> list:
    """Return what a function may have done to a network that it was given, apart from its values."""
    return [
        [n, p.training, len(p._forward_hooks) + len(p._forward_pre_hooks), type(p).__name__]
        + [
            [name, q.requires_grad, list(q.shape)]
            for name, q in p._parameters.items()
            if q is not None
        ]
        for n, p in module.named_modules()
    ]


def changes(encoder: Encoder, decoder: Decoder, before: list) -> dict:
    """Return which of the tensors and networks that were sent the call changed.

    A tensor's version tells nothing of what was done through `.data` or `.numpy()`, so bytes are compared.
    """
    pairs = zip(decoder.tensors, decoder.sent, strict=True)
    tensors = [
        [i, encoder.tensor_index(t)]
        for i, (t, sent) in enumerate(pairs)
        if wire.bytes_of(t) != sent
    ]
    networks = []
    for place, module in enumerate(decoder.modules):
        after = marks_of(module)
        if after != before[place]:
            networks.append([place, tree_of(module, encoder.tensor_index), [m[2] for m in after]])
    return {"tensors": tensors, "networks": networks}


def restore(module: nn.Module, state: dict, decoder: Decoder) -> None:
    """Give a network the values that its picture on the trusted side has."""
    own = dict([*module.named_parameters(), *module.named_buffers()])
    with torch.no_grad():
        for name, index in state["tensors"].items():
            own[name].copy_(decoder.tensors[index].detach())
    for name, needed in state["grad"].items():
        own[name].requires_grad_(needed)
    parts = dict(module.named_modules())
    for name, training in state["training"].items():
        parts[name].training = training


def set_generators(states: dict) -> None:
    """Set those of the generators of Python, NumPy and torch that are named."""
    if "python" in states:
        random.setstate(states["python"])
    if "numpy" in states:
        np.random.set_state(states["numpy"])
    if "torch" in states:
        torch.set_rng_state(torch.from_numpy(states["torch"].copy()))
