"""An assignment's notebook, read as questions with their tests."""

import ast
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_PARSED, MOST_PARSED = 200_000, 2_000_000  # characters of a cell, and of a notebook
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


@dataclass
class Question:
    """A solution cell with the test cells that follow it."""

    name: str
    source: str
    tests: list[tuple[str, float, str]] = field(default_factory=list)  # grade_id, points, source

    @property
    def points(self) -> float:
        """Return the points of all its tests."""
        return sum(points for _, points, _ in self.tests)


def read_assignment(path: Path) -> tuple[str, list[Question]]:
    """Return the code that belongs to no question, less its magics, and the autograded questions."""
    setup: list[str] = []
    questions: list[Question] = []
    for cell in released_cells(json.loads(path.read_text(encoding="utf-8"))):
        if cell.kind == "test":
            questions[-1].tests.append((cell.id, cell.points, cell.source))
        elif cell.kind == "answer":
            questions.append(Question(cell.id, cell.source))
        elif cell.kind == "setup":
            lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith("%")]
            setup.append("\n".join(lines))
    return "\n".join(setup), questions


@dataclass(frozen=True)
class Cell:
    """One cell of the instructor's notebook.

    kind: "answer" (a student writes code), "test", "written" (a person grades it), "setup" (other
    code) or "text". `stub` is what the release holds in its place.
    """

    kind: str
    id: str
    source: str
    stub: str
    cell_type: str
    points: float = 0.0
    question: str = ""  # of a test: the answer that it tests

    @property
    def names(self) -> list[str]:
        """Return the names that the cell defines, in order."""
        return names_defined_by(self.source)

    def is_hidden(self, line: int) -> bool:
        """Return whether a line of a test, counted from 1, is one of the hidden ones."""
        hidden = False
        for number, text in enumerate(self.source.splitlines(), start=1):
            hidden = text.strip() == HIDDEN[0] or (hidden and text.strip() != HIDDEN[1])
            if number == line:
                return hidden
        return False


def released_cells(solution: dict, release: dict | None = None) -> list[Cell]:
    """Return the cells of the instructor's notebook, with what the release holds in their places.

    Raises ValueError where the two do not belong together, or a test stands before every answer.
    """
    stubs = (release or solution)["cells"]
    if len(stubs) != len(solution["cells"]):
        raise ValueError(
            f"the release has {len(stubs)} cells and the solution {len(solution['cells'])}: "
            f"release the assignment again"
        )
    cells, question = [], ""
    for index, (cell, stub) in enumerate(zip(solution["cells"], stubs, strict=True)):
        marks = cell["metadata"].get("nbgrader", {})
        name = marks.get("grade_id") or f"cell-{index}"
        if (marks.get("grade") and marks.get("solution")) or marks.get("task"):
            kind = "written"
        elif marks.get("grade"):
            kind = "test"
            if not question:
                raise ValueError(f"the test {name} stands before every answer: move it behind one")
        elif marks.get("solution"):
            kind, question = "answer", name
        else:
            kind = "setup" if cell["cell_type"] == "code" else "text"
        cells.append(
            Cell(
                kind, name, "".join(cell["source"]), "".join(stub["source"]), cell["cell_type"],
                float(marks.get("points") or 0), question if kind == "test" else "",
            )
        )  # fmt: skip
    return cells


def link_files(folder: str) -> None:
    """Link what lies beside an assignment's notebooks, such as data, into the current folder."""
    for name in os.listdir(folder):
        if not name.endswith(".ipynb"):
            os.symlink(os.path.join(folder, name), name)


def names_by_cell(sources: Iterable[str]) -> list[list[str]]:
    """Return the names that each cell of a student's binds, for as much as may be parsed here."""
    names, left = [], MOST_PARSED
    for source in sources:
        fits = len(source) <= min(left, LONGEST_PARSED)
        left -= len(source) if fits else 0
        names.append(names_defined_by(source) if fits else [])
    return names


def names_defined_by(source: str) -> list[str]:
    """Return the names that some code binds at its top level; none where it cannot be parsed."""
    kept = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        body = ast.parse("\n".join(kept)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = [n for target in targets for n in ast.walk(target)]
            names += [n.id for n in found if isinstance(n, ast.Name)]
    return list(dict.fromkeys(names))
