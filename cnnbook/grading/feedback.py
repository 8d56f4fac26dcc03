"""One page for each student: every question with its score, the reason and what to look at.

The pages hold no hidden test, nothing that a student wrote as code or style of the page, no path of
the grading machine, and load nothing from anywhere.
"""

import re
import sys
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment

from cnnbook.grading.assignment import released_cells
from cnnbook.grading.course import Course, write_whole
from cnnbook.grading.result import OPEN
from cnnbook.grading.stored import read_results, stored_results

WORDS = {
    "right": "right", "partial": "partly right", "wrong": "not right yet", "error": "stopped with an error",
    "timeout": "took too long", "memory": "used too much memory", "crashed": "ended its own process",
    "missing": "not answered", "not run": "not run", "by hand": "graded by a person",
    "not graded": "not graded yet",
}  # fmt: skip

PAGE = (files("cnnbook.grading") / "feedback.html").read_text(encoding="utf-8")
TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)


def write_feedback(course: Course, assignment: str, gradebook, students: list[str]) -> list[str]:
    """Write the pages of students that were graded; return those for whom there is nothing."""
    lacking = []
    for student in students:
        held = read_results(course, assignment, student)
        if held is None:
            lacking.append(student)
            continue
        page = page_for(course, assignment, student, held, gradebook)
        write_whole(course.feedback / student / assignment / "feedback.html", page)
    return lacking


def page_for(course: Course, assignment: str, student: str, held: dict, gradebook) -> str:
    """Return a student's page."""
    questions, notes, score, points, waiting = [], [], 0.0, 0.0, 0
    for result in stored_results(held):
        notes += result.notes
        titles = titles_of(course, assignment, result.notebook)
        answers = _answers(course.autograded / student / assignment / result.notebook)
        given = _by_person(gradebook, assignment, student, Path(result.notebook).stem)
        for question in result.questions:
            earned, comment, open_still = question.score, "", question.state in OPEN
            parts = [given[t.id] for t in question.tests if t.id in given]
            if question.name in given:
                parts.append(given[question.name])
            if parts:
                earned = sum(part["score"] for part in parts)
                open_still = any(part["open"] for part in parts)
            comment = given.get(question.name, {}).get("comment", "")
            score, points = score + earned, points + question.points
            waiting += open_still
            questions.append(
                {
                    "title": titles.get(question.name, question.name),
                    "shown": "–" if open_still else f"{earned:g}",
                    "points": question.points,
                    "state": question.state,
                    "word": WORDS[question.state],
                    "reason": ""
                    if question.state in ("right", "by hand")
                    else clean(course, question.reason),
                    "hint": question.hint,
                    "comment": comment,
                    "answer": answers.get(question.name, ""),
                }
            )
    return TEMPLATE.render(
        assignment=assignment, student=student, questions=questions, notes=[clean(course, n) for n in notes],
        score=score, points=points, waiting=waiting, sandbox=held["sandbox"],
    )  # fmt: skip


def titles_of(course: Course, assignment: str, notebook: str) -> dict[str, str]:
    """Return the heading under which each question stands."""
    titles, latest = {}, ""
    for cell in released_cells(course.release_of(assignment, notebook)["solution"]):
        if cell.cell_type == "markdown":
            found = re.findall(r"^#+ +(.+)$", cell.source, flags=re.M)
            latest = found[-1].strip() if found else latest
        if cell.kind in ("answer", "written"):
            titles[cell.id] = latest.replace("`", "") or cell.id
    return titles


def clean(course: Course, text: str) -> str:
    """Return a text without the paths of this machine."""
    for path in {str(course.root), sys.prefix, sys.base_prefix, str(Path.home())} - {"/", "/usr"}:
        text = text.replace(path, "…")
    return text


def _answers(executed: Path) -> dict[str, str]:
    import json

    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError):
        return {}
    found: dict[str, str] = {}
    for cell in cells:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("solution"):
            found[marks["grade_id"]] = cell["source"]
    return found


def _by_person(gradebook, assignment: str, student: str, notebook: str) -> dict[str, dict]:
    """Return the scores as they stand in the gradebook, with a person's changes and comments."""
    from nbgrader.api import MissingEntry

    try:
        held = gradebook.find_submission_notebook(notebook, assignment, student)
    except MissingEntry:
        return {}
    found = {
        grade.name: {"score": grade.score, "open": grade.needs_manual_grade, "comment": ""}
        for grade in held.grades
    }
    for comment in held.comments:
        text = comment.manual_comment or ""
        found.setdefault(comment.name, {"score": 0.0, "open": False})["comment"] = text
    return found
