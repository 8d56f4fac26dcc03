"""An assignment's notebook, read as questions with their tests."""

import json
from dataclasses import dataclass, field
from pathlib import Path


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
    setup, questions = [], []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source, graded = "".join(cell["source"]), cell["metadata"].get("nbgrader", {})
        if graded.get("grade"):
            questions[-1].tests.append((graded["grade_id"], graded["points"], source))
        elif graded.get("solution"):
            questions.append(Question(graded["grade_id"], source))
        else:
            lines = [line for line in source.splitlines() if not line.lstrip().startswith("%")]
            setup.append("\n".join(lines))
    return "\n".join(setup), questions
