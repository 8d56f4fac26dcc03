"""Grade a made-up class with nbgrader's own commands and compare the scores with the deserved ones.

Run by `make grade-demo` and by `make test`. Everything happens in a temporary course folder.
"""

import argparse
import copy
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.misconceptions import load_answers
from scripts.paths import ROOT

ASSIGNMENT = "02_convolution"
NOTEBOOK = "convolution.ipynb"
FULL = 29.0  # what the tests give; the written question's 5 points are given by a person
SECONDS_A_CELL = 5

SOLUTION = ROOT / "solutions" / ASSIGNMENT / NOTEBOOK
RELEASE = ROOT / "exercises" / ASSIGNMENT / NOTEBOOK

LOUD = """
import sys, warnings
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    print("called with", n)
    warnings.warn("this is only a warning")
    print("to stderr", file=sys.stderr)
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
"""
ENDLESS = """
def same_padding(kernel_size, dilation=1):
    while True:
        pass
"""
USES_A_HELPER = """
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - span_of(kernel_size, dilation)) // stride + 1
"""
HELPER = "def span_of(k, d):\n    return d * (k - 1) + 1"
MISSING_KEY = """
def worked_numbers():
    return {"full_macs": 589824, "separable_macs": 67840, "seen_by_five": 11,
            "exact_shift_mode": "circular"}
"""


class Answers:
    """What is known about the assignment's questions: solutions, wrong and right answers."""

    def __init__(self):
        _, questions = read_assignment(SOLUTION)
        self.solution = {question.name: question.source for question in questions}
        self.answers = load_answers(SOLUTION.parent / "misconceptions.py")

    def named(self, question: str, name: str) -> dict[str, str]:
        """Return the solution with one answer replaced by the misconception of that name."""
        for answer in self.answers:
            if (answer.question, answer.name) == (question, name):
                return {**self.solution, question: answer.source}
        raise KeyError(f"{question} has no answer named {name!r}")

    def alternative(self, number: int) -> dict[str, str]:
        """Return, for every question, its right answer of that number."""
        right: dict[str, list[str]] = {name: [] for name in self.solution}
        for answer in self.answers:
            if answer.is_right:
                right[answer.question].append(answer.source)
        return {name: sources[number] for name, sources in right.items()}


