"""The way to the student: arguments of calls, as data, or as pickle where they are no data."""

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import cloudpickle
import torch
from torch import nn

from cnnbook.grading import kept, wire
from cnnbook.grading.lent import Lent, LentNetwork, LentTensor
from cnnbook.grading.module_tree import ATOMS, is_lazy

if TYPE_CHECKING:
    from cnnbook.grading.network_proxy import ModuleProxy

ITERATED = 10_000  # values of an iterator: all are drawn before the call


class StudentOwned:
    """Base of the proxies: `_target` is the number under which the student's process keeps the thing."""

    _target: int | None = None
    _given: frozenset | set = frozenset()  # numbers of what it keeps of the test's


def is_owned(value) -> bool:
    """Return whether a value is a proxy, or the proxy of a class."""
    is_class = isinstance(value, type) and issubclass(value, StudentOwned)
    return is_class or isinstance(value, StudentOwned)


class Encoder:
    """Encodes the arguments of one call.

    `networks` are the student's that the tests hold: a parameter of theirs travels by its name, and
    `involved` are those that the call may look at or change. `lent` is what the student's objects
    keep of the tests', and `passed` are the networks that this call is given: each of both stays one
    wherever it is met.
    """

    def __init__(
        self,
        networks: "Iterable[ModuleProxy]" = (),
        lent: Mapping[int, Lent] = MappingProxyType({}),
        passed: Iterable[nn.Module] = (),
    ):
        self.out: list = []
        self.forms: list[dict] = []
        self.tensors: list[torch.Tensor] = []
        self.modules: list[nn.Module] = []
        self.module_forms: list[dict] = []
        self.lent = lent
        self._one_each = {id(module) for module in passed} | {id(o.value) for o in lent.values()}
        self.involved: list[ModuleProxy] = []
        self.places: dict[int, int] = {}
        self.kept: list = []  # what keeps its identity although it is pickled
        self.kept_forms: list[dict] = []
        self._held: list = []
        self.networks = networks
        self._owners: dict[int, tuple[ModuleProxy, str]] | None = None

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
        if isinstance(value, nn.Module):
            return {"t": "module", "i": self.module_place(value)}
        if isinstance(value, Iterator):
            values = list(itertools.islice(value, ITERATED + 1))
            if len(values) > ITERATED:
                raise wire.Unsendable(f"an iterator that gives more than {ITERATED} values")
            return {"t": "iterator", "v": [self.encode(part) for part in values]}
        if callable(value):
            self._held += kept.held_by(value)
        return {"t": "pickle", "b": self.pickled(value)}

    def pickled(self, value, *, root=None) -> int:
        """Return the number of the buffer with the value's pickle."""
        stream = io.BytesIO()
        Pickler(stream, self, root).dump(value)
        self.out.append(stream.getvalue())
        return len(self.out) - 1

    def keep(self, value) -> int:
        """Return the place of something that keeps its identity although it is pickled."""
        return self._place(value, self.kept, self.kept_forms)

    def module_place(self, module: nn.Module) -> int:
        """Return the place of a network of the test's among those that take part in the call."""
        return self._place(module, self.modules, self.module_forms)

    def _place(self, value, things: list, forms: list[dict]) -> int:
        for place, known in enumerate(things):
            if known is value:
                return place
        place = len(things)
        things.append(value)
        forms.append({})
        lent = next((one for one in self.lent.values() if one.value is value), None)
        forms[place] = lent.form(self) if lent else {"b": self.pickled(value, root=value)}
        return place

    def has_identity(self, value) -> bool:
        """Return whether it is one and the same wherever the call meets it."""
        if isinstance(value, nn.Module):
            return id(value) in self._one_each
        return kept.is_kept(value) or self.is_held(value)

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
            self.involve(cast("ModuleProxy", proxy))
        self.lend(proxy)
        return proxy._target

    def lend(self, holder: "StudentOwned") -> None:
        """Have the call know what an object of the student's keeps of the test's."""
        for one in [self.lent[number] for number in sorted(holder._given)]:
            if isinstance(one, LentTensor):
                self.forms[self.tensor_index(one.value)].setdefault("lent", [one.number, ""])
            elif isinstance(one, LentNetwork):
                self.module_place(one.value)
            else:
                self.keep(one.value)

    def involve(self, network: "ModuleProxy") -> None:
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
        if type(value) in ATOMS:
            return None
        if isinstance(value, torch.Tensor):
            return None if is_lazy(value) else ("tensor", self.encoder.tensor_index(value))
        if is_owned(value):
            return "object", self.encoder.owned(value)
        if value is self.root or not self.encoder.has_identity(value):
            return None
        if isinstance(value, nn.Module):
            return "module", self.encoder.module_place(value)
        return "kept", self.encoder.keep(value)
