"""The way back from the student: answers become values and proxies, and arguments change as they did there."""

import numpy as np
import torch
from torch import nn

from cnnbook.grading import frames, wire
from cnnbook.grading.module_tree import all_known, module_from
from cnnbook.grading.proxies import Bridge, Proxy, network_class


class Decoder:
    """Decodes one answer."""

    def __init__(self, session, answer: dict, buffers: list, sent=None, inputs=()):
        self.session, self.answer, self.buffers, self.sent = session, answer, buffers, sent
        self.tensors = [self._tensor(form) for form in answer.get("tensors", ())]
        if "graph" in answer:
            linked = [i for i, form in enumerate(answer["tensors"]) if "graph" in form]
            values = [self.tensors[i] for i in linked]
            joined = Bridge.apply(session, answer["graph"], tuple(values), *inputs)
            for index, value in zip(linked, joined, strict=True):
                self.tensors[index] = value

    def _tensor(self, form: dict) -> torch.Tensor:
        tensor = wire.tensor_of(form, self.buffers)
        if "alias" in form and self.sent is not None:
            place, *layout = form["alias"]
            original = self.sent.tensors[place].detach()
            if original.is_contiguous():  # else it was copied on its way, and offsets differ
                tensor = _window(original, *layout)
        if form.get("parameter"):
            return nn.Parameter(tensor, requires_grad=bool(form["grad"]))
        return tensor

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
        if kind == "sent":
            return self.sent.modules[form["i"]]
        if kind != "object":
            raise frames.WireError(f"a value of kind {kind!r}")
        target, name = int(form["i"]), str(form["name"])
        if form["kind"] == "network":
            if all_known(form["tree"]):
                return module_from(form["tree"], self.tensors)
            kind_of = network_class(self.session, None, name)
            proxy = module_from(form["tree"], self.tensors, lambda: _bare(kind_of))
            proxy.__dict__.update(_session=self.session, _target=target)
            proxy._remember()
            return proxy
        if form["kind"] == "network class":
            return network_class(self.session, target, name)
        return Proxy(self.session, target, name)

    def apply_changes(self, arguments: list) -> None:
        """Do to the arguments here what the call did to them there."""
        changed = self.answer["changed"]
        for place, index in changed["tensors"]:
            original = self.sent.tensors[place]
            new = wire.tensor_of(self.answer["tensors"][index], self.buffers)  # never an alias
            if original.shape == new.shape:
                with torch.no_grad():
                    original.copy_(new)
        for place, form in changed["containers"]:
            _replace(arguments[place], self.decode(form))
        for place, tree, hooks in changed["networks"]:
            _imitate(self.sent.modules[place], module_from(tree, self.tensors), hooks)


def _window(original: torch.Tensor, shape: list, stride: list, offset: int) -> torch.Tensor:
    """Return a view of a tensor's own values. Raises WireError where it would show others beside them."""
    shape, stride, first = [int(n) for n in shape], [int(n) for n in stride], int(offset)
    last = first + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    if min([first, *shape, *stride]) < 0 or last >= original.numel():
        raise frames.WireError("a view of what was not sent")
    return original.as_strided(shape, stride, original.storage_offset() + first)


def _replace(container, new) -> None:
    if isinstance(container, np.ndarray) and isinstance(new, np.ndarray):
        if container.shape == new.shape:
            container[...] = new
    elif isinstance(container, list) and isinstance(new, list):
        container[:] = new
    elif isinstance(container, dict | set) and type(new) in (dict, set):
        container.clear()
        container.update(new)


def _imitate(original: nn.Module, new: nn.Module, hooks: list) -> None:
    """Give a network the parts, modes, needs of gradients and numbers of hooks of its changed copy."""
    _graft(original, new)
    changed = dict(new.named_modules())
    for (name, module), count in zip(list(original.named_modules()), hooks, strict=False):
        module.training = changed[name].training
        for _ in range(int(count) - len(module._forward_hooks) - len(module._forward_pre_hooks)):
            module.register_forward_hook(lambda *_: None)
    wanted = {name: p.requires_grad for name, p in new.named_parameters()}
    for name, parameter in original.named_parameters():
        parameter.requires_grad_(wanted.get(name, parameter.requires_grad))


def _graft(original: nn.Module, new: nn.Module) -> None:
    """Take over the parts that were replaced, added or removed, and leave the others as they are."""
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
    return [(name, None if tensor is None else tensor.shape) for name, tensor in own]


def _bare(kind: type) -> nn.Module:
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    return module
