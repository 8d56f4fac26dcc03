"""Plausible answers to the questions of an assignment, as data.

Beside each solution lies `misconceptions.py`. It holds, for every question, wrong answers
with the hint a teacher would give, and right answers written differently. An answer is a
whole function or class, or a change of the solution:

    @wrong("adds the padding on one side only", hint="Padding is added before and after.")
    def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
        return (n + padding - kernel_size) // stride + 1

    wrong_change("conv2d", "forgets the bias", hint="…", old=" + bias[o]", new="")

The function's name says which question it answers.
"""

import ast
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cnnbook.grading.assignment import read_assignment

Marked = TypeVar("Marked", Callable[..., object], type)  # a function or a class


@dataclass(frozen=True)
class Answer:
    """One answer to one question; a wrong one has a hint, a right one has none."""

    question: str
    name: str
    source: str
    hint: str | None

    @property
    def is_right(self) -> bool:
        """Return whether this answer deserves full marks."""
        return self.hint is None


@dataclass(frozen=True)
class _Mark:
    question: str
    name: str
    hint: str | None
    change: tuple[str, str] | None = None


_marks: list[_Mark] = []  # of the file that is being loaded


def wrong(name: str, *, hint: str) -> Callable[[Marked], Marked]:
    """Mark the decorated function or class as a wrong answer."""
    _require_hint(name, hint)
    return _decorator(name, hint)


def right(name: str) -> Callable[[Marked], Marked]:
    """Mark the decorated function or class as a right answer, written differently."""
    return _decorator(name, None)


def wrong_change(question: str, name: str, old: str, new: str, hint: str) -> None:
    """Add a wrong answer: the solution with every `old` replaced by `new`."""
    _require_hint(name, hint)
    _marks.append(_Mark(question, name, hint, (old, new)))


def load_answers(path: Path) -> list[Answer]:
    """Return the answers in a `misconceptions.py`, in the order in which they stand there.

    A function's source begins with the file's own imports, as a student's cell would.
    The file is run, so it must be the instructor's; errors in it are raised as they are.
    Raises ValueError where a change finds nothing to change.
    """
    text = path.read_text(encoding="utf-8")
    body = ast.parse(text).body
    imports = "\n".join(
        ast.unparse(node)
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom) and "grading" not in ast.unparse(node)
    )
    written_out = iter(
        f"{imports}\n\n\n{ast.get_source_segment(text, node)}\n"
        for node in body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list
    )
    solution = {
        question.name: question.source
        for notebook in path.parent.glob("*.ipynb")
        for question in read_assignment(notebook)[1]
    }
    _marks.clear()
    runpy.run_path(str(path))
    answers = []
    for mark in _marks:
        source = _changed(solution, mark, *mark.change) if mark.change else next(written_out)
        answers.append(Answer(mark.question, mark.name, source, mark.hint))
    return answers


def _changed(solution: dict[str, str], mark: _Mark, old: str, new: str) -> str:
    if mark.question not in solution:
        raise ValueError(f"{mark.name!r} changes {mark.question!r}, and there is no such question")
    if old not in solution[mark.question]:
        raise ValueError(f"{mark.name!r}: the solution of {mark.question} does not hold {old!r}")
    return solution[mark.question].replace(old, new)


def _decorator(name: str, hint: str | None) -> Callable[[Marked], Marked]:
    def mark(answer: Marked) -> Marked:
        _marks.append(_Mark(answer.__name__, name, hint))
        return answer

    return mark


def _require_hint(name: str, hint: str) -> None:
    if not hint:
        raise ValueError(f"hint={hint!r} is not allowed: say what a teacher would say to {name!r}")
