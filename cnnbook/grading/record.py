"""Write results into nbgrader's own gradebook: one writer, one transaction for each student."""

import warnings
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cnnbook.grading.course import Course, CourseError
from cnnbook.grading.result import OPEN, NotebookResult


@contextmanager
def gradebook_of(course: Course):
    """Open the course's gradebook. Raises CourseError where it is locked or cannot be opened."""
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import DatabaseError, OperationalError, SAWarning

    warnings.simplefilter("ignore", SAWarning)  # about nbgrader's own queries
    try:
        with Gradebook(course.db_url, course.nbgrader.course_id) as gradebook:
            yield gradebook
    except (OperationalError, DatabaseError) as error:
        raise CourseError(
            f"the gradebook {course.db_url} cannot be used ({error.orig}): close what else uses it, "
            f"or see that it can be written, and run again"
        ) from None


def require_assignment(course: Course, assignment: str, gradebook) -> None:
    """Raise CourseError where the gradebook does not know the assignment as it is released."""
    from nbgrader.api import MissingEntry

    try:
        known = gradebook.find_assignment(assignment)
    except MissingEntry:
        raise CourseError(
            f"the gradebook does not know {assignment}: run `cnnbook release {assignment}`"
        ) from None
    names = {f"{notebook.name}.ipynb" for notebook in known.notebooks}
    if names != set(course.notebooks(assignment)):
        raise CourseError(
            f"the gradebook has the notebooks {sorted(names)} for {assignment}, and "
            f"{course.source} has {course.notebooks(assignment)}: run `cnnbook release {assignment}`"
        )


class Recorder:
    """Replaces all automatic scores of one student's assignment at a time, each in one transaction.

    Scores that a person gave stay, and are marked to be looked at again.
    """

    def __init__(self, gradebook, assignment: str):
        self.gradebook, self.assignment = gradebook, assignment
        notebooks = gradebook.find_assignment(assignment).notebooks
        self.files = {notebook.id: f"{notebook.name}.ipynb" for notebook in notebooks}
        cells = [
            cell
            for notebook in notebooks
            for kind in ("grade_cells", "solution_cells", "task_cells")
            for cell in getattr(notebook, kind)
        ]
        self.names = {cell.id: cell.name for cell in cells}  # once, not one query for each score

    def record(self, student: str, results: list[NotebookResult], when: str | None) -> None:
        """Write the scores of these results."""
        self.gradebook.update_or_create_student(student)
        details = {"timestamp": when} if when else {}
        submission = self.gradebook.update_or_create_submission(self.assignment, student, **details)
        by_file = {result.notebook: result for result in results}
        for notebook in submission.notebooks:
            result = by_file.get(self.files[notebook.notebook_id])
            questions = {q.name: q for q in result.questions} if result else {}
            scores = {t.id: t.score for q in questions.values() for t in q.tests}
            open_still = [q for q in questions.values() if q.state in OPEN]
            waiting = {name for q in open_still for name in (q.name, *(t.id for t in q.tests))}
            for grade in notebook.grades:
                name = self.names[grade.cell_id]
                is_open = name in waiting
                grade.auto_score = None if is_open else scores.get(name, 0.0)
                grade.needs_manual_grade = is_open or grade.manual_score is not None
            for comment in notebook.comments:
                question = questions.get(self.names[comment.cell_id])
                unanswered = question is None or question.state == "missing"
                comment.auto_comment = "No response." if unanswered else None
        self.gradebook.db.commit()


def timestamp_of(folder: Path) -> tuple[str | None, str | None]:
    """Return when a submission was handed in, and a note where its time cannot be read."""
    path = folder / "timestamp.txt"
    if not path.is_file() or path.is_symlink():
        return None, None
    try:
        from nbgrader.utils import parse_utc

        text = path.read_bytes()[:200].decode().strip()
        moment = parse_utc(text)
        if not datetime(1990, 1, 1) < moment < datetime(2200, 1, 1):
            raise ValueError("out of range")
    except Exception:
        return None, "timestamp.txt cannot be read and was left out"
    return text, None
