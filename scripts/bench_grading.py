"""Grade the same submissions with nbgrader's autograde and with `cnnbook grade`: times and scores.

`make bench-grading` measures the times; `python -m scripts.bench_grading --equal 200` compares the
scores of so many honest submissions. Both write into results/.
"""

import argparse
import gc
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

from cnnbook.grading import warm, workers
from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.course import Course
from cnnbook.grading.intake import HandedIn, read_notebook
from cnnbook.grading.limits import Limits
from cnnbook.grading.misconceptions import load_answers
from scripts.grade_demo import ASSIGNMENT, NOTEBOOK, SOLUTION, submission
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

STOCK, ENGINE, FEW = 20, 100, 10


def mixtures(count: int, seed: int = 0) -> list[dict]:
    """Return notebooks that answer each question at random: rightly, in other words, or wrongly."""
    chooser = random.Random(seed)
    _, questions = read_assignment(SOLUTION)
    choices = {question.name: [question.source] * 3 for question in questions}
    for answer in load_answers(SOLUTION.parent / "misconceptions.py"):
        choices[answer.question].append(answer.source)
    return [
        submission({name: chooser.choice(sources) for name, sources in choices.items()})
        for _ in range(count)
    ]


def make_course(folder: Path, notebooks: list[dict]) -> Course:
    """Write a released course with these submissions."""
    shutil.copytree(ROOT / "solutions", folder / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    run([sys.executable, "-m", "cnnbook.grading.cli", "release"], folder)
    for number, notebook in enumerate(notebooks):
        target = folder / "submitted" / f"s{number:04d}" / ASSIGNMENT
        target.mkdir(parents=True)
        (target / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
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


def busy() -> float:
    """Return the CPU seconds that all processes of the machine have used."""
    fields = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / os.sysconf("SC_CLK_TCK")


def cells_own_cpu(rounds: int = 10) -> float:
    """Return the CPU seconds of the solution's cells and tests alone, in a fork of a warm process."""
    import torch

    for name in warm.PRELOADED:
        importlib.import_module(name)
    setup, questions = read_assignment(SOLUTION)
    gc.collect()
    gc.freeze()
    before = busy()
    for _ in range(rounds):
        child = os.fork()
        if child == 0:
            torch.set_num_threads(1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            names = {"__name__": "__main__"}
            for source in [
                setup,
                *(s for q in questions for s in (q.source, *(t[2] for t in q.tests))),
            ]:
                exec(source, names)
            os._exit(0)
        os.waitpid(child, 0)
    return (busy() - before) / rounds


def release_and_handed() -> tuple[dict, dict]:
    """Return the assignment and its solution, as the pure function takes them."""
    solution = json.loads(SOLUTION.read_text())
    released = json.loads((ROOT / "exercises" / ASSIGNMENT / NOTEBOOK).read_text())
    release = {"notebook": NOTEBOOK, "solution": solution, "release": released, "files": None}
    return release, asdict(read_notebook(SOLUTION))


def engine_cpu(rounds: int = 10) -> float:
    """Return the CPU seconds in which the engine grades the solution, sandbox on."""
    release, handed = release_and_handed()
    workers.grade_submission(release, handed, Limits().as_dict())
    before = busy()
    for _ in range(rounds):
        workers.grade_submission(release, handed, Limits().as_dict())
    return (busy() - before) / rounds


def private_mib() -> float:
    """Return the most private memory of one process while a submission is graded."""
    release, handed = release_and_handed()
    handed = asdict(HandedIn(cells=[*handed["cells"], {
        "cell_type": "code", "source": "import time\ntime.sleep(1)", "grade_id": None,
    }]))  # fmt: skip
    most, done = 0.0, threading.Event()

    def watch():
        nonlocal most
        parent = workers.warm_parent().process.pid
        while not done.is_set():
            for pid in descendants(parent):
                try:
                    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                except OSError:
                    continue
                dirty = sum(
                    int(li.split()[1]) for li in text.splitlines() if li.startswith("Private_Dirty")
                )
                most = max(most, dirty / 1024)
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    workers.grade_submission(release, handed, Limits().as_dict())
    done.set()
    watcher.join()
    return most


def descendants(parent: int) -> list[int]:
    """Return the numbers of all processes below one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, waiting = [], [parent]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def measure() -> dict:
    """Return the times of both, from one run."""
    with tempfile.TemporaryDirectory() as folder:
        few, many, stock = (Path(folder) / name for name in ("few", "many", "stock"))
        notebooks = mixtures(ENGINE)
        make_course(few, notebooks[:FEW])
        make_course(many, notebooks)
        make_course(stock, notebooks[:STOCK])
        for course in (few, many, stock):
            grade_command(course)  # for warmth, and so that the hints are known
        ours_same = grade_command(stock)
        ours_few, ours_many = grade_command(few), grade_command(many)
        shutil.rmtree(stock / "autograded")
        theirs = run(["nbgrader", "autograde", ASSIGNMENT], stock)
    each = (ours_many - ours_few) / (ENGINE - FEW)
    engine, own = engine_cpu(), cells_own_cpu()
    result = {
        "nbgrader, seconds a submission": theirs / STOCK,
        "engine, seconds a submission, the same ones": ours_same / STOCK,
        f"engine, seconds a submission, {ENGINE}": ours_many / ENGINE,
        "engine, each further submission": each,
        "times faster, the same submissions, start included": theirs / ours_same,
        f"times faster, {ENGINE} submissions, start included": theirs
        / STOCK
        / (ours_many / ENGINE),
        "times faster, each further submission": theirs / STOCK / each,
        "CPU seconds of the engine for the solution": engine,
        "CPU seconds of its cells alone": own,
        "CPU seconds beyond": engine - own,
        "private MiB of a process": private_mib(),
    }
    workers.stop_warm_parent()
    return {name: round(value, 3) for name, value in result.items()}


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
    count = parser.parse_args().equal
    name, result = ("grading_equal", compare(count)) if count else ("grading", measure())
    for key, value in result.items():
        print(f"{key:55s} {value}")
    record = {"hardware": describe_hardware(), "assignment": ASSIGNMENT, "result": result}
    (ROOT / "results" / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    return int(bool(result.get("differences")))


if __name__ == "__main__":
    sys.exit(main())
