"""The way back from the student: answers become values and proxies, and arguments change as they did there."""

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from cnnbook.forked import messages
from cnnbook.grading import kept, wire
from cnnbook.grading.arguments import StudentOwned
from cnnbook.grading.module_tree import all_known, is_lazy, is_plain, module_from
from cnnbook.grading.pictures import picture_of
from cnnbook.grading.proxies import Bridge, proxy_for

if TYPE_CHECKING:
    from cnnbook.grading.network_proxy import ModuleProxy


class Decoder:
    """Decodes one answer."""

    def __init__(self, session, answer: dict, buffers: list, sent=None, arguments=()):
        self.session, self.answer, self.buffers, self.sent = session, answer, buffers, sent
        self.arguments = arguments
        self.tensors = [self._tensor(form) for form in answer.get("tensors", ())]
        for target, state in answer.get("networks", ()):
            if "tree" in state:  # gradients will flow to the parameters that it has now
                session.networks[target]._renew(self.network_from(state["tree"]))
        if "graph" in answer:
            linked = [i for i, form in enumerate(answer["tensors"]) if "graph" in form]
            values = [self.tensors[i] for i in linked]
            inputs = [self._input(*place) for place in answer["inputs"]]
            joined = Bridge.apply(session, answer["graph"], tuple(values), *inputs)
            for index, value in zip(linked, joined, strict=True):
                self.tensors[index] = value

    def _input(self, kind: str, *place) -> torch.Tensor:
        if kind == "sent":
            return self.sent.tensors[place[0]]
        return self.session.networks[place[0]].get_parameter(place[1])

    def _tensor(self, form: dict) -> torch.Tensor:
        if "same" in form:
            return self._input(*form["same"])
        tensor = wire.tensor_of(form, self.buffers)
        if "alias" in form and self.sent is not None:
            place, *layout = form["alias"]
            original = self.sent.tensors[place].detach()
            if original.is_contiguous():  # else it was copied on its way, and offsets differ
                tensor = _window(original, *layout)
        if form.get("parameter"):
            return nn.Parameter(tensor, requires_grad=bool(form["grad"]))
        leaf = "graph" not in form and (tensor.is_floating_point() or tensor.is_complex())
        return tensor.requires_grad_() if leaf and form.get("grad") else tensor

    def raw(self, index: int) -> torch.Tensor:
        """Return the values of a tensor, never an alias of what is here."""
        return wire.tensor_of(self.answer["tensors"][index], self.buffers)

    def decode(self, form):
        """Return the value of a form."""
        return wire.value_of(form, self.buffers, self.other)

    def other(self, form: dict):
        """Decode tensors; make proxies of what stays with the student."""
        kind = form.get("t")
        if kind == "tensor":
            return self.tensors[form["i"]]
        if kind == "iterator":
            return iter([self.decode(part) for part in form["v"]])
        if kind == "picture":
            return picture_of(form, self.buffers)
        if kind == "sent":
            return self.sent.modules[form["i"]]
        if kind == "lent":
            value = self.session.lent[form["i"]].value
            return value.get_submodule(str(form["part"])) if form["part"] else value
        if kind == "kept":
            return self.sent.kept[form["i"]]
        if kind == "argument":
            return self.arguments[form["i"]]
        if kind != "object":
            raise messages.WireError(f"a value of kind {kind!r}")
        target, name = int(form["i"]), str(form["name"])
        if form["kind"] == "network":
            return self._network(target, form["tree"])
        if form["kind"] == "network class":
            return self.session.class_of(target, name, str(form["base"]))
        if target not in self.session.objects:
            made = proxy_for(self.session, form)
            self.session.objects[target] = made
            return made
        return self.session.objects[target]

    def _network(self, target: int, tree: dict) -> nn.Module:
        known = self.session.networks.get(target)
        if known is not None and self._is_up_to_date(known):
            return known
        new = self.network_from(tree)
        if all_known(tree):
            return new
        if known is not None and known._top() is known:
            known._renew(new)
            return known
        for part in _outermost_proxies(new):
            part._settle()
        return new

    def _is_up_to_date(self, network: "ModuleProxy") -> bool:
        return any(network._top() is one for one in self.sent.involved) if self.sent else False

    def network_from(self, tree: dict) -> nn.Module:
        """Return the network of a tree, with bare proxies for the parts of the student's classes."""

        def bare(part: dict) -> nn.Module:
            target, kind = int(part["object"]), part.get("of")
            kind = None if kind is None else int(kind)
            kind = self.session.class_of(kind, str(part["name"]), str(part["base"]))
            module = kind.__new__(kind)
            nn.Module.__init__(module)
            module.__dict__.update(_session=self.session, _target=target)
            return module

        def found(kind: str, number: int, name: str) -> nn.Module:
            networks = self.sent.modules if kind == "sent" else self.session.networks
            return networks[number].get_submodule(str(name))

        return module_from(tree, self.tensors, bare, found)

    def apply_changes(self) -> None:
        """Do to the arguments here what the call did to them there."""
        changed = self.answer["changed"]
        for place, index, needs in changed["tensors"]:
            original = self.sent.tensors[place]
            if original.is_leaf:
                original.requires_grad_(bool(needs))
            new = self.raw(index)
            if original.shape == new.shape:
                with torch.no_grad():
                    original.copy_(new)
        for place, index in changed["gradients"]:
            self.sent.tensors[place].grad = None if index is None else self.raw(index)
        for place, form in changed["containers"]:
            kept.replace(self.arguments[place], self.decode(form))
        for place, tree, hooks in changed["networks"]:
            new = module_from(tree, self.tensors)
            imitate(self.sent.modules[place], new)
            _add_hooks(self.sent.modules[place], hooks)
        for place, settings in changed["settings"]:
            _set_settings(self.sent.modules[place], self.decode(settings))
        for place, form in changed["kept"]:
            value = self.sent.kept[place]
            is_lent = any(one.value is value for one in self.session.lent.values())
            kept.set_state(value, self.decode(form), may_shrink=is_lent)
        for target, state in self.answer["networks"]:
            self.session.networks[target]._adopt(state, self)


