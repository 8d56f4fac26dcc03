"""The result of a notebook whose tests were not run: no points, and everywhere the same reason."""

from cnnbook.grading.assignment import released_cells
from cnnbook.grading.executed import executed_notebook
from cnnbook.grading.rebuild import rebuild
from cnnbook.grading.result import NotebookResult, QuestionResult, TestResult, question_from


def ungraded(release: dict, state: str, why: str) -> NotebookResult:
    """Return a result that gives no points to any question, in this state and for this reason."""
    cells = released_cells(release["solution"], release["release"])
    tests: dict[str, list[TestResult]] = {}
    for cell in (cell for cell in cells if cell.kind == "test"):
        said = TestResult(cell.id, cell.points, 0.0, state, f"Not graded: {why}.")
        tests.setdefault(cell.question, []).append(said)
    questions = [question_from(name, said) for name, said in tests.items()]
    for cell in (cell for cell in cells if cell.kind == "written"):
        questions.append(QuestionResult(cell.id, cell.points, 0.0, state, f"Not graded: {why}."))
    executed = executed_notebook(release["solution"], rebuild(cells, []), {})
    return NotebookResult(release["notebook"], questions, [why], executed)
