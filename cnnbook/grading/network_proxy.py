"""What the tests see of a student's networks: modules whose parameters are here and whose code runs there.

Values that a test changes here are sent along with the next call, and what a call changes there is
changed here.
"""

from typing import Any

import torch
from torch import nn

from cnnbook.grading import wire
from cnnbook.grading.answers import imitate
from cnnbook.grading.arguments import StudentOwned
from cnnbook.grading.module_tree import changed_settings, is_plain, settings_of, tensors_of
from cnnbook.grading.proxies import Proxy
from cnnbook.grading.student_errors import StudentGone

DEEPCOPY = 0  # what the student's process keeps under this number


class _Method:
    """A method of a student's network."""

    def __init__(self, owner: "ModuleProxy", name: str):
        self._owner, self.__name__ = owner, name

    def __call__(self, *arguments, **named):
        owner = self._owner
        return owner._session.call(owner._target, arguments, named, owner, self.__name__)


def network_class(session, target: int | None, name: str, base: str) -> type:
    """Return a class whose instances are made and run by the student's process.

    `base` is the name of the class of torch.nn that the student's comes from.
    """
    known = wire.known_class(base)
    if known is None or not issubclass(known, nn.Module):
        raise wire.WireError(f"a network that comes from {base!r}")
    members = {"_session": session, "_target": target, "__module__": "__main__"}
    bases = (ModuleProxy,) if known is nn.Module else (ModuleProxy, known)
    return type(name or "Network", bases, members)


class ModuleProxy(nn.Module, StudentOwned):
    """A network of a student's class, or a part of one."""

    def __init__(self, *arguments, **named):
        made = self._session.call(self._target, arguments, named)
        if not isinstance(made, ModuleProxy):
            raise TypeError(f"{type(self).__name__}(…) is no network")
        self.__dict__.update(made.__dict__)
        self._settle()

    def forward(self, *arguments, **named):
        return self._session.call(self._target, arguments, named, self)

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or "_known" not in self._top().__dict__:  # not complete yet
                raise
            value = self._session.attribute(self._target, name)
            return _Method(self, name) if isinstance(value, Proxy) else value

    def __deepcopy__(self, memo):
        return self._session.call(DEEPCOPY, (self,), {})

    def _top(self) -> "ModuleProxy":
        """Return the whole network that this is a part of."""
        return self.__dict__.get("_whole", self)

    def _listened_to(self) -> list[str]:
        """Return the names of the parts on which a test has put hooks."""
        return [n for n, part in self.named_modules() if part is not self and part._forward_hooks]

    def _tell_hooks(self, passed: list) -> None:
        """Call the hooks of parts with what went in and came out there; they cannot change it."""
        for name, arguments, output in passed:
            part = self.get_submodule(name)
            for hook in list(part._forward_hooks.values()):
                hook(part, arguments, output)

    def _settle(self) -> None:
        """Be known to the session, with all parts, and remember how everything is."""
        self.__dict__.pop("_whole", None)
        for part in self.modules():
            if isinstance(part, ModuleProxy):
                self._session.networks[part._target] = part
                if part is not self:
                    part.__dict__["_whole"] = self
        self._remember()

    def _remember(self) -> None:
        known = {n: _look(t) for n, t in tensors_of(self).items()}
        modes = {n: part.training for n, part in self.named_modules()}
        self.__dict__.update(_known=known, _modes=modes, _parts_known=dict(self.named_modules()))
        self.__dict__["_set"] = settings_of(self)

    def _state(self, encoder, thorough: bool) -> dict:
        """Return what changed here since the last call; gradients only where they may be looked at."""
        state: dict[str, Any] = {
            "tensors": {},
            "gradients": {},
            "needs": {},
            "training": {},
            "parts": {},
        }
        for name, part in self.named_modules():
            if (
                self._parts_known.get(name) is not part
                and name.rpartition(".")[0] in self._parts_known
            ):
                state["parts"][name] = encoder.by_value(part)
                self._parts_known |= {f"{name}.{n}".rstrip("."): p for n, p in part.named_modules()}
            if part.training != self._modes.get(name):
                state["training"][name] = self._modes[name] = part.training
        for name, tensor in tensors_of(self).items():
            value, needs, gradient = self._known.get(name, (None, None, None))
            if value is None or not _same(value, tensor.detach()):
                state["tensors"][name] = encoder.tensor_index(tensor.detach())
            if needs != tensor.requires_grad:
                state["needs"][name] = tensor.requires_grad
            if thorough and not _same(gradient, tensor.grad):
                found = None if tensor.grad is None else encoder.tensor_index(tensor.grad)
                state["gradients"][name] = found
            if any(name in state[kind] for kind in ("tensors", "needs", "gradients")):
                seen = _look(tensor) if thorough else (*_look(tensor)[:2], gradient)
                self._known[name] = seen
        settings = settings_of(self)
        changed = changed_settings(self._set, settings)
        state["settings"] = [[*names, encoder.encode(value)] for names, value in changed.items()]
        self.__dict__["_set"] = settings
        return {kind: found for kind, found in state.items() if found}

    def _adopt(self, state: dict, decoder) -> None:
        """Take over what a call changed there."""
        own = tensors_of(self)
        with torch.no_grad():
            for name, index in state.get("tensors", {}).items():
                new = decoder.raw(index)
                if name in own and own[name].shape == new.shape:
                    own[name].copy_(new)
                    self._known[name] = _look(own[name])
        for name, index in state.get("gradients", {}).items():
            new = None if index is None else decoder.raw(index)
            if new is not None and new.shape != own[name].shape:
                raise StudentGone("crashed", "a gradient of another shape came back")
            own[name].grad = new
            self._known[name] = _look(own[name])
        for name, key, form in state.get("settings", ()):
            value = decoder.decode(form)
            if is_plain(value) and (name, key) in self._set:
                self.get_submodule(name).__dict__[key] = self._set[name, key] = value

    def _renew(self, new: nn.Module) -> None:
        """Become like this one, part by part."""
        imitate(self, new)
        own = tensors_of(self)
        with torch.no_grad():
            for name, tensor in tensors_of(new).items():
                if name in own and not _same(own[name], tensor):
                    own[name].copy_(tensor)
        self._settle()


def _look(tensor: torch.Tensor) -> tuple:
    gradient = tensor.grad if tensor.is_leaf else None
    copied = None if gradient is None else gradient.detach().clone()
    return tensor.detach().clone(), tensor.requires_grad, copied


def _same(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)
