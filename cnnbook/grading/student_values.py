"""The student's side of values: what it sends is data, what it receives may be pickle.

Nothing in here is trusted by anyone: it shares its process with the student's code.
"""

import io
import pickle
from typing import Any

import torch
from PIL.Image import Image
from torch import nn

from cnnbook.grading import kept, wire
from cnnbook.grading.module_tree import known_base, tree_of
from cnnbook.grading.pictures import picture_form
from cnnbook.grading.proxies import SPECIAL, base_of
from cnnbook.grading.student_networks import restore


class ListedIterator(list):
    """What an iterator gave, which is handed over as a list and iterated again there."""


class Encoder:
    """Encodes one answer; remembers its tensors, and those that have a graph behind them."""

    def __init__(self, student, out: list, decoder: "Decoder | None" = None):
        self.student, self.out = student, out
        self.forms: list[dict] = []
        self.with_graph: list[torch.Tensor] = []
        self.places: dict[int, tuple[int, torch.Tensor]] = {}
        sent = decoder.tensors if decoder else []
        self.sent_modules = decoder.modules if decoder else {}
        self.networks = decoder.networks if decoder else {}
        self.kept = decoder.kept if decoder else {}
        self.same = {id(tensor): ["sent", place] for place, tensor in enumerate(sent)}
        for target, network in self.networks.items():
            for name, parameter in network.named_parameters():
                self.same[id(parameter)] = ["network", target, name]
        self.storages = {
            tensor.untyped_storage().data_ptr(): place
            for place, tensor in enumerate(sent)
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
        for place, module in self.sent_modules.items():
            if value is module:
                return {"t": "sent", "i": place}
        for place, one in self.kept.items():
            if value is one:
                return {"t": "kept", "i": place}
        for number, one in self.student.lent.items():
            parts = one.named_modules() if isinstance(one, nn.Module) else [("", one)]
            for name, part in parts:
                if part is value:
                    return {"t": "lent", "i": number, "part": name}
        if isinstance(value, Image) and (form := picture_form(value, self.out)):
            return form
        form = {"t": "object", "i": self.student.number_of(value)}
        form["name"] = str(getattr(value, "__name__", ""))[:200]
        if isinstance(value, nn.Module):
            return {
                **form,
                "kind": "network",
                "name": type(value).__name__,
                "tree": self.tree(value),
            }
        if isinstance(value, type) and issubclass(value, nn.Module):
            return {**form, "kind": "network class", "base": known_base(value)}
        if isinstance(value, type):
            form["kind"] = "class"
        else:
            form["kind"] = "function" if callable(value) else "object"
            form["name"] = form["name"] or type(value).__name__
        form["special"] = [name for name in SPECIAL if hasattr(type(value), name)]
        is_own = type(value).__module__ == "__main__"
        form["of"] = self.student.number_of(type(value)) if is_own else None
        form["base"] = base_of(value)
        return form

    def tree(self, network: nn.Module) -> dict:
        """Return a network of the student's as data; tensors of the test's stay themselves in it."""

        def index(tensor):
            sent = self.same.get(id(tensor), [""])[0] == "sent"
            return (self.tensor_index if sent else self.whole_index)(tensor)

        return tree_of(network, index, self._own_part, self._parts_there(network))

    def _parts_there(self, network: nn.Module) -> dict[int, list]:
        """Return identity → where it is found there, for parts of other networks in this call."""
        found: dict[int, list] = {}
        for number, other in self.networks.items():
            if all(part is not network for part in other.modules()):
                found |= {id(p): ["network", number, n] for n, p in other.named_modules()}
        for place, other in self.sent_modules.items():
            found |= {id(p): ["sent", place, n] for n, p in other.named_modules()}
        return found

    def _own_part(self, module: nn.Module) -> dict:
        kind = self.student.numbers.get(id(type(module)))
        base = known_base(type(module))
        return {"object": self.student.number_of(module), "of": kind, "base": base}

    def tensor_index(self, tensor: torch.Tensor) -> int:
        """Return the tensor's place among those of this answer."""
        if id(tensor) in self.same and tensor.grad_fn is None:
            return self._add(tensor, {"same": self.same[id(tensor)]})
        return self.whole_index(tensor)

    def whole_index(self, tensor: torch.Tensor) -> int:
        """Return the place of the tensor's values, even where the other side has the same tensor."""
        if id(tensor) in self.places and "same" not in self.forms[self.places[id(tensor)][0]]:
            return self.places[id(tensor)][0]
        pointer = 0 if tensor.is_sparse else tensor.untyped_storage().data_ptr()
        form = wire.tensor_form(tensor, self.out)
        alias = tensor.numel() and pointer in self.storages and tensor.grad_fn is None
        if alias and id(tensor) not in self.same:
            layout = [list(tensor.shape), list(tensor.stride()), tensor.storage_offset()]
            form["alias"] = [self.storages[pointer], *layout]
        if tensor.grad_fn is not None:
            form["graph"] = len(self.with_graph)
            self.with_graph.append(tensor)
        return self._add(tensor, form)

    def _add(self, tensor: torch.Tensor, form: dict) -> int:
        self.places[id(tensor)] = (len(self.forms), tensor)
        self.forms.append(form)
        return len(self.forms) - 1


class Decoder:
    """Decodes one request, which comes from the trusted side: pickle is allowed in this direction."""

    def __init__(self, student, request: dict, buffers: list):
        self.student, self.buffers = student, buffers
        self.forms = request.get("tensors", ())
        # an empty one stands for a parameter until `restore` finds it by its name
        self.tensors = [
            torch.empty(0) if "own" in form else self._tensor(form) for form in self.forms
        ]
        self.module_forms = request.get("modules", ())
        self.modules: dict[int, nn.Module] = {}  # the test's
        self.kept: dict[int, object] = {}
        self.kept_forms = request.get("kept", ())
        self.networks: dict[int, nn.Module] = {}  # the student's, that take part in the call

    def _tensor(self, form: dict) -> torch.Tensor:
        tensor = wire.tensor_of(form, self.buffers)
        known = self.student.lent_tensor(*form["lent"]) if "lent" in form else None
        if known is not None:
            known.data, known.grad, tensor = tensor, None, known
        elif form["parameter"]:
            tensor = nn.Parameter(tensor, requires_grad=form["grad"])
        tensor.requires_grad_(form["grad"])
        if "gradient" in form:
            tensor.grad = wire.tensor_of(form["gradient"], self.buffers)
        return tensor

    def is_new(self, place: int) -> bool:
        """Return whether a tensor is a parameter that belongs to nothing that is known here."""
        form = self.forms[place]
        return form.get("grad") and "own" not in form and "lent" not in form

    def restore(self, networks: list) -> None:
        """Give the student's networks what the tests changed, and find the parameters that were named."""
        for target, _, state in networks:
            self.networks[target] = self.student.objects[target]
            restore(self.networks[target], state, self)
        for place, form in enumerate(self.forms):
            if "own" in form:
                target, name = form["own"]
                self.tensors[place] = self.networks[target].get_parameter(name)

    def decode(self, form):
        """Return the value of a form."""
        return wire.value_of(form, self.buffers, self.other)

    def other(self, form):
        """Decode what is not plain."""
        if form["t"] == "tensor":
            return self.tensors[form["i"]]
        if form["t"] == "object":
            return self.student.objects[form["i"]]
        if form["t"] == "kept":
            return self.keep(form["i"])
        if form["t"] == "module":
            return self.module(form["i"])
        if form["t"] == "iterator":
            return iter([self.decode(part) for part in form["v"]])
        return self._unpickled(form["b"])

    def module(self, place: int) -> nn.Module:
        """Return a network of the test's, the same each time; a lent one as the test has it now."""
        if place not in self.modules:
            form = self.module_forms[place]
            new: Any = self._unpickled(form["b"]) if "b" in form else None
            module: nn.Module = self.student.lent[form["lent"]] if "lent" in form else new
            self.modules[place] = module
            if new is not None and module is not new:
                module.__dict__.clear()
                module.__dict__.update(new.__dict__)
            for name, key, setting in form.get("settings", ()):
                module.get_submodule(name).__dict__[key] = self.decode(setting)
        return self.modules[place]

    def keep(self, number: int):
        """Return what keeps its identity, the same each time."""
        if number not in self.kept:
            form = self.kept_forms[number]
            if "lent" not in form:
                self.kept[number] = self._unpickled(form["b"])
                return self.kept[number]
            self.kept[number] = value = self.student.lent[form["lent"]]
            if "state" in form:
                kept.set_state(value, self.decode(form["state"]), may_shrink=True)
        return self.kept[number]

    def _unpickled(self, buffer: int):
        return Unpickler(io.BytesIO(self.buffers[buffer]), self).load()


class Unpickler(pickle.Unpickler):
    """Finds tensors and the student's own objects where the message has them."""

    def __init__(self, stream, decoder: Decoder):
        super().__init__(stream)
        self.decoder = decoder

    def persistent_load(self, pid):
        kind, index = pid
        if kind == "kept":
            return self.decoder.keep(index)
        if kind == "module":
            return self.decoder.module(index)
        return (
            self.decoder.tensors[index] if kind == "tensor" else self.decoder.student.objects[index]
        )
