"""The student's side of networks: what the tests changed in them, and what a call does to them.

Nothing in here is trusted by anyone: it shares its process with the student's code.
"""

import torch
from torch import nn

from cnnbook.grading import wire
from cnnbook.grading.module_tree import changed_settings, is_lazy, settings_of, tensors_of


def restore(module: nn.Module, state: dict, decoder) -> None:
    """Give a network of the student's what the tests changed in their picture of it."""
    for name, form in state.get("parts", {}).items():
        parent, _, last = name.rpartition(".")
        module.get_submodule(parent)._modules[last] = decoder.decode(form)
    own = dict([*module.named_parameters(), *module.named_buffers()])
    for name, index in state.get("tensors", {}).items():
        own[name].data = decoder.tensors[index].detach()
    for name, index in state.get("gradients", {}).items():
        own[name].grad = None if index is None else decoder.tensors[index]
    for name, needed in state.get("needs", {}).items():
        own[name].requires_grad_(needed)
    parts = dict(module.named_modules())
    for name, training in state.get("training", {}).items():
        parts[name].training = training
    for name, key, form in state.get("settings", ()):
        setattr(parts[name], key, decoder.decode(form))


def marks_of(module: nn.Module) -> list:
    """Return what a function may have done to a network that it was given, apart from its values."""
    return [
        [n, p.training, len(p._forward_hooks) + len(p._forward_pre_hooks), type(p).__name__]
        + [
            [name, q.requires_grad, is_lazy(q) or list(q.shape)]
            for name, q in p._parameters.items()
            if q is not None
        ]
        for n, p in module.named_modules()
    ]


def gradient_of(tensor: torch.Tensor) -> bytes | None:
    """Return a leaf's gradient to compare it later; sparse ones are not handed over."""
    gradient = tensor.grad if tensor.is_leaf else None
    if gradient is None or gradient.layout is not torch.strided:
        return None
    return wire.bytes_of(gradient)


class NetworkBefore:
    """A network of the student's as it was before a call.

    A `forward` is expected to change buffers and plain attributes only: then not all is looked at.
    """

    def __init__(self, module: nn.Module, thorough: bool):
        self.module, self.thorough = module, thorough
        self.settings = self._settings()
        self.may_grow = thorough or any(map(is_lazy, module.parameters()))
        self.marks = marks_of(module) if self.may_grow else None
        self.values = {n: wire.bytes_of(t) for n, t in self._watched()}
        self.gradients = {n: gradient_of(t) for n, t in self._watched() if t.requires_grad}

    def _watched(self) -> list:
        buffers = [(n, t) for n, t in self.module.named_buffers() if not is_lazy(t)]
        return [*tensors_of(self.module).items()] if self.thorough else buffers

    def _settings(self) -> dict:
        return settings_of(self.module, of_parts=self.thorough)

    def changes(self, encoder) -> dict:
        """Return what is otherwise now."""
        found: dict = {"tensors": {}, "gradients": {}}
        if self.may_grow and marks_of(self.module) != self.marks:
            found["tree"] = encoder.tree(self.module)
        for name, tensor in self._watched():
            if wire.bytes_of(tensor) != self.values.get(name):
                found["tensors"][name] = encoder.whole_index(tensor)
            gradient = gradient_of(tensor) if tensor.requires_grad else None
            if gradient != self.gradients.get(name):
                is_there = gradient is not None
                found["gradients"][name] = encoder.whole_index(tensor.grad) if is_there else None
        changed = changed_settings(self.settings, self._settings())
        found["settings"] = [[*names, encoder.encode(value)] for names, value in changed.items()]
        return {kind: what for kind, what in found.items() if what}
