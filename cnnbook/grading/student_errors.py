"""What can go wrong in a student's process, as the trusted side sees it."""

import builtins


class StudentError(Exception):
    """What a student's code raised, where its class is not one of Python's own."""


class StudentGone(BaseException):
    """The student's process died, hung or broke the protocol; `state` says which."""

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state, self.reason = state, reason


def error_from(form: dict) -> Exception:
    """Return the student's error as one of Python's own, with the place where it happened."""
    text, where = str(form.get("text", "")), str(form.get("where", ""))
    for name in form.get("classes", ()):
        kind = getattr(builtins, str(name), None)
        usual = isinstance(kind, type) and issubclass(kind, Exception)
        if usual and kind is not Exception and not issubclass(kind, UnicodeError | OSError):
            error = kind(text)
            break
    else:
        classes = form.get("classes") or ["Error"]
        error = StudentError(f"{classes[0]}: {text}")
    error.student_where = where
    error.student_class = str((form.get("classes") or ["Error"])[0])
    return error
