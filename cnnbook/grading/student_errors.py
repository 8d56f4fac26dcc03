"""What can go wrong in a student's process, as the trusted side sees it."""

import builtins
import contextlib


class StudentError(Exception):
    """What a student's code raised, where its class is not one of Python's own."""


class StudentGone(BaseException):
    """The student's process died, hung or broke the protocol; `state` says which."""

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state, self.reason = state, reason


@contextlib.contextmanager
def reading_an_answer():
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
    for name in form.get("classes", ()):
        kind = getattr(builtins, str(name), None)
        usual = isinstance(kind, type) and issubclass(kind, Exception)
        if usual and kind is not Exception and not issubclass(kind, UnicodeError | OSError):
            break
    else:
        kind = StudentError
    if own != kind.__name__ and own.isidentifier():
        kind = type(own, (kind,), {"__module__": "__main__"})
    error = kind(text)
    error.student_where, error.student_class = where, own
    return error