def submission(answers: dict[str, str], release: Path = RELEASE) -> dict:
    """Return the released notebook with these answers filled in, by grade_id."""
    notebook = json.loads(release.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in answers:
            cell["source"] = answers[grade_id]
    return notebook


def the_class() -> dict[str, tuple[dict, float]]:
    """Return, for each student, the notebook handed in and the score that it deserves."""
    known = Answers()
    right = known.solution
    first_half = ("output_size", "same_padding", "conv_parameters", "cost_table")
    students = {
        "solution": (submission(right), FULL),
        "untouched": (submission({}), 0),
        "other-words-1": (submission(known.alternative(0)), FULL),
        "other-words-2": (submission(known.alternative(1)), FULL),
        "first-half": (submission({name: right[name] for name in first_half}), 15),
        "no-dilation": (submission(known.named("output_size", "ignores dilation")), FULL - 1),
        "no-groups": (submission(known.named("conv_parameters", "ignores groups")), FULL - 1),
        "flops": (submission(known.named("cost_table", "counts FLOPs")), FULL - 3),
        "calls-torch": (submission(known.named("conv2d", "calls PyTorch")), FULL - 6),
        "no-stride": (submission(known.named("conv2d", "ignores the stride's step")), FULL - 4),
        "endless": (submission({**right, "same_padding": ENDLESS}), FULL - 3),
        "syntax-error": (submission({**right, "swap_pointwise": "def swap_pointwise("}), FULL - 2),
        "loud": (submission({**right, "output_size": LOUD}), FULL),
        "missing-key": (submission({**right, "worked_numbers": MISSING_KEY}), FULL - 2),
    }
    students["own-cells"] = (
        with_helper_cell(submission({**right, "output_size": USES_A_HELPER})),
        FULL,
    )
    students["edited-test"] = (
        without_tests(submission({**right, "conv2d": "def conv2d(*a): pass"})),
        FULL - 6,
    )
    students["colab"] = (as_colab_saves(submission(right)), FULL)
    return students


def with_helper_cell(notebook: dict) -> dict:
    """Return the notebook with a cell of the student's own before the first question."""
    cell: dict[str, object] = {"cell_type": "code", "execution_count": None, "id": "mine"}
    notebook["cells"].insert(2, {**cell, "metadata": {}, "outputs": [], "source": HELPER})
    return notebook


def without_tests(notebook: dict) -> dict:
    """Return the notebook with the tests of conv2d blanked out."""
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("test_conv2d"):
            cell["source"] = "pass"
    return notebook


def as_colab_saves(notebook: dict) -> dict:
    """Return the notebook with the metadata that Colab adds."""
    notebook = copy.deepcopy(notebook)
    notebook["metadata"]["colab"] = {"provenance": [], "toc_visible": True}
    notebook["metadata"]["accelerator"] = "GPU"
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"]["id"] = f"aB{number}cD"
        if cell["cell_type"] == "code":
            cell["metadata"]["outputId"] = f"e{number}"
            cell["metadata"]["colab"] = {"base_uri": "https://localhost:8080/"}
    return notebook


def nbgrader(course: Path, *arguments: str) -> None:
    """Run one nbgrader command in the course folder; its words are shown where it fails."""
    done = subprocess.run(["nbgrader", *arguments], cwd=course, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")


def grade(course: Path, students: dict[str, tuple[dict, float]]) -> dict[str, float | None]:
    """Release, hand in, autograde and write feedback; return each student's score."""
    shutil.copytree(ROOT / "solutions" / ASSIGNMENT, course / "solutions" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    nbgrader(course, "generate_assignment", ASSIGNMENT)
    for student, (notebook, _) in students.items():
        folder = course / "submitted" / student / ASSIGNMENT
        folder.mkdir(parents=True)
        (folder / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
    timeout = f"--ExecutePreprocessor.timeout={SECONDS_A_CELL}"
    nbgrader(course, "autograde", ASSIGNMENT, timeout)
    nbgrader(course, "generate_feedback", ASSIGNMENT)
    nbgrader(course, "export")
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        return {student: score_of(gradebook, student) for student in students}


def score_of(gradebook: Gradebook, student: str) -> float | None:
    """Return the autograded score, or None where the gradebook has none."""
    try:
        return gradebook.find_submission(ASSIGNMENT, student).score
    except MissingEntry:
        return None


def grade_and_compare(students: dict[str, tuple[dict, float]], keep: Path | None = None) -> int:
    """Grade the class, print its scores, and return how many are not the deserved ones.

    keep: an empty folder in which the course stays; a temporary one unless given.
    """
    with tempfile.TemporaryDirectory() as temporary:
        course = keep.resolve() if keep else Path(temporary)
        course.mkdir(parents=True, exist_ok=True)
        scores = grade(course, students)
        feedback = {path.parts[-3] for path in (course / "feedback").glob("*/*/*.html")}
    wrong = 0
    for student, (_, deserved) in students.items():
        is_wrong = scores[student] != deserved or student not in feedback
        wrong += is_wrong
        got = "none" if scores[student] is None else f"{scores[student]:g}"
        note = "  <- NOT AS DESERVED" if is_wrong else ""
        print(f"{student:15s} {got:>5s} of {FULL:g}, deserved {deserved:g}{note}")
    print(f"{len(students)} submissions graded by nbgrader, {wrong} not as deserved")
    return wrong


def main() -> int:
    """Grade the class, and fail if one score is not the deserved one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="an empty folder in which the course stays")
    return int(grade_and_compare(the_class(), parser.parse_args().keep) > 0)


if __name__ == "__main__":
    sys.exit(main())
