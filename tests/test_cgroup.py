"""Control groups: what a submission uses is limited and counted together, and nothing is left of it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cnnbook.forked import cgroup, cgroup_trees
from cnnbook.grading import doctor, probes, workers
from cnnbook.grading.warm import start_server
from scripts.grading_costs import descendants
from scripts.paths import ROOT
from tests.one_question import score_of

GROUPS = "from cnnbook.forked import cgroup as c\nc.enter_group()\n"
CAN_LIMIT = (
    "print(any((f / 'trusted' / name).exists() for f in c._run for name in c.FILES['memory']))"
)


def run(code: str) -> str:
    """Return what code prints in a process of its own."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def run_folders(pid: int) -> list[Path]:
    """Return the folders of the run whose warm parent has that number."""
    return [
        folder
        for chain in cgroup_trees.trees()
        for parent in chain
        for folder in parent.glob(f"{cgroup.RUN}{pid}")
    ]


@pytest.fixture(scope="module", autouse=True)
def limits_can_be_had():
    if run(GROUPS + CAN_LIMIT).strip() != "True":
        pytest.skip("this machine lets nobody here make a control group that limits memory")
    yield
    workers.stop_warm_parent()


@contextlib.contextmanager
def grading(answer: str):
    """Grade an answer in a thread meanwhile."""
    thread = threading.Thread(target=score_of, args=(answer, "f()"))
    workers.warm_parent()
    thread.start()
    yield
    thread.join()


def group_of(pid: int) -> str:
    """Return in which group of the tree of memory, or of version 2, a process is."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next((line for line in lines if ":memory:" in line), lines[-1]).split(":")[2]


def soon(condition, seconds: float = 20) -> bool:
    """Return whether it comes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def test_a_submission_is_apart_from_the_graders_and_its_group_ends_with_it():
    warm = workers.warm_parent().process.pid
    apart = f"/{cgroup.RUN}{warm}/apart/"
    with grading("import os, time\nos.fork()\ntime.sleep(1)\ndef f(): pass"):
        inside = lambda: [p for p in descendants(warm) if apart in _group(p)]  # noqa: E731
        assert soon(lambda: len(inside()) == 2)
        groups = {group_of(pid) for pid in inside()}
        others = {group_of(pid) for pid in [warm, *descendants(warm)] if pid not in inside()}
    assert len(groups) == 1
    assert {Path(group).name for group in others} == {"trusted"}
    assert soon(lambda: not [p for f in run_folders(warm) for p in (f / "apart").glob("*/")])
    workers.stop_warm_parent()
    assert run_folders(warm) == []


def _group(pid: int) -> str:
    try:
        return group_of(pid)
    except OSError:
        return ""


def test_the_group_of_a_killed_run_is_removed_when_the_next_one_starts():
    code = (
        "from tests.one_question import score_of\nscore_of('import time\\ntime.sleep(99)', 'f()')"
    )
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    held = lambda: [g for p in descendants(running.pid) for g in run_folders(p)]  # noqa: E731
    assert soon(lambda: any(list((f / "apart").glob("*/")) for f in held()))
    left = held()
    for pid in [running.pid, *descendants(running.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.wait()
    assert any(folder.exists() for folder in left)
    start_server().close()
    assert not any(folder.exists() for folder in left)


def test_a_run_that_goes_on_keeps_its_group_when_another_one_starts():
    warm = workers.warm_parent().process.pid
    start_server().close()
    assert run_folders(warm)
    assert score_of("def f(): pass", "f()")[0] == 1


HUNGRY = """
import mmap
parts = []
def f():
    for _ in range(12):
        parts.append(mmap.mmap(-1, 32 << 20))
        for start in range(0, 32 << 20, 4096):
            parts[-1][start] = 1
    return 1
"""


def test_where_all_submissions_together_have_no_memory_left_no_grader_ends():
    workers.stop_warm_parent()
    warm = workers.warm_parent().process.pid
    apart = [folder / "apart" for folder in run_folders(warm)]
    cgroup.Group(apart).limit({"memory": 256 << 20, "swap": 0})
    score, question = score_of(HUNGRY, "assert f() == 1")
    assert (score, question["state"]) == (0, "memory")
    assert workers.warm_parent().process.pid == warm
    assert score_of("def f(): return 1", "assert f() == 1")[0] == 1
    workers.stop_warm_parent()


def test_what_only_a_group_limits_holds_without_any_other_wall(tmp_path, monkeypatch):
    warm = start_server()
    fork = warm.fork
    monkeypatch.setattr(warm, "fork", lambda role: fork("student-unprotected"))
    walls = (*probes.NEED_A_GROUP, "files in memory are limited", "processes are limited")
    monkeypatch.setattr(doctor, "PROBES", {wall: probes.PROBES[wall] for wall in walls})
    try:
        found = doctor.examine(tmp_path, warm)
        assert {wall: found[wall] for wall in walls} == dict.fromkeys(walls, "holds")
    finally:
        warm.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_counts_what_was_computed_and_ends_what_is_in_it(version):
    only = f"""
import os, time
from cnnbook.forked import cgroup as c
chains = [chain for chain in c.trees() if (chain[0] / 'cgroup.controllers').exists() == ({version} == 2)]
c.trees = lambda: iter(chains)
c.enter_group()
group = c.made_apart('one', {{'processes': 9}})
if not group:
    print('absent')
    os._exit(0)
ready, into = os.pipe()
if os.fork() == 0:
    group.enter()
    os.setsid()
    while time.process_time() < 0.3:
        pass
    os.fork()
    os.write(into, b'x')
    time.sleep(99)
os.read(ready, 1), os.read(ready, 1)
members = [c._members(folder) for folder in group.folders]
counted = group.cpu_seconds()
group.remove()
print(min(map(len, members)), max(map(len, members)), 0.1 < counted < 5, group.folders)
"""
    found = run(only).split()
    if found == ["absent"]:
        pytest.skip(f"version {version} of the interface is not in use here")
    assert found == ["2", "2", "True", "[]"]
