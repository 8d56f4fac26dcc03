"""Scores as a file for a learning management system; no cell can act as a formula."""

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cnnbook.grading.course import Course, CourseError, write_whole

FORMULA = ("=", "+", "-", "@")
NAME = re.compile(r"[-+@][\w.@-]*")  # calls nothing, and a system has to find its own ids again


def safe(value) -> str:
    """Return a cell that a spreadsheet shows as it stands; one that it would compute gets a quote."""
    if isinstance(value, float):
        return f"{value:g}"
    text = "".join(_in_one_line(letter) for letter in str("" if value is None else value))
    seen = unicodedata.normalize("NFKC", text)  # spreadsheets read a wide "＝" as "="
    start = "".join(itertools.dropwhile(lambda c: c.isspace() or not c.isprintable(), seen))
    is_formula = start.startswith(FORMULA) and not NAME.fullmatch(start.rstrip())
    return f"'{text}" if is_formula else text


def _in_one_line(letter: str) -> str:
    return " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter


def scores_of(course: Course, gradebook, assignments: list[str]) -> list[dict]:
    """Return one row for each student and assignment, in order, from the gradebook."""
    rows = []
    for assignment in assignments:
        known = gradebook.find_assignment(assignment)
        for submission in sorted(known.submissions, key=lambda s: s.student.id):
            student = submission.student
            rows.append(
                {
                    "student": student.id,
                    "first": student.first_name or "",
                    "last": student.last_name or "",
                    "email": student.email or "",
                    "assignment": assignment,
                    "score": float(submission.score),
                    "points": float(submission.max_score),
                    "open": bool(submission.needs_manual_grade),
                }
            )
    return rows


@dataclass(frozen=True)
class Format:
    """A file that a system reads: its table, from the rows of `scores_of` and the assignments' names."""

    table: Callable[[list[dict], list[str]], Iterable[list]]
    takes_many: bool  # assignments at a time
    what: str


def write_export(rows: list[dict], kind: str, path: Path) -> None:
    """Write the rows in one of FORMATS. Raises CourseError where the format takes one assignment."""
    assignments = list(dict.fromkeys(row["assignment"] for row in rows))
    if len(assignments) > 1 and not FORMATS[kind].takes_many:
        raise CourseError(
            f"{kind} takes one assignment at a time: name one of {', '.join(assignments)}"
        )
    out = io.StringIO(newline="")
    table = FORMATS[kind].table(rows, assignments)
    csv.writer(out).writerows([[safe(cell) for cell in row] for row in table])
    write_whole(path, out.getvalue())


def _name(row: dict) -> str:
    return f"{row['first']} {row['last']}".strip() or row["student"]


def _csv(rows, assignments):
    yield [
        "assignment",
        "student",
        "first_name",
        "last_name",
        "email",
        "score",
        "max_score",
        "not_graded_yet",
    ]
    for row in rows:
        yield [
            row["assignment"], row["student"], row["first"], row["last"], row["email"], row["score"],
            row["points"], "yes" if row["open"] else "",
        ]  # fmt: skip


def _canvas(rows, assignments):
    """Canvas: a row of points possible, then a column for each assignment."""
    points = {row["assignment"]: row["points"] for row in rows}
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *assignments]
    yield ["Points Possible", "", "", "", "", *(points[a] for a in assignments)]
    by_student: dict[str, dict] = {}
    for row in rows:
        by_student.setdefault(row["student"], {"row": row})[row["assignment"]] = row["score"]
    for student, held in by_student.items():
        yield [
            _name(held["row"]),
            "",
            student,
            student,
            "",
            *(held.get(a, "") for a in assignments),
        ]


def _moodle(rows, assignments):
    yield ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade"]
    for row in rows:
        yield [row["student"], _name(row), row["email"], row["score"], row["points"]]


def _gradescope(rows, assignments):
    yield ["First Name", "Last Name", "SID", "Email", "Total Score", "Max Points"]
    for row in rows:
        yield [row["first"], row["last"], row["student"], row["email"], row["score"], row["points"]]


FORMATS = {
    "csv": Format(_csv, True, "a row for each student and assignment"),
    "canvas": Format(_canvas, True, "Canvas's gradebook, a column for each assignment"),
    "moodle": Format(_moodle, False, "Moodle's grades of one assignment"),
    "gradescope": Format(_gradescope, False, "Gradescope's grades of one assignment"),
}
