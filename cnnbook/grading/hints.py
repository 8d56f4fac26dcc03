"""Recognise known misconceptions: a failed answer that behaves like one gets its hint.

Every wrong answer in an assignment's `misconceptions.py` is graded once; what its tests said is its
fingerprint. An answer of a student's with the same fingerprint made the same mistake.
"""

import json
from concurrent.futures import Executor
from dataclasses import asdict
from pathlib import Path

from cnnbook.grading.assignment import released_cells
from cnnbook.grading.course import Course, digest, write_whole
from cnnbook.grading.engine import ENGINE
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.limits import Limits
from cnnbook.grading.misconceptions import load_answers
from cnnbook.grading.result import NotebookResult, QuestionResult, result_from
from cnnbook.grading.workers import grade_submission

Table = dict[str, list[dict]]  # question → [{"fingerprint", "hint"}]


def fingerprint_of(question: QuestionResult) -> list:
    """Return what the tests said of an answer."""
    return [[test.id, test.score, test.detail] for test in question.tests]


def apply(table: Table, result: NotebookResult) -> None:
    """Put the hint of the misconception that it resembles on each question that lost points."""
    for question in result.questions:
        if question.state in ("right", "missing", "by hand"):
            continue
        for known in table.get(question.name, []):
            if known["fingerprint"] == fingerprint_of(question):
                question.hint = known["hint"]
                break


def table(
    course: Course, assignment: str, release: dict, limits: Limits, sandbox: bool, pool: Executor
) -> Table:
    """Return the fingerprints of an assignment's misconceptions, from the course's cache if they are there."""
    path = course.source / assignment / "misconceptions.py"
    if not path.is_file():
        return {}
    mark = digest(ENGINE, path.read_bytes(), json.dumps(release, sort_keys=True))
    cache = course.root / ".cnnbook" / f"hints-{assignment}-{Path(release['notebook']).stem}.json"
    try:
        held = json.loads(cache.read_text(encoding="utf-8"))
        if held["mark"] == mark:
            return held["table"]
    except (OSError, ValueError, KeyError):
        pass
    known = {cell.id for cell in released_cells(release["solution"]) if cell.kind == "answer"}
    wrong = [a for a in load_answers(path) if not a.is_right and a.question in known]
    futures = [
        pool.submit(
            grade_submission, release, handed_with(release, {a.question: a.source}),
            limits.as_dict(), sandbox=sandbox, only=a.question,
        )
        for a in wrong
    ]  # fmt: skip
    found: Table = {}
    for answer, future in zip(wrong, futures, strict=True):
        result = result_from(future.result())
        question = next(q for q in result.questions if q.name == answer.question)
        entry = {"fingerprint": fingerprint_of(question), "hint": answer.hint}
        found.setdefault(answer.question, []).append(entry)
    write_whole(cache, json.dumps({"mark": mark, "table": found}))
    return found


def handed_with(release: dict, answers: dict[str, str]) -> dict:
    """Return, as handed in, the solution with these answers in place of its own."""
    cells = []
    for cell in released_cells(release["solution"]):
        source = answers.get(cell.id, cell.source)
        cells.append({"cell_type": cell.cell_type, "source": source, "grade_id": cell.id})
    return asdict(HandedIn(cells=cells))
