"""`cnnbook check`: run the tests that a learner can see, in the learner's own notebook."""

import json
from pathlib import Path

from cnnbook.grading.cells import CellRunner, describe
from cnnbook.grading.reasons import score_of


def check_notebook(path: Path) -> list[tuple[str, float, float, str]]:
    """Return, for each test cell of a notebook, its name, the score, the points and what it said.

    Runs every cell in order, as "Restart and run all" does, here and without a sandbox: it is the
    learner's own code. Raises ValueError where the file is no notebook with tests.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no notebook that can be read ({error})") from None
    runner, found = CellRunner(64 * 1024), []
    for number, cell in enumerate(cells):
        if cell.get("cell_type") != "code":
            continue
        marks = cell.get("metadata", {}).get("nbgrader", {})
        name = marks.get("grade_id", f"cell {number + 1}")
        ran = runner.run("".join(cell["source"]), name)
        if marks.get("grade") and not marks.get("solution"):
            points = float(marks.get("points") or 0)
            if ran.error is None:
                score, said = score_of(ran.value, points)
            else:
                score, said = 0.0, f"{type(ran.error).__name__}: {describe(ran.error)}"
            found.append((name, score, points, said))
    if not found:
        raise ValueError(f"{path} has no test cells: give a notebook of an exercise")
    return found
