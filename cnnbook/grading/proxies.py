"""What the tests see of a student's functions and networks: proxies that ask the student's process.

Arguments travel as data, or as pickle towards the student. Answers come back as data only. What a
call changes in its arguments is changed here too, aliases stay aliases, and gradients flow through.
"""

import torch
from torch import nn

from cnnbook.grading import wire
from cnnbook.grading.arguments import StudentOwned
from cnnbook.grading.student_errors import StudentGone, error_from


class Proxy(StudentOwned):
    """A function or an object of the student's."""

    def __init__(self, session, target: int, name: str):
        self._session, self._target, self.__name__ = session, target, name

    def __call__(self, *arguments, **named):
        return self._session.call(self._target, arguments, named)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._session.attribute(self._target, name)

    def __repr__(self) -> str:
        return f"<{self.__name__} of the submission>"


class _Method:
    """A method of a student's network."""

    def __init__(self, owner: "ModuleProxy", name: str):
        self._owner, self.__name__ = owner, name

    def __call__(self, *arguments, **named):
        owner = self._owner
        return owner._session.call(owner._target, arguments, named, owner, self.__name__)


def network_class(session, target: int | None, name: str) -> type:
    """Return a class whose instances are made and run by the student's process."""
    members = {"_session": session, "_target": target, "__module__": "__main__"}
    return type(name or "Network", (ModuleProxy,), members)


class ModuleProxy(nn.Module, StudentOwned):
    """A network of a student's class: parameters and parts are here, `forward` runs there.

    Values that a test changes here are sent along with the next call.
    """

    def __init__(self, *arguments, **named):
        made = self._session.call(self._target, arguments, named)
        if not isinstance(made, ModuleProxy):
            raise TypeError(f"{type(self).__name__}(…) is no network")
        self.__dict__.update(made.__dict__)

    def forward(self, *arguments, **named):
        return self._session.call(self._target, arguments, named, self)

    def __getattr__(self, name: str):
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or "_known" not in self.__dict__:  # not complete yet
                raise
            value = self._session.attribute(self._target, name)
            return _Method(self, name) if isinstance(value, Proxy) else value

    def _remember(self) -> None:
        tensors = [*self.named_parameters(), *self.named_buffers()]
        self.__dict__["_known"] = {n: (t.detach().clone(), t.requires_grad) for n, t in tensors}
        self.__dict__["_modes"] = {n: part.training for n, part in self.named_modules()}

    def _state(self, encoder) -> dict:
        """Return what changed here since the last call."""
        tensors, grad, modes = {}, {}, {}
        for name, tensor in [*self.named_parameters(), *self.named_buffers()]:
            known, needed = self._known[name]
            changed = not torch.equal(known, tensor.detach())
            if changed:
                tensors[name] = encoder.tensor_index(tensor.detach())
            if needed != tensor.requires_grad:
                grad[name] = tensor.requires_grad
            if changed or name in grad:
                self._known[name] = (tensor.detach().clone(), tensor.requires_grad)
        for name, part in self.named_modules():
            if part.training != self._modes.get(name):
                modes[name] = self._modes[name] = part.training
        return {"tensors": tensors, "grad": grad, "training": modes}

    def _needing_gradients(self) -> list[nn.Parameter]:
        return [p for p in self.parameters() if p.requires_grad]

    def _adopt(self, state: dict, decoder) -> None:
        """Take over the buffers as the call left them there."""
        own = dict(self.named_buffers())
        with torch.no_grad():
            for name, index in state.items():
                new = decoder.tensors[index].detach()
                if name in own and own[name].shape == new.shape:
                    own[name].copy_(new)
                    self._known[name] = (own[name].clone(), own[name].requires_grad)


class Bridge(torch.autograd.Function):
    """Carries gradients into the student's process and back."""

    @staticmethod
    def forward(ctx, session, graph, outputs, *inputs):
        ctx.session, ctx.graph, ctx.shapes = session, graph, [t.shape for t in inputs]
        ctx.dtypes = [(t.shape, t.dtype) for t in outputs]
        return tuple(output.clone() for output in outputs)

    @staticmethod
    def backward(ctx, *gradients):
        buffers: list = []
        filled = [
            torch.zeros(shape, dtype=dtype) if g is None else g
            for g, (shape, dtype) in zip(gradients, ctx.dtypes, strict=True)
        ]
        forms = [wire.tensor_form(g, buffers) for g in filled]
        answer, out = ctx.session.ask("backward", buffers, graph=ctx.graph, tensors=forms)
        if "error" in answer:
            raise error_from(answer["error"])
        found = []
        for form, shape in zip(answer["gradients"], ctx.shapes, strict=True):
            gradient = None if form is None else wire.tensor_of(form, out)
            if gradient is not None and gradient.shape != shape:
                raise StudentGone("crashed", "a gradient of another shape came back")
            found.append(gradient)
        return None, None, None, *found
