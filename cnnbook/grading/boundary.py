"""The one boundary between tests and a student's code: a probe goes out, data comes back.

A probe is a function of the test's, with its arguments, or a call of something of the student's. It
goes to the student's process as a pickle, for that process trusts us, and runs there beside the
student's objects as ordinary Python. What it returns comes back as `data`, which cannot execute
anything, and is compared here. An object of the student's that is no data stays there; here it is a
`StudentObject`: to call it, index it or read an attribute is a probe again, and all else is refused.
"""

import contextlib
import io
import operator
import pickle
import sys
from collections.abc import Callable

import cloudpickle
import torch

from cnnbook import checks
from cnnbook.forked.messages import WireError
from cnnbook.grading import data
from cnnbook.grading.cells import Capped
from cnnbook.grading.generators import set_generators
from cnnbook.grading.student_errors import error_from, reading_an_answer

RESTRICTIONS = {"no_convolutions": checks.no_convolutions}


# --- the trusted side


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

    @property
    def __class__(self):  # isinstance asks it, in tests and, of what it packs, in cloudpickle
        return StudentObject if self._session.is_packing else self._refused()

    __setattr__ = __delattr__ = __mro_entries__ = __enter__ = __exit__ = _refused
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = _refused
    __hash__ = object.__hash__


class _Pickler(cloudpickle.Pickler):
    def persistent_id(self, value):
        return vars(value)["_key"] if type(value) is StudentObject else None


def packed(function, arguments: tuple, named: dict, news: dict) -> bytes:
    """Return a probe, with what changed in the random generators, as the student's process reads it."""
    around = surroundings() | {"is_call": type(function) is StudentObject}
    stream = io.BytesIO()
    try:
        _Pickler(stream).dump((function, arguments, named, news, around))
    except Exception as error:  # whatever an object's own way to be pickled raises
        raise BoundaryError(
            f"what a call is given has to travel, and this does not ({type(error).__name__}: {error}): "
            "write a function that makes it and calls, and give that function to expect"
        ) from None
    return stream.getvalue()


def result_of(session, function, answer: dict, buffers: list):
    """Return what a probe returned. Raises its error, or BoundaryError where it cannot be seen here.

    What a test that fails may have missed is noted in `session.unseen`.
    """
    if "error" in answer:
        raise error_from(answer["error"])
    with reading_an_answer():
        value = data.decoded(answer["value"], buffers, lambda form: remote_of(session, form))
        printed, is_changed = str(answer["printed"]), answer["changed"] is True
    if printed and not isinstance(sys.stdout, Capped):  # a test listens
        sys.stdout.write(printed)
    if is_changed:
        session.unseen.add(f"what {function.__name__} did to its arguments")
    if is_changed and value is None:
        raise BoundaryError(
            f"{function.__name__} returned nothing and changed its argument, which is a copy: write a "
            "function that calls it and returns the argument, and give that function to expect"
        )
    return value


def names_of(session, answer: dict, buffers: list) -> dict[str, object]:
    """Return what stands here for the names that the student's code defines; data is itself."""
    with reading_an_answer():
        return {
            str(name): data.decoded(
                form, buffers, lambda _, name=name: StudentObject(session, name, name)
            )
            for name, form in answer["names"].items()
        }


def remote_of(session, form: dict) -> StudentObject:
    """Return what stands here for an object of the student's. Raises WireError where it is none."""
    if form.get("t") != "object":
        raise WireError(f"a value of kind {form.get('t')!r}")
    name = str(form["n"])[:100]
    remote = StudentObject(session, int(form["i"]), name if name.isidentifier() else "object")
    session.unseen.add(f"what became of {remote!r}")
    return remote


def surroundings() -> dict:
    """Return what a test may have set for all that it calls."""
    cast = torch.is_autocast_enabled("cpu")
    return {
        "grad": torch.is_grad_enabled(),
        "restrictions": checks.active_restrictions(),
        "dtype": torch.get_default_dtype(),
        "autocast": torch.get_autocast_dtype("cpu") if cast else None,
    }


# --- the student's side; nothing here is trusted by anyone


class _Unpickler(pickle.Unpickler):
    def __init__(self, packed: bytes, find: Callable):
        super().__init__(io.BytesIO(packed))
        self.find = find

    def persistent_load(self, key):
        return self.find(key)


def run_probe(find: Callable, other: Callable, packed: bytes, out: list, limit: int) -> dict:
    """Run a probe beside the student's objects and return its result as data.

    `find(key)` returns an object of the student's by its name or number, `other` is the form of one
    that is no data, and `limit` is how many characters of what is printed are kept.
    """
    function, arguments, named, news, around = _Unpickler(packed, find).load()
    set_generators(news)
    before = around.pop("is_call") and _picture(arguments, named)
    printed = Capped(limit)
    with _within(**around), contextlib.redirect_stdout(printed):
        value = function(*arguments, **named)
    form = data.encoded(value, out, other)
    changed = bool(before) and _picture(arguments, named) != before
    return {"value": form, "printed": printed.text(), "changed": changed}


def _picture(arguments: tuple, named: dict) -> bytes | None:
    """Return the arguments of a call as bytes, to compare them later, where that can be done."""
    try:
        return cloudpickle.dumps((arguments, named))
    except Exception:
        return None


@contextlib.contextmanager
def _within(grad: bool, restrictions: list[str], dtype: torch.dtype, autocast: torch.dtype | None):
    """Be in the block as the test is: its gradient mode, restrictions, default dtype and autocast."""
    was = torch.get_default_dtype()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(Capped(0)))
        stack.enter_context(torch.set_grad_enabled(grad))
        if autocast is not None:
            stack.enter_context(torch.autocast("cpu", autocast))
        for name in restrictions:
            stack.enter_context(RESTRICTIONS[name]())
        torch.set_default_dtype(dtype)
        stack.callback(torch.set_default_dtype, was)
        yield
