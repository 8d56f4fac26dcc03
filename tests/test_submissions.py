"""The corpus: every submission gets the score that it deserves, with a reason, and harms nobody."""

import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from nbconvert.filters import markdown2html

from cnnbook.grading import cli
from cnnbook.grading.course import Course
from cnnbook.grading.grade import grade_class
from cnnbook.grading.limits import Limits
from cnnbook.grading.result import STATES
from cnnbook.grading.stored import read_results, stored_results
from cnnbook.grading.workers import stop_warm_parent, warm_parent
from tests.submissions import accidents, forgers, hostile  # noqa: F401  (they fill ROWS)
from tests.submissions.course import ASSIGNMENT, FULL, NOTEBOOK, Submission, make_course
from tests.submissions.rows import ROWS

LIMITS = replace(Limits(), cell_seconds=3, total_seconds=40, patience=2, memory=1 << 30)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The whole corpus, graded once."""
    probe = Path(hostile.PROBE)
    probe.unlink(missing_ok=True)
    course = Course(make_course(tmp_path_factory.mktemp("corpus")))
    assert cli.main(["release", "--course", str(course.root)]) == 0
    released = json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text())
    for name, row in ROWS.items():
        submission = Submission(released)
        row.spoil(submission)
        submission.write(course.submitted / name / ASSIGNMENT)
    before = snapshot(course.root)
    address = warm_parent().address
    summary = grade_class(course, ASSIGNMENT, limits=LIMITS)
    stop_warm_parent()
    yield course, summary, before, address
    probe.unlink(missing_ok=True)


def snapshot(root: Path) -> dict[str, bytes]:
    """Return all files that grading may not touch."""
    kept = ("solutions", "exercises", "submitted")
    return {
        str(path): path.read_bytes()
        for name in kept
        for path in (root / name).rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_there_are_enough_rows():
    assert len(ROWS) >= 100


@pytest.mark.parametrize("name", list(ROWS))
def test_the_score_is_the_deserved_one(graded, name):
    course, summary, *_ = graded
    held = read_results(course, ASSIGNMENT, name)
    assert held is not None, f"no result: {summary.failed.get(name)}"
    (result,) = stored_results(held)
    lost = {
        q.name: (q.score, q.state, q.reason, [t.detail for t in q.tests])
        for q in result.questions
        if q.score < q.points
    }
    assert result.score == ROWS[name].score, f"{ROWS[name].why}; {result.notes}; {lost}"
    for question in result.questions:
        assert question.state in STATES
        assert question.reason, f"{question.name} has no reason"


def test_the_run_ends_whole_and_the_gradebook_has_every_score(graded):
    course, summary, *_ = graded
    from nbgrader.api import Gradebook

    assert not summary.failed
    assert len(summary.graded) == len(ROWS)
    with Gradebook(course.db_url) as gradebook:
        for name, row in ROWS.items():
            assert gradebook.find_submission(ASSIGNMENT, name).score == row.score, name


def test_nothing_outside_the_scratch_folder_is_touched(graded):
    course, _, before, _ = graded
    assert snapshot(course.root) == before
    time.sleep(1)
    assert not Path(hostile.PROBE).exists()


def test_no_process_survives(graded):
    *_, address = graded
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout
    assert "ps -eo" in listed
    assert [line for line in listed.splitlines() if address in line] == []


def test_a_second_run_grades_nothing_again(graded):
    course, *_ = graded
    again = grade_class(course, ASSIGNMENT, limits=LIMITS)
    stop_warm_parent()
    assert again.graded == []
    assert len(again.unchanged) == len(ROWS)


def test_feedback_shows_no_hidden_test_and_no_script(graded):
    course, *_ = graded
    assert cli.main(["feedback", "--course", str(course.root)]) == 0
    pages = {
        name: (course.feedback / name / ASSIGNMENT / "feedback.html").read_text() for name in ROWS
    }
    for name, page in pages.items():
        assert "BEGIN HIDDEN" not in page
        assert "10**20" not in page
        assert "<script" not in page
        assert page.count("<style") == 1
        assert str(course.root) not in page, name
        assert "http:" not in page and "https:" not in page.replace("https://x", "")
    assert "&lt;script&gt;alert(1)" in pages["script_in_an_error"]
    assert f"{FULL:g} of 13 points" in pages["all_right"]


def test_formgrader_shows_no_script_of_a_written_answer(graded):
    course, *_ = graded
    path = course.autograded / "script_in_a_written_answer" / ASSIGNMENT / NOTEBOOK
    shown = markdown2html(json.loads(path.read_text())["cells"][-1]["source"])
    assert "alert(1)" in shown
    assert "<script" not in shown
    assert "href" not in shown
