"""What is kept of a student's last grading, beside the executed notebooks."""

import json
from pathlib import Path

from cnnbook.grading.course import Course, write_whole
from cnnbook.grading.result import NotebookResult, result_from


def _path(course: Course, assignment: str, student: str) -> Path:
    return course.autograded / student / assignment / "result.json"


def read_results(course: Course, assignment: str, student: str) -> dict | None:
    """Return what is kept of a student's last grading, or None."""
    try:
        return json.loads(_path(course, assignment, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def stored_results(held: dict) -> list[NotebookResult]:
    """Return the results that `read_results` found."""
    return [result_from(data) for data in held["notebooks"]]


def write_results(
    course: Course, assignment: str, student: str, held: dict, results: list[NotebookResult]
) -> None:
    """Keep these results, in place of others, with what else is known of the grading."""
    content = held | {"notebooks": [result.as_dict() for result in results]}
    write_whole(_path(course, assignment, student), json.dumps(content, indent=1))


def delete_results(course: Course, assignment: str, student: str) -> None:
    """Keep nothing, where anything was kept."""
    _path(course, assignment, student).unlink(missing_ok=True)
