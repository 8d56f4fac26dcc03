"""Write results into nbgrader's own gradebook: one writer, one transaction for each student."""

from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cnnbook.grading.course import Course, CourseError
from cnnbook.grading.result import NotebookResult


@contextmanager
def gradebook_of(course: Course):
    """Open the course's gradebook. Raises CourseError where it is locked or cannot be opened."""
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import DatabaseError, OperationalError

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


def record(gradebook, assignment: str, student: str, results: list[NotebookResult], when) -> None:
    """Replace all automatic scores of one student's assignment, in one transaction.

    Scores that a person gave stay, and are marked to be looked at again.
    """
    gradebook.update_or_create_student(student)
    details = {"timestamp": when} if when else {}
    submission = gradebook.update_or_create_submission(assignment, student, **details)
    by_name = {result.notebook: result for result in results}
    for notebook in submission.notebooks:
        result = by_name.get(f"{notebook.name}.ipynb")
        scores = {t.id: t.score for q in result.questions for t in q.tests} if result else {}
        questions = {q.name: q for q in result.questions} if result else {}
        for grade in notebook.grades:
            question = questions.get(grade.name)
            if grade.name in scores:
                grade.auto_score = scores[grade.name]
            elif question is not None and question.state == "by hand":
                grade.auto_score = None
            else:
                grade.auto_score = 0.0
            by_hand = grade.auto_score is None
            grade.needs_manual_grade = by_hand or grade.manual_score is not None
        for comment in notebook.comments:
            question = questions.get(comment.name)
            unanswered = question is None or question.state == "missing"
            comment.auto_comment = "No response." if unanswered else None
    gradebook.db.commit()


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
