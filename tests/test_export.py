"""Files for learning management systems: every cell is what it was, and none is a formula."""

import csv

import pytest

from cnnbook.grading.course import CourseError
from cnnbook.grading.export import safe, write_export

ROWS = [
    {"student": s, "first": first, "last": "", "email": "", "assignment": "tiny", "score": score, "points": 11.0,
     "open": False}
    for s, first, score in (("=1+1", "@SUM(A1)", -1.0), ("bob", "+49\n=cmd", 10.5))
]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "canvas", "moodle", "gradescope"])
def test_no_cell_of_an_export_is_a_formula(tmp_path, kind):
    write_export(ROWS, kind, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    for cell in (cell for row in rows[1:] for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t")), cell
        assert not cell.startswith("-") or float(cell) == -1
    assert len(rows) == 3 + (kind == "canvas")
    assert any("10.5" in row for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "＝1+1", "\u00a0=1+1", "\u200b=1+1", "\ufeff=1+1", "\t=1+1", "\u3000＝cmd|' /C x'!A1",
        "﹦1+1", "＋1+1", "－1+1", "＠SUM(A1)", "@SUM(A1)", "-cmd|' /C x'!A1", "-1+1", "-(1)", "\x00=1",
        "\u2028=1",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_compute_is_marked_as_text(text):
    assert safe(text).startswith("'")
    assert safe(text)[1:].strip() == text.strip("\x00\t\u2028").strip()


@pytest.mark.parametrize(
    "text", ["-abc", "-", "+49301234", "@ann", "-ann.lee@uni.edu", "－müller", "a=1", "'x", " ann"]
)
def test_names_that_begin_with_a_sign_stay_as_they_are(text):
    assert safe(text) == text


def test_safe_cells_keep_their_text():
    assert [safe(v) for v in ("=1", "a\nb", 2.50, None, "plain")] == [
        "'=1",
        "a b",
        "2.5",
        "",
        "plain",
    ]
    assert "\n" not in safe("x\r\ny")


def test_one_assignment_at_a_time_where_the_format_takes_one(tmp_path):
    rows = [ROWS[0], {**ROWS[1], "assignment": "other"}]
    with pytest.raises(CourseError, match="one assignment at a time"):
        write_export(rows, "moodle", tmp_path / "out.csv")
    write_export(rows, "canvas", tmp_path / "out.csv")


@pytest.mark.parametrize("kind", ["csv", "canvas", "moodle", "gradescope"])
def test_every_row_has_a_cell_for_each_column(kind, tmp_path):
    write_export(ROWS, kind, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert rows
    assert {len(row) for row in rows} == {len(header)}
