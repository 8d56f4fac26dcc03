"""What can go wrong in a student's process, as the trusted side sees it."""

import builtins
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard


class StudentError(Exception):
    """What a student's code raised, where its class is not one of Python's own."""


@dataclass(frozen=True)
class Origin:
    """Where a student's error comes from: the name of its class there, and the place, if it is known."""

    kind: str
    where: str


class StudentGone(BaseException):
    """The student's process died, hung or broke the protocol; `state` says which."""

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state, self.reason = state, reason


@contextlib.contextmanager
def reading_an_answer() -> Iterator[None]:
    """Raise StudentGone where what a student's process sent is not what it has to be."""
    try:
        yield
    except Exception as error:  # whatever a forged answer can provoke costs its questions only
        reason = f"its answer could not be read: {type(error).__name__}: {error}"
        raise StudentGone("crashed", reason[:500]) from None


def error_from(form: dict) -> Exception:
    """Return the student's error as one of Python's own, or of a class that is made for its name.

    It carries the place where it happened.
    """
    text, where = str(form.get("text", "")), str(form.get("where", ""))
    own = str((form.get("classes") or ["Error"])[0])
    kinds = (getattr(builtins, str(name), None) for name in form.get("classes", ()))
    kind: type = next(filter(_is_usual, kinds), StudentError)
    if own != kind.__name__ and own.isidentifier():
        kind = type(own, (kind,), {"__module__": "__main__"})
    error: Exception = kind(text)
    vars(error)["student_origin"] = Origin(own, where)
    return error


def origin_of(error: BaseException) -> Origin | None:
    """Return where an error comes from, if it is a student's."""
    return vars(error).get("student_origin")


def _is_usual(kind: object) -> TypeGuard[type[Exception]]:
    """Return whether this is an error of Python's that is made of a text alone."""
    if not isinstance(kind, type) or kind is Exception:
        return False
    return issubclass(kind, Exception) and not issubclass(kind, UnicodeError | OSError)
