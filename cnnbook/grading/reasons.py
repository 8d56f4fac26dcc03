"""What a test is worth, and why it gave no points: in words that a student understands and that hide
what is hidden.
"""

import math
import numbers

import numpy as np
import torch

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
    cell: Cell,
    error: BaseException,
    line: int,
    failed: dict | None,
    gone: StudentGone | None,
    lengths: dict[str, int],
) -> Reason:
    """Return why a test gave no points: the error that it ended with, in its line of that number.

    `failed` is the error with which the answer's own cell stopped, if it did; `gone` says how that
    cell ended its process, if it did; `lengths` are the numbers of lines of the student's cells.
    """
    hidden, origin = cell.is_hidden(line), origin_of(error)
    detail = f"{type(error).__name__}: {describe(error)} (line {line} of {cell.id})"
    if isinstance(error, StudentGone):
        return error.state, _what_ended(error), f"{error.state}: {error.reason}"
    if type(error).__name__ == "TooLong" and origin is None:
        return "timeout", GONE["timeout"], detail
    if isinstance(error, NameError) and origin is None:
        name = getattr(error, "name", None) or "a name"
        if gone is not None:
            return gone.state, f"{_what_ended(gone)} So {name} is not defined.", detail
        if failed is not None:
            what = f"{_first(failed)}: {failed.get('text', '')}"[:500]
            place = f" at line {failed['line']}" if failed.get("line") else ""
            return "error", f"Your cell stopped{place} with {what}", detail
        return "error", f"{name} is not defined when all your cells have run in order.", detail
    if origin is not None:
        return _from_the_student(error, origin, lengths, hidden, detail)
    if isinstance(error, MemoryError) or any(mark in describe(error) for mark in OUT_OF_MEMORY):
        return "memory", GONE["memory"], detail
    if isinstance(error, AssertionError):
        message = describe(error) or "A check of this question failed."
        return "wrong", _advice(message) if hidden else message, detail
    message = f"The test could not use what came back ({type(error).__name__}: {describe(error)})."
    if hidden:
        message = f"A check on other inputs could not use what came back ({type(error).__name__})."
    return "wrong", message, detail


def _what_ended(gone: StudentGone) -> str:
    """Return why a process ended; of a deadline, the words that name it."""
    return gone.reason if gone.state == "timeout" else GONE[gone.state]


def _from_the_student(
    error: BaseException, origin: Origin, lengths: dict[str, int], hidden: bool, detail: str
) -> Reason:
    name, text = origin.kind, describe(error)
    where = f" at {origin.where}" if origin.where else ""
    if isinstance(error, MemoryError) or any(mark in text for mark in OUT_OF_MEMORY):
        return "memory", GONE["memory"], detail
    if isinstance(error, AssertionError) and not hidden:
        return "wrong", text or f"An assertion in your code failed{where}.", detail
    if hidden:
        kind, place = _own_name(error), _known_place(origin.where, lengths)
        return "error", f"On other inputs your code raised {kind}{place}.", detail
    return "error", f"Your code raised {name}: {text[:500]}{where}.", detail


def _own_name(error: BaseException) -> str:
    """Return the name of Python's own class that an error is of: others could hold a hidden input."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def _known_place(where: str, lengths: dict[str, int]) -> str:
    """Return where an error happened if that is a line that the student's notebook has."""
    cell, _, line = where.rpartition(", line ")
    is_known = line.isdecimal() and len(line) < 9 and 0 < int(line) <= lengths.get(cell, 0)
    return f" at {where}" if is_known else ""


def _advice(message: str) -> str:
    """Return what a failed hidden check may say: where to look, and no input of it."""
    hints = [line.strip() for line in message.splitlines() if line.strip().startswith("look at")]
    return "\n".join(["A check on other inputs failed.", *hints])


def _first(failed: dict) -> str:
    classes = failed.get("classes") or ["an error"]
    return str(classes[0])


def can_be_a_students(value: object) -> bool:
    """Return whether a student's code can have made a value: data, or a function."""
    if isinstance(value, dict):
        return all(map(can_be_a_students, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(can_be_a_students, value))
    data = (str, bytes, numbers.Number, np.ndarray, np.generic, torch.Tensor)
    is_function = callable(value) and not isinstance(value, torch.nn.Module)
    return value is None or is_function or isinstance(value, data)


def score_of(value: object, points: float) -> tuple[float, str]:
    """Return the points of a test that ran through, and what to say where it gave not all of them.

    All where its last line gives nothing, True, or an object of the test's, such as a figure or an
    optimizer; none where it gives False; else the number that it gives, which may be an array or a
    tensor without axes. Anything else that a student can have made is no number of points.
    """
    if value is None or not can_be_a_students(value):
        return points, ""
    if isinstance(value, np.ndarray | np.generic | torch.Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool):
        return (points, "") if value else (0.0, "The test's last line is not true.")
    if not isinstance(value, numbers.Real) or value != value or abs(value) == math.inf:
        return 0.0, f"The test gave no number of points ({type(value).__name__})."
    try:
        number = min(max(float(value), 0.0), points)
    except OverflowError:  # a whole number such as 10**400
        number = points if value == abs(value) else 0.0
    return number, "" if number == points else f"{number:g} of {points:g} points."
