"""Plausible answers to the questions of an assignment, and whether its tests tell them apart.

Beside each solution lies `misconceptions.py`. It holds, for every question, wrong answers
with the hint a teacher would give, and right answers written differently:

    @wrong("adds the padding on one side only", hint="Padding is added before and after.")
    def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
        return (n + padding - kernel_size) // stride + 1

The function's name says which question it answers.
"""

import ast
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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


def wrong(name: str, *, hint: str) -> Callable:
    """Mark the decorated function or class as a wrong answer."""
    if not hint:
        raise ValueError(f"hint={hint!r} is not allowed: say what a teacher would say to {name!r}")
    return _mark(name, hint)


def right(name: str) -> Callable:
    """Mark the decorated function or class as a right answer, written differently."""
    return _mark(name, None)


def load_answers(path: Path) -> list[Answer]:
    """Return the answers in a `misconceptions.py`, in the order in which they stand there.

    An answer's source begins with the file's own imports, as a student's cell would.
    The file is run, so it must be the instructor's; errors in it are raised as they are.
    """
    text = path.read_text(encoding="utf-8")
    body = ast.parse(text).body
    imports = "\n".join(
        ast.unparse(node)
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom) and "grading" not in ast.unparse(node)
    )
    sources = [
        ast.get_source_segment(text, node)
        for node in body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list
    ]
    _marked.clear()
    runpy.run_path(str(path))
    if len(_marked) != len(sources):
        raise ValueError(
            f"{path}: {len(sources)} decorated answers, but {len(_marked)} were marked"
        )
    return [
        Answer(question, name, f"{imports}\n\n\n{source}\n", hint)
        for (question, name, hint), source in zip(_marked, sources, strict=True)
    ]


_marked: list[tuple[str, str, str | None]] = []  # of the file that is being loaded


def _mark(name: str, hint: str | None) -> Callable:
    def mark(answer):
        _marked.append((answer.__name__, name, hint))
        return answer

    return mark
