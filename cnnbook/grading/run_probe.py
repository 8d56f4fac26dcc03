"""The student's end of the boundary: run a probe beside the student's objects, return data.

Nothing in here is trusted by anyone: it shares its process with the student's code.
"""

import contextlib
import io
import pickle
from collections.abc import Callable

import torch

from cnnbook import checks
from cnnbook.grading import data
from cnnbook.grading.boundary import pickled
from cnnbook.grading.cells import Capped
from cnnbook.grading.generators import set_generators

RESTRICTIONS = {"no_convolutions": checks.no_convolutions}


class _Unpickler(pickle.Unpickler):
    def __init__(self, packed: bytes, find: Callable):
        super().__init__(io.BytesIO(packed))
        self.find = find
        self.own: list = []  # the student's objects among what is read

    def persistent_load(self, key):
        self.own.append(self.find(key))
        return self.own[-1]


def run_probe(find: Callable, other: Callable, packed: bytes, out: list, limit: int) -> dict:
    """Run a probe beside the student's objects and return its result as data.

    `find(key)` returns an object of the student's by its name or number, `other` is the form of one
    that is no data, and `limit` is how many characters of what is printed are kept.
    """
    reader = _Unpickler(packed, find)
    function, arguments, named, news, around = reader.load()
    given = [one for one in (*arguments, *named.values()) if all(one is not o for o in reader.own)]
    set_generators(news)
    before = around.pop("is_call") and _picture(given)
    printed = Capped(limit)
    with _within(**around), contextlib.redirect_stdout(printed):
        value = function(*arguments, **named)
    form = data.encoded(value, out, other)
    changed = bool(before) and (_picture(given) != before or _is_shared(value, given))
    return {"value": form, "printed": printed.text(), "changed": changed}


def _picture(given: list) -> bytes | None:
    """Return the arguments of a call as bytes, to compare them later, where that can be done."""
    try:
        return pickled(given)
    except Exception:
        return None


def _is_shared(value, arguments: list) -> bool:
    """Return whether what a call returned is one of its arguments, or a view of one."""
    parts = [value, getattr(value, "_base", None), getattr(value, "base", None)]
    return any(p is a for p in parts if p is not None for a in arguments)


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
