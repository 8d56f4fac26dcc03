"""Loading plausible answers, and scoring them."""

import json

import pytest

from cnnbook.grading.assignment import Question
from cnnbook.grading.misconceptions import load_answers, wrong, wrong_change
from scripts.checks import answers
from scripts.checks.answers import Runner

FILE = '''"""Answers."""

import itertools

from cnnbook.grading.misconceptions import right, wrong, wrong_change


@wrong("adds one", hint="Do not add one.")
def count(items):
    return len(items) + 1


@right("counts by hand")
def count(items):
    return sum(1 for _ in itertools.chain(items))


@wrong("is no module", hint="Inherit from nn.Module.")
class Net:
    pass
'''


def test_answers_come_in_order_with_imports_and_without_decorators(tmp_path):
    path = tmp_path / "misconceptions.py"
    path.write_text(FILE)
    first, second, third = load_answers(path)
    assert (first.question, first.name, first.hint) == ("count", "adds one", "Do not add one.")
    assert first.source == "import itertools\n\n\ndef count(items):\n    return len(items) + 1\n"
    assert (second.is_right, first.is_right) == (True, False)
    assert third.question == "Net"


def test_a_wrong_answer_needs_a_hint():
    with pytest.raises(ValueError, match="'adds one'"):
        wrong("adds one", hint="")
    with pytest.raises(ValueError, match="'adds one'"):
        wrong_change("count", "adds one", hint="", old="a", new="b")


def course(tmp_path, changes):
    """Write a solution with one question, and misconceptions with these changes of it."""
    cell = {
        "cell_type": "code",
        "metadata": {"nbgrader": {"grade_id": "count", "solution": True, "grade": False}},
        "source": ["def count(items):\n", "    return len(items)"],
    }
    (tmp_path / "topic.ipynb").write_text(json.dumps({"cells": [cell]}))
    path = tmp_path / "misconceptions.py"
    path.write_text(FILE + changes)
    return path


def test_a_change_is_the_solution_with_one_thing_replaced(tmp_path):
    change = 'wrong_change("count", "is empty", hint="Look.", old="len(items)", new="0")\n'
    *_, last = load_answers(course(tmp_path, change))
    assert last.source == "def count(items):\n    return 0"
    assert (last.question, last.name, last.hint) == ("count", "is empty", "Look.")


def test_a_change_that_finds_nothing_to_change_is_refused(tmp_path):
    change = 'wrong_change("count", "is lost", hint="Look.", old="no such text", new="")\n'
    with pytest.raises(ValueError, match="'is lost': the solution of count does not hold"):
        load_answers(course(tmp_path, change))
    change = 'wrong_change("cuont", "is lost", hint="Look.", old="", new="")\n'
    with pytest.raises(ValueError, match="there is no such question"):
        load_answers(course(tmp_path, change))


QUESTION = Question(
    "count",
    "",
    [("test_a", 2, "assert count([1]) == 1"), ("test_b", 1, "assert count([]) == 0")],
)


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("def count(items):\n    return len(items)", 3),
        ("def count(items):\n    return 1", 2),
        ("def count(items):\n    return len(items) + 1", 0),
        ("raise NotImplementedError()", 0),
        ("def count(", 0),
        ("import os\ndef count(items):\n    os._exit(0)", 0),
        ("import sys\ndef count(items):\n    print('x', file=sys.stderr); return len(items)", 0),
        ("def count(items):\n    print('x'); return len(items)", 3),
    ],
)
def test_a_test_cell_gives_its_points_or_none(answer, points):
    runner = Runner("", QUESTION)
    assert runner.points(answer) == points
    assert runner.is_full(answer) == (points == 3)


@pytest.mark.parametrize("line", ["pass", "import time; time.sleep(9)"])
def test_an_answer_that_never_ends_scores_nothing(monkeypatch, line):
    monkeypatch.setattr(answers, "SECONDS", 1)
    runner = Runner("", QUESTION)
    answer = f"def count(items):\n    while True: {line}"
    assert runner.points(answer) == 0
    assert not runner.is_full(answer, 0.5)
