"""The folders of a course: files that an instructor puts beside a notebook, and students' names."""

import json
import os
import shutil
from pathlib import Path

import pytest

from cnnbook.grading import cli, engine, grade, workers
from cnnbook.grading.course import Course
from cnnbook.grading.grade import grade_class
from cnnbook.grading.limits import Limits
from cnnbook.grading.workers import stop_warm_parent
from tests.submissions.course import (
    ASSIGNMENT,
    FULL,
    NOTEBOOK,
    SETUP,
    Submission,
    make_course,
    solution_notebook,
)

USE = """
from tables import half_of
numbers = [int(line) for line in open("numbers.txt")]
open("left_behind.txt", "w").write("x")
"""


@pytest.mark.parametrize("sandbox", [True, False])
def test_setup_and_answers_can_use_them_and_nothing_is_written_beside_them(tmp_path, sandbox):
    root = make_course(tmp_path / "course")
    source = root / "solutions" / ASSIGNMENT
    notebook = solution_notebook()
    (setup,) = (cell for cell in notebook["cells"] if cell["source"] == SETUP.strip())
    setup["source"] += USE
    (source / NOTEBOOK).write_text(json.dumps(notebook))
    (source / "numbers.txt").write_text("40\n2\n")
    (source / "tables.py").write_text("def half_of(n):\n    return n / 2\n")
    course = Course(root)
    assert cli.main(["release", "--course", str(root)]) == 0
    submission = Submission(json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text()))
    submission.answer("ANSWER", "ANSWER = sum(numbers)")
    submission.answer("halves", "def halves(n):\n    return [half_of(n), half_of(half_of(n))]")
    submission.write(course.submitted / "sofia" / ASSIGNMENT)
    before = sorted(root.rglob("*"))
    summary = grade_class(course, ASSIGNMENT, limits=Limits(cell_seconds=5), sandbox=sandbox)
    stop_warm_parent()
    assert (summary.scores, summary.flagged) == ({"sofia": FULL}, {})
    assert [path for path in root.rglob("left_behind.txt") if path not in before] == []


def test_a_release_needs_no_activated_environment(tmp_path, monkeypatch):
    root = make_course(tmp_path / "course")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert cli.main(["release", "--course", str(root)]) == 0
    assert (root / "exercises" / ASSIGNMENT / NOTEBOOK).is_file()


def test_right_answers_beside_a_notebook_are_not_released(tmp_path, capsys):
    root = make_course(tmp_path / "course")
    (root / "solutions" / ASSIGNMENT / "misconceptions.py").write_text("ANSWERS = []\n")
    assert cli.main(["release", "--course", str(root)]) == 2
    assert "CourseDirectory.ignore" in capsys.readouterr().err
    assert list((root / "exercises").rglob("misconceptions.py")) == []


def test_a_name_that_no_student_can_have_is_said_and_the_others_are_graded(tmp_path):
    course = Course(make_course(tmp_path / "course"))
    assert cli.main(["release", "--course", str(course.root)]) == 0
    released = json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text())
    odd = [os.fsdecode(b"s\xff"), "two\nlines"]
    for student in ("sofia", *odd):
        Submission(released).write(course.submitted / student / ASSIGNMENT)
    summary = grade_class(course, ASSIGNMENT)
    stop_warm_parent()
    assert summary.scores == {"sofia": FULL}
    assert sorted(summary.failed) == sorted(odd)
    assert all("rename the folder" in reason for reason in summary.failed.values())


def test_no_name_of_a_folder_reaches_the_terminal_as_it_is(tmp_path, capsys):
    course = Course(make_course(tmp_path / "course"))
    assert cli.main(["release", "--course", str(course.root)]) == 0
    submission = Submission(json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text()))
    submission.name = f"\x1b[2K\r17 graded\n  all right\u202e/{NOTEBOOK}"
    for student in ("so\x9bfia", "two\nlines", "ann"):
        submission.write(course.submitted / student / ASSIGNMENT)
    capsys.readouterr()
    for command in ("grade", "report", "feedback", "export"):
        cli.main([command, "--course", str(course.root)])
        said = "".join(capsys.readouterr())
        assert [c for c in said if not (c.isprintable() or c == "\n")] == []
        assert not [line for line in said.splitlines() if line.strip() == "all right"]
        assert ("found in" in said) == (command in ("grade", "report"))


def test_whatever_scores_depend_on_makes_them_outdated(tmp_path, monkeypatch):
    package = tmp_path / "cnnbook"
    shutil.copytree(Path(engine.__file__).parents[1], package)
    before = engine.engine_mark(package)
    assert before == engine.ENGINE
    (package / "checks.py").write_text("# another way to compare numbers\n")
    changed = engine.engine_mark(package)
    monkeypatch.setattr(engine, "version", lambda name: "0")
    assert len({before, changed, engine.engine_mark(package)}) == 3


def test_an_interrupt_that_a_library_turns_into_an_error_is_an_interrupt(
    tmp_path, monkeypatch, capsys
):
    root = make_course(tmp_path / "course")

    def interrupted(*_, **__):
        workers.stop.set()
        raise RuntimeError("the session is in an illegal state")

    monkeypatch.setattr(grade, "grade_class", interrupted)
    try:
        assert cli.main(["grade", "--course", str(root)]) == 130
    finally:
        workers.stop.clear()
    assert "the next run goes on from here" in capsys.readouterr().err
    monkeypatch.setattr(workers.stop, "set", lambda: None)
    with pytest.raises(RuntimeError):
        cli.main(["grade", "--course", str(root)])


def test_both_processes_of_a_submission_stay_on_one_cpu(tmp_path):
    course = Course(make_course(tmp_path / "course"))
    assert cli.main(["release", "--course", str(course.root)]) == 0
    submission = Submission(json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text()))
    submission.answer("ANSWER", "import os\nANSWER = 41 + len(os.sched_getaffinity(0))")
    submission.write(course.submitted / "sofia" / ASSIGNMENT)
    assert grade_class(course, ASSIGNMENT, jobs=1).scores == {"sofia": FULL}
    stop_warm_parent()
