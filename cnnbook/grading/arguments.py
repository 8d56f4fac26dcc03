"""The way to the student: arguments of calls, as data, or as pickle where they are no data."""

import io
from collections.abc import Iterable

import cloudpickle
import torch
from torch import nn

from cnnbook.grading import kept, wire


class StudentOwned:
    """Base of the proxies: `_target` is the number under which the student's process keeps the thing."""

    _target: int | None = None


def is_owned(value) -> bool:
    """Return whether a value is a proxy, or the proxy of a class."""
    is_class = isinstance(value, type) and issubclass(value, StudentOwned)
    return is_class or isinstance(value, StudentOwned)


class Encoder:
    """Encodes the arguments of one call.

    `networks` are the student's that the tests hold: a parameter of theirs travels by its name, and
    `involved` are those that the call may look at or change.
    """

    def __init__(self, networks: Iterable[nn.Module] = ()):
        self.out: list = []
        self.forms: list[dict] = []
        self.tensors: list[torch.Tensor] = []
        self.modules: list[nn.Module] = []
        self.involved: list[nn.Module] = []
        self.places: dict[int, int] = {}
        self.kept: list = []  # what keeps its identity although it is pickled
        self.kept_in: list[int] = []  # the buffer of each
        self._held: list = []
        self.networks, self._owners = networks, None

    def encode(self, value):
        """Return a value as JSON."""
        return wire.plain(value, self.out, self.other)

    def other(self, value):
        """Encode tensors and proxies; pickle everything else."""
        if isinstance(value, torch.Tensor):
            return {"t": "tensor", "i": self.tensor_index(value)}
        if is_owned(value):
            return {"t": "object", "i": self.owned(value)}
        if kept.is_kept(value) or kept.is_object(value):
            return {"t": "kept", "i": self.keep(value)}
        form = {"t": "pickle"}
        if isinstance(value, nn.Module):
            form["m"] = len(self.modules)
            self.modules.append(value)
        elif callable(value):
            self._held += kept.held_by(value)
        return {**form, "b": self._pickled(value)}

    def _pickled(self, value, *, root=None) -> int:
        stream = io.BytesIO()
        Pickler(stream, self, root).dump(value)
        self.out.append(stream.getvalue())
        return len(self.out) - 1

    def keep(self, value) -> int:
        """Return the number of something that keeps its identity."""
        for number, known in enumerate(self.kept):
            if known is value:
                return number
        number = len(self.kept)
        self.kept.append(value)
        self.kept_in.append(-1)
        self.kept_in[number] = self._pickled(value, root=value)
        return number

    def is_held(self, value) -> bool:
        """Return whether a function that was passed holds this container."""
        return any(value is one for one in self._held)

    def by_value(self, value):
        """Return a value as JSON, with all its parameters, as what the student does not have yet."""
        owners, self._owners = self._owners, {}
        try:
            return self.encode(value)
        finally:
            self._owners = owners

    def owned(self, proxy) -> int:
        """Return the number of what is the student's; a network is involved from here on."""
        if isinstance(proxy, nn.Module):
            self.involve(proxy)
        return proxy._target

    def involve(self, network: nn.Module) -> None:
        """Have the call know this network of the student's as it is here, and hear what becomes of it."""
        top = network._top()
        if all(top is not known for known in self.involved):
            self.involved.append(top)

    def tensor_index(self, tensor: torch.Tensor) -> int:
        """Return the tensor's place in this message."""
        if id(tensor) not in self.places:
            self.places[id(tensor)] = len(self.tensors)
            form = self._by_name(tensor) or wire.tensor_form(tensor, self.out)
            gradient = tensor.grad if tensor.is_leaf and "own" not in form else None
            if gradient is not None and gradient.layout is torch.strided:
                form["gradient"] = wire.tensor_form(gradient, self.out)
            self.forms.append(form)
            self.tensors.append(tensor)
        return self.places[id(tensor)]

    def _by_name(self, tensor: torch.Tensor) -> dict | None:
        if not isinstance(tensor, nn.Parameter):
            return None
        if self._owners is None:
            tops = {id(net._top()): net._top() for net in self.networks}
            self._owners = {
                id(parameter): (top, name)
                for top in tops.values()
                for name, parameter in top.named_parameters()
            }
        if id(tensor) not in self._owners:
            return None
        top, name = self._owners[id(tensor)]
        self.involve(top)
        return {"own": [top._target, name]}


class Pickler(cloudpickle.Pickler):
    """Leaves tensors to the message, and proxies to the student's own objects."""

    def __init__(self, stream, encoder: Encoder, root=None):
        super().__init__(stream)
        self.encoder, self.root = encoder, root

    def persistent_id(self, value):
        if isinstance(value, torch.Tensor):
            return "tensor", self.encoder.tensor_index(value)
        if is_owned(value):
            return "object", self.encoder.owned(value)
        if value is not self.root and (kept.is_kept(value) or self.encoder.is_held(value)):
            return "kept", self.encoder.keep(value)
        return None
