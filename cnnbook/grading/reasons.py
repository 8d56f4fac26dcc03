"""What a test is worth, and why it gave no points: in words that a student understands and that hide
what is hidden.
"""

import math

import numpy as np

from cnnbook.grading.assignment import Cell
from cnnbook.grading.cells import describe
from cnnbook.grading.student_errors import Origin, StudentGone, origin_of

OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "DefaultCPUAllocator",
    "Unable to allocate",
)
GONE = {
    "timeout": "It did not end in time. Look for a loop that never ends, or for work that grows too fast.",
    "memory": "It used more memory than is allowed.",
    "crashed": "It ended its own process in the middle.",
}


Reason = tuple[str, str, str]  # state, message for the student, detail for the instructor


def explain(
    cell: Cell, error: BaseException, line: int, failed: dict | None, gone: StudentGone | None
) -> Reason:
    """Return why a test gave no points: the error that it ended with, in its line of that number.

    `failed` is the error with which the answer's own cell stopped, if it did; `gone` says how that
    cell ended its process, if it did.
    """
    hidden, origin = cell.is_hidden(line), origin_of(error)
    detail = f"{type(error).__name__}: {describe(error)} (line {line} of {cell.id})"
    if isinstance(error, StudentGone):
        return error.state, GONE[error.state], f"{error.state}: {error.reason}"
    if type(error).__name__ == "TooLong" and origin is None:
        return "timeout", GONE["timeout"], detail
    if isinstance(error, NameError) and origin is None:
        name = getattr(error, "name", None) or "a name"
        if gone is not None:
            return gone.state, f"{GONE[gone.state]} So {name} is not defined.", detail
        if failed is not None:
            what = f"{_first(failed)}: {failed.get('text', '')}"[:500]
            place = f" at line {failed['line']}" if failed.get("line") else ""
            return "error", f"Your cell stopped{place} with {what}", detail
        return "error", f"{name} is not defined when all your cells have run in order.", detail
    if origin is not None:
        return _from_the_student(error, origin, hidden, detail)
    if isinstance(error, MemoryError) or any(mark in describe(error) for mark in OUT_OF_MEMORY):
        return "memory", GONE["memory"], detail
    if isinstance(error, AssertionError):
        message = describe(error) or "A check of this question failed."
        return "wrong", _advice(message) if hidden else message, detail
    message = f"The test could not use what came back ({type(error).__name__}: {describe(error)})."
    if hidden:
        message = f"A check on other inputs could not use what came back ({type(error).__name__})."
    return "wrong", message, detail


def _from_the_student(error: BaseException, origin: Origin, hidden: bool, detail: str) -> Reason:
    name, text = origin.kind, describe(error)
    where = f" at {origin.where}" if origin.where else ""
    if isinstance(error, MemoryError) or any(mark in text for mark in OUT_OF_MEMORY):
        return "memory", GONE["memory"], detail
    if isinstance(error, AssertionError) and not hidden:
        return "wrong", text or f"An assertion in your code failed{where}.", detail
    if hidden:
        return "error", f"On other inputs your code raised {name}{where}.", detail
    return "error", f"Your code raised {name}: {text[:500]}{where}.", detail


def _advice(message: str) -> str:
    """Return what a failed hidden check may say: where to look, and no input of it."""
    hints = [line.strip() for line in message.splitlines() if line.strip().startswith("look at")]
    return "\n".join(["A check on other inputs failed.", *hints])


def _first(failed: dict) -> str:
    classes = failed.get("classes") or ["an error"]
    return str(classes[0])


def score_of(value: object, points: float) -> tuple[float, str]:
    """Return the points of a test that ran through: all, or the number that its last line gives."""
    if (
        value is None
        or isinstance(value, bool | np.bool_)
        or not isinstance(value, int | float | np.number)
    ):
        return points, ""
    number = float(value)
    if math.isnan(number):
        return 0.0, "The test gave no number of points."
    number = min(max(number, 0.0), points)
    return number, "" if number == points else f"{number:g} of {points:g} points."
