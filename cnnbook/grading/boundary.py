"""The one boundary between tests and a student's code: a probe goes out, data comes back.

A probe is a function of the test's, with its arguments, or a call of something of the student's. It
goes to the student's process as a pickle, for that process trusts us, and runs there beside the
student's objects as ordinary Python. What it returns comes back as `data`, which cannot execute
anything, and is compared here. An object of the student's that is no data stays there; here it is a
`StudentObject`: to call it, index it or read an attribute is a probe again, and all else is refused.
"""

import io
import operator
import sys
from collections.abc import Callable
from functools import partial

import cloudpickle
import torch

from cnnbook import checks
from cnnbook.forked.messages import WireError
from cnnbook.grading import data
from cnnbook.grading.cells import Capped
from cnnbook.grading.student_errors import error_from, reading_an_answer


class BoundaryError(TypeError):
    """A test wants to do something here that works beside the student's code only."""


class StudentObject:
    """Something of the student's, known by its name or its number in the process that holds it."""

    def __init__(self, session, key: str | int, name: str):
        vars(self).update(_session=session, _key=key, __name__=name)

    def __call__(self, *arguments, **named):
        return self._session.probe(self, arguments, named)

    def __getattr__(self, name: str):
        if name.startswith("__"):
            self._refused()
        return self._session.probe(getattr, (self, name), {})

    def __getitem__(self, place):
        return self._session.probe(operator.getitem, (self, place), {})

    def __len__(self) -> int:
        return self._session.probe(len, (self,), {})

    def __iter__(self):
        return self._session.probe(iter, (self,), {})

    def __repr__(self) -> str:
        return f"<{self.__name__} of the submission>"

    def _refused(self, *_):
        """Raise BoundaryError: what this would say of itself is not to be believed, or not known."""
        raise BoundaryError(
            f"{self.__name__} is in the submission's process, and only data comes from there: write a "
            "function that looks at it and returns numbers, text, lists, arrays or tensors, and give "
            "that function to expect"
        )

    def _own_class(self):
        """Return the class to cloudpickle, which asks while it packs; raise BoundaryError to a test."""
        return StudentObject if self._session.is_packing else self._refused()

    __class__ = property(_own_class)  # isinstance reads it
    __setattr__ = __delattr__ = __mro_entries__ = __enter__ = __exit__ = _refused
    __setitem__ = __delitem__ = __float__ = __int__ = __index__ = __array__ = __next__ = _refused
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __neg__ = _refused
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = _refused
    __hash__ = object.__hash__


class _Pickler(cloudpickle.Pickler):
    def persistent_id(self, value):
        return vars(value)["_key"] if type(value) is StudentObject else None

    def reducer_override(self, value):
        if isinstance(value, torch.Tensor) and value.is_leaf and value.grad is not None:
            make, parts, *_ = value.__reduce_ex__(2)  # which leaves the gradient behind
            return _with_gradient, (make, parts, value.grad)
        return super().reducer_override(value)


def _with_gradient(make: Callable, parts: tuple, gradient: torch.Tensor) -> torch.Tensor:
    tensor = make(*parts)
    tensor.grad = gradient
    return tensor


def pickled(value) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream).dump(value)
    return stream.getvalue()


def packed(function, arguments: tuple, named: dict, news: dict) -> bytes:
    """Return a probe, with what changed in the random generators, as the student's process reads it."""
    around = surroundings() | {"is_call": type(function) is StudentObject}
    try:
        return pickled((function, arguments, named, news, around))
    except Exception as error:  # whatever an object's own way to be pickled raises
        raise BoundaryError(
            f"what a call is given has to travel, and this does not ({type(error).__name__}: {error}): "
            "write a function that makes it and calls, and give that function to expect"
        ) from None


class _Elsewhere(torch.autograd.Function):
    """What a call computed in another process: its gradients cannot be had here."""

    @staticmethod
    def forward(_, values: torch.Tensor, *inputs) -> torch.Tensor:
        return values.clone()

    @staticmethod
    def backward(_, *gradients):
        raise BoundaryError(
            "no gradient comes back through a call of the submission's code: call backward inside a "
            "function, give that function to expect, and let it return the gradients"
        )


def _leaves(value, depth: int = 0) -> list[torch.Tensor]:
    """Return the tensors in what a call was given through which gradients could flow."""
    if type(value) is StudentObject:
        return []
    if isinstance(value, torch.Tensor):
        return [value] if value.requires_grad else []
    if isinstance(value, torch.nn.Module):
        return [p for p in value.parameters() if p.requires_grad]
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(parts, list | tuple) or depth > 3:
        return []
    return [leaf for part in parts for leaf in _leaves(part, depth + 1)]


def result_of(session, function, given: list, answer: dict, buffers: list):
    """Return what a probe returned, which was given these arguments. Raises its error, or BoundaryError where it cannot be seen here.

    What a test that fails may have missed is noted in `session.unseen`.
    """
    if "error" in answer:
        raise error_from(answer["error"])

    with reading_an_answer():
        other = partial(_no_data, session, buffers, given)
        value = data.decoded(answer["value"], buffers, other)
        printed, is_changed = str(answer["printed"]), answer["changed"] is True
    if printed and not isinstance(sys.stdout, Capped):  # a test listens
        sys.stdout.write(printed)
    if is_changed:
        session.unseen.add(f"what {function.__name__} did with its arguments")
    if is_changed and value is None:
        raise BoundaryError(
            f"{function.__name__} returned nothing and changed its argument, which is a copy: write a "
            "function that calls it and returns the argument, and give that function to expect"
        )
    return value


def _no_data(session, buffers: list, given: list, form: dict):
    """Return what stands here for a tensor with a graph, or an object, that another process holds."""
    if form.get("t") != "graph":
        return object_of(session, form)
    values = data.decoded(form["v"], buffers, partial(object_of, session))
    anchor = torch.ones((), requires_grad=True)  # so that its graph is known to be there
    return _Elsewhere.apply(values, anchor, *_leaves(given))


def names_of(session, answer: dict, buffers: list) -> dict[str, object]:
    """Return what stands here for the names that the student's code defines; data is itself."""
    found: dict[str, object] = {}
    with reading_an_answer():
        for name, form in answer["names"].items():
            if isinstance(form, dict) and form.get("t") == "object":
                found[name] = StudentObject(
                    session, name, name
                )  # the one of that name at each call
            else:
                found[name] = data.decoded(form, buffers, partial(_no_data, session, buffers, []))
    return found


def object_of(session, form: dict) -> StudentObject:
    """Return what stands here for an object of the student's. Raises WireError where it is none."""
    if form.get("t") != "object":
        raise WireError(f"a value of kind {form.get('t')!r}")
    name = str(form["n"])[:100]
    found = StudentObject(session, int(form["i"]), name if name.isidentifier() else "object")
    session.unseen.add(f"what became of {found!r}")
    return found


def surroundings() -> dict:
    """Return what a test may have set for all that it calls."""
    cast = torch.is_autocast_enabled("cpu")
    return {
        "grad": torch.is_grad_enabled(),
        "restrictions": checks.active_restrictions(),
        "dtype": torch.get_default_dtype(),
        "autocast": torch.get_autocast_dtype("cpu") if cast else None,
    }
