"""What grading one submission costs beyond its cells: CPU seconds and private memory.

A submission here is an assignment's own solution. Its cells alone are run in a fork of a process that
has imported the same libraries, on one CPU, as the engine's two processes are.
"""

import gc
import importlib
import json
import os
import statistics
import threading
import time
from dataclasses import asdict
from pathlib import Path

from cnnbook.grading import warm, workers
from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.intake import HandedIn, read_notebook
from cnnbook.grading.limits import Limits
from scripts.paths import ROOT, solutions

ROUNDS, EACH = 3, 5


def busy() -> float:
    """Return the CPU seconds that all processes of the machine have used."""
    fields = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]]
    return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / os.sysconf("SC_CLK_TCK")


def become_warm() -> None:
    """Import what the warm parent imports."""
    for name in warm.PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def cells_own_cpu(solution: Path) -> float:
    """Return the CPU seconds of a solution's cells and tests alone, in a fork of this warm process."""
    import torch

    setup, questions = read_assignment(solution)
    before = busy()
    for _ in range(EACH):
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
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
    return (busy() - before) / EACH


def release_and_handed(path: Path) -> tuple[dict, dict]:
    """Return an assignment and its solution, as the pure function takes them."""
    solution = json.loads(path.read_text())
    released = json.loads((ROOT / "exercises" / path.parent.name / path.name).read_text())
    release = {"notebook": path.name, "solution": solution, "release": released, "files": None}
    return release, asdict(read_notebook(path))


def engine_cpu(solution: Path) -> float:
    """Return the CPU seconds in which the engine grades a solution, sandbox on."""
    release, handed = release_and_handed(solution)
    workers.grade_submission(release, handed, Limits().as_dict())
    before = busy()
    for _ in range(EACH):
        workers.grade_submission(release, handed, Limits().as_dict())
    return (busy() - before) / EACH


def private_mib(solution: Path) -> float:
    """Return the most private memory of one process while a submission is graded."""
    release, handed = release_and_handed(solution)
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


def costs() -> dict:
    """Return the costs of all assignments' solutions: of each the median of some rounds."""
    workers.stay_on_a_cpu(workers.cpus())
    workers.warm_parent()
    become_warm()
    found = {}
    for solution in solutions():
        rounds = [(engine_cpu(solution), cells_own_cpu(solution)) for _ in range(ROUNDS)]
        engine, own = (statistics.median(column) for column in zip(*rounds, strict=True))
        found[solution.parent.name] = {
            "CPU seconds of the engine": round(engine, 3),
            "of its cells alone": round(own, 3),
            "beyond": round(engine - own, 3),
            "private MiB of a process": round(private_mib(solution), 1),
        }
    return found
