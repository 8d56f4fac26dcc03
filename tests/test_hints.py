"""Hints: looked up when the scores stand, for the questions that lost points, once."""

import json

import pytest

from cnnbook.grading import cli, hints, workers
from cnnbook.grading.course import Course
from cnnbook.grading.grade import grade_class
from cnnbook.grading.record import gradebook_of
from cnnbook.grading.stored import read_results, stored_results
from tests.submissions.course import ASSIGNMENT, FULL, NOTEBOOK, Submission, make_course

ANSWERS = """
from cnnbook.grading.misconceptions import wrong

@wrong("adds two", hint="Twice is not two more.")
def double(x):
    return x + 2

@wrong("counts", hint="Add the values.")
def total(values):
    return len(values)
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course in which Ann adds two and Bob is right; with a list of the answers that were looked up."""
    made = Course(make_course(tmp_path))
    (made.source / ASSIGNMENT / "misconceptions.py").write_text(ANSWERS)
    config = tmp_path / "nbgrader_config.py"
    config.write_text(config.read_text() + 'c.CourseDirectory.ignore = ["misconceptions.py"]\n')
    assert cli.main(["release", "--course", str(tmp_path)]) == 0
    released = json.loads((made.release / ASSIGNMENT / NOTEBOOK).read_text())
    for student, answer in {"ann": "def double(x):\n    return x + 2", "bob": None}.items():
        submission = Submission(released)
        if answer:
            submission.answer("double", answer)
        submission.write(made.submitted / student / ASSIGNMENT)
    asked = []
    monkeypatch.setattr(
        hints, "handed_with", lambda r, a, real=hints.handed_with: asked.append(a) or real(r, a)
    )
    yield made, asked
    workers.stop_warm_parent()


def hint_of(course: Course, student: str, question: str) -> str:
    (result,) = stored_results(read_results(course, ASSIGNMENT, student))
    return next(q.hint for q in result.questions if q.name == question)


def test_only_what_lost_points_is_looked_up_and_only_once(course):
    made, asked = course
    grade_class(made, ASSIGNMENT)
    assert hint_of(made, "ann", "double") == "Twice is not two more."
    assert hint_of(made, "bob", "double") == ""
    assert [list(answer) for answer in asked] == [["double"]]
    assert grade_class(made, ASSIGNMENT).unchanged == ["ann", "bob"]
    assert len(asked) == 1


def test_scores_stand_before_hints_and_the_next_run_brings_them(course, monkeypatch):
    made, _ = course
    with monkeypatch.context() as patch:
        patch.setattr(hints, "table", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            grade_class(made, ASSIGNMENT)
    with gradebook_of(made) as gradebook:
        scores = {s.student.id: s.score for s in gradebook.find_assignment(ASSIGNMENT).submissions}
    assert scores == {"ann": FULL - 2, "bob": FULL}
    assert hint_of(made, "ann", "double") == ""
    assert grade_class(made, ASSIGNMENT).unchanged == ["ann", "bob"]
    assert hint_of(made, "ann", "double") == "Twice is not two more."


def test_changed_misconceptions_are_looked_up_anew(course):
    made, asked = course
    grade_class(made, ASSIGNMENT)
    path = made.source / ASSIGNMENT / "misconceptions.py"
    path.write_text(ANSWERS.replace("Twice is not", "Two times is not"))
    path = made.submitted / "ann" / ASSIGNMENT / NOTEBOOK
    path.write_text(path.read_text().replace("x + 2", "2 + x"))
    grade_class(made, ASSIGNMENT)
    assert hint_of(made, "ann", "double") == "Two times is not two more."
    assert len(asked) == 2
