"""Recognise known misconceptions: a failed answer that behaves like one gets its hint.

Every wrong answer in an assignment's `misconceptions.py` is graded once; what its tests said is its
fingerprint. An answer of a student's with the same fingerprint made the same mistake.
"""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

from cnnbook.grading.assignment import released_cells
from cnnbook.grading.course import Course, CourseError, digest, write_whole
from cnnbook.grading.engine import ENGINE
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.misconceptions import load_answers
from cnnbook.grading.result import NotebookResult, QuestionResult, result_from
from cnnbook.grading.stored import read_results, stored_results, write_results

Table = dict[str, list[dict]]  # question → [{"fingerprint", "hint"}]
Submit = Callable[[dict, dict, str], Future]  # a release, what is handed in, a question → a result


def fingerprint_of(question: QuestionResult) -> list:
    """Return what the tests said of an answer."""
    return [[test.id, test.score, test.detail] for test in question.tests]


def can_have_a_hint(question: QuestionResult) -> bool:
    """Return whether an answer was given and lost points."""
    return question.state not in ("right", "missing", "by hand", "not graded")


def add_hints(
    course: Course, assignment: str, releases: list[dict], students: list[str], submit: Submit
) -> None:
    """Put, on each question that lost points, the hint of the misconception that it resembles.

    Scores are recorded before; what ends in the middle goes on with the next run.
    """
    lost: list[set[str]] = [set() for _ in releases]
    for student in students:
        for names, result in zip(lost, _results_of(course, assignment, student), strict=True):
            names |= {q.name for q in result.questions if can_have_a_hint(q)}
    tables = [
        table(course, assignment, release, names, submit)
        for release, names in zip(releases, lost, strict=True)
    ]
    for student in students:
        results = _results_of(course, assignment, student)
        for known, result in zip(tables, results, strict=True):
            apply(known, result)
        held = read_results(course, assignment, student) or {}
        write_results(course, assignment, student, held | {"hinted": True}, results)


def _results_of(course: Course, assignment: str, student: str) -> list[NotebookResult]:
    held = read_results(course, assignment, student)
    if held is None:
        raise CourseError(f"the results of {student} were removed while their class was graded")
    return stored_results(held)


def apply(table: Table, result: NotebookResult) -> None:
    """Put hints on the questions of a result that lost points."""
    for question in filter(can_have_a_hint, result.questions):
        for known in table.get(question.name, []):
            if known["fingerprint"] == fingerprint_of(question):
                question.hint = known["hint"]
                break


def table(course: Course, assignment: str, release: dict, names: set[str], submit: Submit) -> Table:
    """Return the fingerprints of the misconceptions of these questions.

    Those that were looked up before are in the course's cache.
    """
    path = course.source / assignment / "misconceptions.py"
    if not names or not path.is_file():
        return {}
    mark = digest(ENGINE, path.read_bytes(), json.dumps(release, sort_keys=True))
    cache = course.root / ".cnnbook" / f"hints-{assignment}-{Path(release['notebook']).stem}.json"
    found = _cached(cache, mark)
    wanted = names - found.keys()
    wrong = [a for a in load_answers(path) if not a.is_right and a.question in wanted]
    futures = [
        submit(release, handed_with(release, {a.question: a.source}), a.question) for a in wrong
    ]
    found |= {name: [] for name in wanted}
    for answer, future in zip(wrong, futures, strict=True):
        result = result_from(future.result())
        question = next(q for q in result.questions if q.name == answer.question)
        entry = {"fingerprint": fingerprint_of(question), "hint": answer.hint}
        found[answer.question].append(entry)
    if wanted:
        write_whole(cache, json.dumps({"mark": mark, "table": found}))
    return found


def _cached(cache: Path, mark: str) -> Table:
    try:
        held = json.loads(cache.read_text(encoding="utf-8"))
        return held["table"] if held["mark"] == mark else {}
    except (OSError, ValueError, KeyError):
        return {}


def handed_with(release: dict, answers: dict[str, str]) -> dict:
    """Return, as handed in, the solution with these answers in place of its own."""
    cells = []
    for cell in released_cells(release["solution"]):
        source = answers.get(cell.id, cell.source)
        cells.append({"cell_type": cell.cell_type, "source": source, "grade_id": cell.id})
    return asdict(HandedIn(cells=cells))
