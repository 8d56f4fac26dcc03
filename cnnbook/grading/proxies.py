"""What the tests see of a student's functions and objects: proxies that ask the student's process.

Arguments travel as data, or as pickle towards the student. Answers come back as data only. What a
call changes in its arguments is changed here too, aliases stay aliases, and gradients flow through.
"""

import torch
from torch.utils import data

from cnnbook.grading import wire
from cnnbook.grading.arguments import StudentOwned
from cnnbook.grading.student_errors import StudentGone, error_from

SPECIAL = (  # methods that Python looks for in an object's class; none of them compares
    "__len__", "__getitem__", "__setitem__", "__iter__", "__contains__", "__enter__", "__exit__",
)  # fmt: skip

BASES = {kind.__name__: kind for kind in (data.IterableDataset, data.Dataset, data.Sampler)}


class Proxy(StudentOwned):
    """A function, a class or an object of the student's."""

    _class: int | None = None  # the number of an object's class
    _keeps = False  # whether it is an object, or a method of one

    def __init__(self, session, target: int, name: str):
        self._session, self._target, self.__name__ = session, target, name
        self._given = set()

    def __call__(self, *arguments, **named):
        return self._session.call(self._target, arguments, named, holder=self)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._session.attribute(self._target, name)
        if isinstance(found, Proxy) and (self._keeps or self._given):
            self._given |= found._given
            found._given, found._keeps = self._given, True
        return found

    def __setattr__(self, name: str, value) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            self._session.call(
                self._target, (name, value), {}, attribute="__setattr__", holder=self
            )

    def __instancecheck__(self, instance) -> bool:
        """Return whether it is an object of this class of the student's."""
        return isinstance(instance, Proxy) and instance._class == self._target

    def __repr__(self) -> str:
        return f"<{self.__name__} of the submission>"


def proxy_for(session, form: dict) -> Proxy:
    """Return a proxy that has the special methods of the student's object, and its base of torch's."""
    methods = {method: _forwarder(method) for method in SPECIAL if method in form["special"]}
    bases = (Proxy, BASES[form["base"]]) if form["base"] else (Proxy,)
    kind = type("Proxy", bases, methods) if form["base"] or methods else Proxy
    proxy = kind(session, int(form["i"]), str(form["name"]))
    proxy._class, proxy._keeps = form["of"], form["of"] is not None
    return proxy


def base_of(value) -> str | None:
    """Return by which name of torch's an object is also known."""
    return next((name for name, base in BASES.items() if isinstance(value, base)), None)


def _forwarder(method: str):
    def forward(self, *arguments):
        if method == "__exit__":  # what went wrong in the block is not for the student's process
            arguments = (None, None, None)
        return self._session.call(self._target, arguments, {}, attribute=method, holder=self)

    return forward


class _Graph:
    """What lets gradients flow back through a call; once it is out of use, the student's process forgets it."""

    def __init__(self, session, number: int):
        self.session, self.number = session, number

    def __del__(self):
        self.session.released.append(self.number)


class Bridge(torch.autograd.Function):
    """Carries gradients into the student's process and back."""

    @staticmethod
    def forward(ctx, session, graph, outputs, *inputs):
        ctx.graph, ctx.shapes = _Graph(session, graph), [t.shape for t in inputs]
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
        graph = ctx.graph
        answer, out = graph.session.ask("backward", buffers, graph=graph.number, tensors=forms)
        if "error" in answer:
            raise error_from(answer["error"])
        found = []
        for form, shape in zip(answer["gradients"], ctx.shapes, strict=True):
            gradient = None if form is None else wire.tensor_of(form, out)
            if gradient is not None and gradient.shape != shape:
                raise StudentGone("crashed", "a gradient of another shape came back")
            found.append(gradient)
        return None, None, None, *found
