"""Grade the same submissions with nbgrader's autograde and with `cnnbook grade`: times and scores.

`make bench-grading` measures times and costs; `python -m scripts.bench_grading --equal 200` compares
the scores of so many honest submissions, `--answers` those of every known answer of every assignment
with plain execution, and `--flat 5000` looks whether the cost of one grows with the class. All write
into results/.
"""

import argparse
import itertools
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnnbook.grading import workers
from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.course import Course
from cnnbook.grading.grade import grade_class
from cnnbook.grading.misconceptions import load_answers
from scripts.compare_engines import compare_answers
from scripts.grade_demo import ASSIGNMENT, SOLUTION, submission
from scripts.grading_costs import busy, costs
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

FEW, CLASS = 20, 100
QUICK = "05_receptive_fields"  # where all but the engine costs little


def mixtures(
    count: int, seed: int = 0, solution: Path = SOLUTION, *, also_wrong: bool = True
) -> list[dict]:
    """Return notebooks that answer each question at random: rightly, in other words, or wrongly."""
    chooser = random.Random(seed)
    _, questions = read_assignment(solution)
    choices = {question.name: [question.source] * 3 for question in questions}
    for answer in load_answers(solution.parent / "misconceptions.py"):
        if answer.is_right or also_wrong:
            choices[answer.question].append(answer.source)
    release = ROOT / "exercises" / solution.parent.name / solution.name
    return [
        submission({name: chooser.choice(sources) for name, sources in choices.items()}, release)
        for _ in range(count)
    ]


def make_course(folder: Path, notebooks: list[dict], solution: Path = SOLUTION) -> Course:
    """Write a released course with these submissions."""
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    run([sys.executable, "-m", "cnnbook.grading.cli", "release"], folder)
    for number, notebook in enumerate(notebooks):
        target = folder / "submitted" / f"s{number:04d}" / solution.parent.name
        target.mkdir(parents=True)
        (target / solution.name).write_text(json.dumps(notebook), encoding="utf-8")
    return Course(folder)


def run(command: list[str], folder: Path) -> float:
    """Run a command and return its seconds. Raises RuntimeError with its words where it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode > 1:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def grade_command(folder: Path) -> float:
    """Grade the whole class anew and return the seconds."""
    shutil.rmtree(folder / "autograded", ignore_errors=True)
    return run([sys.executable, "-m", "cnnbook.grading.cli", "grade", ASSIGNMENT], folder)


def scores(course: Course) -> dict[str, dict[str, float]]:
    """Return each student's score for each test, from the gradebook."""
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url) as gradebook:
        return {
            held.student.id: {g.name: g.auto_score for n in held.notebooks for g in n.grades}
            for held in gradebook.find_assignment(ASSIGNMENT).submissions
        }


def measure() -> dict:
    """Return the times of both, from one run."""
    with tempfile.TemporaryDirectory() as folder:
        few, whole = Path(folder) / "few", Path(folder) / "whole"
        notebooks = mixtures(CLASS)
        make_course(few, notebooks[:FEW])
        make_course(whole, notebooks)
        for course in (few, whole):
            grade_command(course)  # for warmth, and so that the hints are known
        ours_few, ours = grade_command(few), grade_command(whole)
        shutil.rmtree(whole / "autograded")
        theirs = run(["nbgrader", "autograde", ASSIGNMENT], whole)
    each = (ours - ours_few) / (CLASS - FEW)
    times = {
        "submissions": CLASS,
        "nbgrader, seconds a submission": theirs / CLASS,
        "engine, seconds a submission": ours / CLASS,
        "engine, each further submission": each,
        "times faster, start included": theirs / ours,
        f"times faster where there are only {FEW}": theirs / CLASS * FEW / ours_few,
        "times faster, each further submission": theirs / CLASS / each,
    }
    each_assignment = costs()
    workers.stop_warm_parent()
    beyond = [cost["beyond"] for cost in each_assignment.values()]
    mean = sum(beyond) / len(beyond)
    times["CPU seconds beyond the cells, mean of the assignments"] = mean
    times["the same, per second of nbgrader's for a submission"] = mean / (theirs / CLASS)
    return {name: round(value, 3) for name, value in times.items()} | {"costs": each_assignment}


def flatness(count: int) -> dict:
    """Return what a submission costs early and late in a large class, and this process's memory."""
    marks = [10, *(n for n in (100, *range(1000, count, 1000)) if n < count), count]
    points: list[tuple[int, float, float, int]] = []
    result: dict[str, dict[str, float]] = {}

    def look(done: int, total: int, left: float) -> None:
        if len(points) < len(marks) and done >= marks[len(points)]:
            memory = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]
            points.append((done, time.perf_counter(), busy(), int(memory) >> 10))
            for before, now in itertools.pairwise(points[-2:]):
                between(before, now)

    def between(before: tuple[int, float, float, int], now: tuple[int, float, float, int]) -> None:
        (first, start, used, _), (last, end, more, memory) = before, now
        name = f"submissions {first} to {last}"
        result[name] = {
            "seconds each": round((end - start) / (last - first), 3),
            "CPU seconds each": round((more - used) / (last - first), 3),
            "MiB of the grading process": memory,
        }
        print(name, result[name], flush=True)

    (solution,) = (ROOT / "solutions" / QUICK).glob("*.ipynb")
    with tempfile.TemporaryDirectory() as folder:
        right = mixtures(count, solution=solution, also_wrong=False)  # a wrong one may be endless
        course = make_course(Path(folder) / "course", right, solution)
        grade_class(course, QUICK, students=["s0000"])  # so that the hints are known
        grade_class(course, QUICK, progress=look)
    workers.stop_warm_parent()
    return result


def compare(count: int) -> dict:
    """Return the scores that differ between nbgrader and the engine."""
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder) / "course", mixtures(count, seed=1))
        grade_command(course.root)
        ours = scores(course)
        shutil.rmtree(course.autograded)
        run(["nbgrader", "autograde", ASSIGNMENT], course.root)
        theirs = scores(course)
    differences = [
        {"student": student, "test": test, "engine": ours[student][test], "nbgrader": score}
        for student, tests in theirs.items()
        for test, score in tests.items()
        if ours[student][test] != score
    ]
    tests = sum(len(tests) for tests in theirs.values())
    return {"submissions": len(theirs), "scores compared": tests, "differences": differences}


def main() -> int:
    """Measure or compare, print the result and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--equal", type=int, help="compare the scores of so many submissions")
    parser.add_argument("--flat", type=int, help="grade a class of so many")
    parser.add_argument("--answers", action="store_true", help="compare every known answer")
    options = parser.parse_args()
    if options.answers:
        name, result = "grading_answers", compare_answers()
    elif options.equal:
        name, result = "grading_equal", compare(options.equal)
    elif options.flat:
        name, result = "grading_flat", flatness(options.flat)
    else:
        name, result = "grading", measure()
    print(json.dumps(result, indent=1))
    of = "all" if options.answers else QUICK if options.flat else ASSIGNMENT
    record = {"hardware": describe_hardware(), "assignment": of, "result": result}
    (ROOT / "results" / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    return int(bool(result.get("differences")))


if __name__ == "__main__":
    sys.exit(main())