def _outermost_proxies(network: nn.Module) -> "list[ModuleProxy]":
    """Return the parts, or the whole, whose code runs in the student's process."""
    if isinstance(network, StudentOwned):
        return [cast("ModuleProxy", network)]
    return [found for part in network.children() for found in _outermost_proxies(part)]


def _window(original: torch.Tensor, shape: list, stride: list, offset: int) -> torch.Tensor:
    """Return a view of a tensor's own values. Raises WireError where it would show others beside them."""
    shape, stride, first = [int(n) for n in shape], [int(n) for n in stride], int(offset)
    last = first + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    if min([first, *shape, *stride]) < 0 or last >= original.numel():
        raise messages.WireError("a view of what was not sent")
    return original.as_strided(shape, stride, original.storage_offset() + first)


def imitate(original: nn.Module, new: nn.Module) -> None:
    """Give a network the parts, modes and needs of gradients of its changed copy."""
    _graft(original, new)
    changed = dict(new.named_modules())
    for name, module in original.named_modules():
        module.training = changed[name].training
    wanted = {name: p.requires_grad for name, p in new.named_parameters()}
    for name, parameter in original.named_parameters():
        if not is_lazy(parameter):
            parameter.requires_grad_(wanted.get(name, parameter.requires_grad))


def _add_hooks(original: nn.Module, hooks: list) -> None:
    """Have as many hooks as the copy has, so that tests can see what was left behind."""
    for module, count in zip(list(original.modules()), hooks, strict=False):
        for _ in range(int(count) - len(module._forward_hooks) - len(module._forward_pre_hooks)):
            module.register_forward_hook(lambda *_: None)


def _set_settings(network: nn.Module, settings: list) -> None:
    """Set plain attributes of a test's network as the call left them."""
    parts = dict(network.named_modules())
    for name, key, value in settings:
        if is_plain(getattr(parts[name], key)) and is_plain(value):
            parts[name].__dict__[key] = value


def _graft(original: nn.Module, new: nn.Module) -> None:
    """Take over the parts that were replaced, added or removed, and leave the others as they are."""
    for own in (original._parameters, original._buffers):
        theirs = new._parameters if own is original._parameters else new._buffers
        own |= {name: theirs.get(name) for name, tensor in own.items() if is_lazy(tensor)}
    for name in [name for name in original._modules if name not in new._modules]:
        del original._modules[name]
    for name, part in new._modules.items():
        mine = original._modules.get(name)
        if (
            mine is None
            or part is None
            or _looks(mine) != _looks(part)
            or type(part) not in (type(mine), nn.Module)
        ):
            original._modules[name] = part
        else:
            _graft(mine, part)


def _looks(module: nn.Module) -> list:
    own = [*module._parameters.items(), *module._buffers.items()]
    return [(n, None if t is None else is_lazy(t) or t.shape) for n, t in own]
