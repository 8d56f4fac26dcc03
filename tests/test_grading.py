"""The engine's own parts: calls, rebuilding, recording, and what happens when things break."""

import ast
import contextlib
import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from cnnbook.forked import cgroup_trees
from cnnbook.grading import cli, doctor, grade, probes, sandbox, seccomp, workers
from cnnbook.grading.assignment import released_cells
from cnnbook.grading.course import Course
from cnnbook.grading.hints import handed_with
from cnnbook.grading.limits import Limits
from cnnbook.grading.misconceptions import load_answers
from cnnbook.grading.rebuild import rebuild
from cnnbook.grading.warm import ROLES, start_server
from scripts.paths import ROOT, solutions
from tests.one_question import LIMITS, score_of
from tests.submissions.course import ASSIGNMENT, FULL, NOTEBOOK, Submission, make_course


@pytest.fixture(scope="module", autouse=True)
def one_warm_parent():
    yield
    workers.stop_warm_parent()


@pytest.fixture
def course(tmp_path):
    """A released course without submissions."""
    made = Course(make_course(tmp_path / "course"))
    assert cli.main(["release", "--course", str(made.root)]) == 0
    return made


def hand_in(course, student, spoil=lambda s: None):
    released = json.loads((course.release / ASSIGNMENT / NOTEBOOK).read_text())
    submission = Submission(released)
    spoil(submission)
    shutil.rmtree(course.submitted / student, ignore_errors=True)
    submission.write(course.submitted / student / ASSIGNMENT)


def gradebook_scores(course) -> dict:
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url) as gradebook:
        return {
            s.student.id: {
                g.name: (g.auto_score, g.needs_manual_grade) for n in s.notebooks for g in n.grades
            }
            for s in gradebook.find_assignment(ASSIGNMENT).submissions
        }


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError(x)",
        "return x",
        "assert False, x",
        "raise type(x, (Exception,), {})",
        "raise type(x, (ValueError,), {'__module__': 'builtins'})",
        "exec(compile('1 / 0', f'<{x}>', 'exec'))",
        "exec(compile('1 / 0', f'<f, {x}>', 'exec'))",
        "exec(compile(chr(10) * 10000 + '1 / 0', '<f>', 'exec'))",
    ],
)
def test_hidden_inputs_do_not_come_out_with_an_error(body):
    test = "### BEGIN HIDDEN TESTS\nassert f('the_secret') == 1\n### END HIDDEN TESTS"
    score, question = score_of(f"def f(x):\n    {body}", test)
    assert score == 0
    assert "secret" not in question["reason"]
    assert "10001" not in question["reason"]


def test_an_error_on_hidden_inputs_is_named_with_its_place():
    test = "### BEGIN HIDDEN TESTS\nassert f(0) == 1\n### END HIDDEN TESTS"
    for answer, said in (
        ("def f(x):\n    return 1 / x", "raised ZeroDivisionError at f, line 2."),
        ("class Odd(KeyError): pass\ndef f(x):\n    raise Odd", "raised KeyError at f, line 3."),
    ):
        assert said in score_of(answer, test)[1]["reason"]


def test_a_failed_hidden_check_says_where_to_look_and_not_what_it_tried():
    check = "expect(f, 'the secret', gives=1, look_at='the sign')"
    test = (
        f"from cnnbook.checks import expect\n### BEGIN HIDDEN TESTS\n{check}\n### END HIDDEN TESTS"
    )
    score, question = score_of("def f(x):\n    return 2", test)
    assert score == 0
    assert "the secret" not in question["reason"]
    assert "look at  the sign" in question["reason"]


@pytest.mark.parametrize(
    ("value", "points"),
    [
        *[("0.25", 0.25), ("None", 1), ("True", 1), ("np.True_", 1), ("7", 1), ("10**400", 1)],
        *[("np.float32(0.5)", 0.5), ("np.array(0.5)", 0.5), ("torch.tensor(0.5)", 0.5)],
        *[("-1", 0), ("-(10**400)", 0), ("False", 0), ("np.bool_(False)", 0)],
        *[("torch.tensor(0.0)", 0), ("torch.tensor(False)", 0), ("np.zeros(2)", 0)],
        *[("torch.ones(2)", 0), ("'1'", 0), ("[1]", 0), ("1j", 0), ("f", 0)],
        *[("float('nan')", 0), ("float('inf')", 0)],
    ],
)
def test_partial_credit_is_the_number_that_the_last_line_gives(value, points):
    score, question = score_of("def f():\n    return 1", f"f()\n{value}")
    assert score == points
    assert question["state"] == {0: "wrong", 1: "right"}.get(points, "partial")


def test_a_test_that_fails_once_is_run_again_and_reported():
    answer = "count = 0\ndef f():\n    global count\n    count += 1\n    return count"
    score, question = score_of(answer, "assert f() == 2")
    assert score == 0
    assert question["tests"][0]["unstable"]


def test_the_pure_function_runs_in_another_executor(course):
    hand_in(course, "ann")
    with ProcessPoolExecutor(1, initializer=_own_warm_parent) as pool:
        summary = grade.grade_class(course, ASSIGNMENT, limits=LIMITS, executor=pool)
        assert summary.scores == {"ann": FULL}
        pool.submit(workers.stop_warm_parent).result()


def _own_warm_parent():
    workers._warm = None


@pytest.mark.parametrize("notebook", solutions(), ids=lambda path: path.stem)
def test_right_answers_of_every_kind_get_full_marks_and_the_release_gets_none(notebook):
    solution = json.loads(notebook.read_text())
    released = json.loads((ROOT / "exercises" / notebook.parent.name / notebook.name).read_text())
    release = {"notebook": notebook.name, "solution": solution, "release": released, "files": None}
    right: dict[str, list[str]] = {}
    for answer in load_answers(notebook.parent / "misconceptions.py"):
        if answer.is_right:
            right.setdefault(answer.question, []).append(answer.source)
    classes = [
        {},
        *({q: sources[n % len(sources)] for q, sources in right.items()} for n in range(3)),
        {q: compiled(sources[-1]) for q, sources in right.items()},
    ]
    for answers in classes:
        result = workers.grade_submission(
            release, handed_with(release, answers), Limits().as_dict()
        )
        assert [
            q["name"]
            for q in result["questions"]
            if q["state"] not in ("right", "by hand", "missing")
        ] == []
    stubs = {c.id: c.stub for c in released_cells(solution, released)}
    untouched = workers.grade_submission(release, handed_with(release, stubs), Limits().as_dict())
    assert {q["state"] for q in untouched["questions"]} == {"missing"}
    assert sum(q["score"] for q in untouched["questions"]) == 0


def compiled(source):
    """Return an answer whose functions are given to torch.compile, as a hurried student may do."""
    decorated = re.sub(
        r"^(@|def )",
        r"@torch.compile(backend='eager', fullgraph=True)\n\1",
        source,
        count=1,
        flags=re.M,
    )
    return f"import torch\n{decorated}"


COMPILED = {
    "a function": "g = torch.compile(lambda x: x + 1, fullgraph=True)",
    "a decorated function": "@torch.compile(mode='max-autotune')\ndef g(x):\n    return x + 1",
    "a network": "net = torch.compile(nn.Identity())\ndef g(x):\n    return net(x) + 1",
    "a network in place": "g = nn.ReLU()\ng.compile()\ng(torch.ones(1))\ndef g(x): return x + 1",
    "in the function": "def g(x):\n    return torch.compile(torch.add, backend='aot_eager')(x, 1)",
}


@pytest.mark.parametrize("what", COMPILED)
def test_torch_compile_costs_no_points_and_no_time(what):
    answer = f"""
import time
before = time.process_time()
{COMPILED[what]}
g(torch.zeros(1))
spent = time.process_time() - before
def f():
    return g(torch.ones(2)).tolist(), spent
"""
    score, question = score_of(
        answer, "got, spent = f()\nassert got == [2, 2]\nassert spent < 0.1, spent"
    )
    assert score == 1, question["tests"]


# --- rebuilding


def test_an_answer_is_found_by_its_place_when_all_else_is_lost():
    solution = json.loads(json.dumps(_numbered()))
    cells = released_cells(solution)
    handed = [
        {"cell_type": "code", "source": c["source"], "grade_id": None} for c in solution["cells"]
    ]
    handed[1]["source"] = "print('mine, without a name')"
    rebuilt = rebuild(cells, handed)
    assert [step.source for step in rebuilt.steps if step.kind == "answer"] == [handed[1]["source"]]
    assert "by its place" in rebuilt.notes[0]


def test_what_is_parsed_of_a_submission_in_the_trusted_process_is_limited(monkeypatch):
    parsed, real = [], ast.parse
    monkeypatch.setattr(ast, "parse", lambda text, *a: parsed.append(len(text)) or real(text, *a))
    sources = ["a=1;" * 500_000, *["b=1;" * 40_000] * 50, "f = print"]
    handed = [{"cell_type": "code", "source": text, "grade_id": None} for text in sources]
    cells = released_cells(
        {"cells": [_cell("f", "def f(): pass", solution=True)]}, {"cells": [_cell("f", "")]}
    )
    rebuild(cells, handed)
    assert max(parsed) <= 200_000
    assert sum(parsed) <= 2_100_000
    rebuilt = rebuild(cells, [handed[0], handed[-1]])
    assert [step.source for step in rebuilt.steps if step.kind == "answer"] == ["f = print"]


def _cell(name, source, **marks):
    metadata = {"nbgrader": {"grade_id": name, **marks}}
    return {"cell_type": "code", "source": source, "metadata": metadata}


def _numbered():
    return {"cells": [
        _cell("setup", "import math", locked=True),
        _cell("f", "### BEGIN SOLUTION\nprint(1)\n### END SOLUTION", solution=True),
        _cell("test_f", "assert True", grade=True, points=1),
    ]}  # fmt: skip


# --- the walls


def cgroup_limits_memory(warm):
    """Return whether a warm parent of that number is in a group of its own with a limit."""
    return any(
        file.exists()
        for chain in cgroup_trees.trees()
        for parent in chain
        for file in parent.glob(f"cnnbook-{warm}/trusted/memory.*")
    )


def test_every_wall_holds_and_is_seen_missing_without_a_sandbox(tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("x")
    warm = start_server()
    try:
        found = doctor.examine(secret, warm)
        assert set(found) == {*doctor.PROBES, "an endless loop is ended"}
        missing = {wall: state for wall, state in found.items() if state != "holds"}
        if missing:  # a machine where nobody here may make a control group: then it is said
            assert missing == {
                wall: f"DOES NOT HOLD{doctor.NO_GROUP}" for wall in probes.NEED_A_GROUP
            }
            assert not cgroup_limits_memory(warm.process.pid)
        open_walls = start_server()
        original = open_walls.fork
        open_walls.fork = lambda role: original("student-unprotected")
        harmless = {
            w: p for w, p in doctor.PROBES.items() if "limited" not in w and "writing" not in w
        }
        monkeypatch.setattr(doctor, "PROBES", harmless)
        found = doctor.examine(secret, open_walls)
        open_walls.close()
        assert {wall: found[wall] for wall in harmless} == dict.fromkeys(harmless, "DOES NOT HOLD")
    finally:
        warm.close()


# What is taken out of the warm process that locks students in → the walls that are seen to be missing.
WITHOUT = {
    "Limits.of_a_group = lambda self: {}": probes.NEED_A_GROUP,
    "Limits.of_a_group = lambda self: {}; sandbox._limit = lambda limits: None": (
        "memory of one process is limited", "processes are limited", "the size of one file is limited",
    ),
    "mount = sandbox._mount; sandbox._mount = lambda *given: "
    "mount(*given[:4], *('mode=777' for _ in given[4:]))": (
        "bytes of all files are limited", "the number of files is limited",
    ),
    "Limits.of_a_group = lambda self: {}; sandbox.seccomp.install = lambda: None": (
        "files in memory are limited",
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", WITHOUT)
def test_each_way_of_using_memory_disk_and_processes_is_seen_without_its_wall(
    change, tmp_path, monkeypatch
):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif any('cnnbook.forked.server' in a for a in sys.orig_argv):\n"
        "    from cnnbook.grading import sandbox\n"
        f"    from cnnbook.grading.limits import Limits\n    {change}\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    walls = WITHOUT[change]
    monkeypatch.setattr(doctor, "PROBES", {wall: probes.PROBES[wall] for wall in walls})
    found = doctor.examine(tmp_path / "secret")
    assert [wall for wall in walls if not found[wall].startswith("DOES NOT HOLD")] == []


ADD_KEY = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
KEYS = f"""
import ctypes
libc = ctypes.CDLL(None)
join, find, session, ring = 1, 10, ctypes.c_long(-3), {sandbox.SYS_KEYCTL}
"""
PLANT = f"""{KEYS}
found = libc.syscall(ring, find, session, b"user", b"cnnbook-planted", 0)
libc.syscall({ADD_KEY}, b"user", b"cnnbook-planted", b"42", ctypes.c_size_t(2), session)
def f():
    return found
"""


def test_no_key_that_one_student_plants_is_found_by_the_next():
    names: dict = {}
    exec(f"{KEYS}libc.syscall(ring, join, None)", names)  # as a login gives its processes
    workers.stop_warm_parent()
    assert [score_of(PLANT, "assert f() == -1")[0] for _ in range(2)] == [1, 1]


NEEDED = {
    "processes": """
import multiprocessing
def f():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2]) == [1, 2]
""",
    "fresh processes": """
import multiprocessing
def f():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(abs, [-1, -2]) == [1, 2]
""",
    "programs": """
import subprocess, sys
def f():
    command = [sys.executable, "-c", "import numpy, sqlite3; print(numpy.ones(2).sum())"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2.0\\n"
""",
    "threads": """
import concurrent.futures, asyncio
def f():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(abs, [-1])) == [1] and asyncio.run(asyncio.sleep(0.01, True))
""",
    "threads of torch": """
def f():
    torch.set_num_threads(2)
    return bool(torch.isfinite(torch.randn(600, 600) @ torch.randn(600, 600)).all())
""",
    "a loader with workers": """
def f():
    loader = torch.utils.data.DataLoader(torch.arange(8), batch_size=4, num_workers=2)
    return [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7]]
""",
    "shared tensors": """
def f():
    return bool(torch.ones(1000).share_memory_().is_shared())
""",
    "files": """
import mmap, os, pathlib, shutil, sqlite3, tempfile
def f():
    with tempfile.TemporaryDirectory() as folder:
        one = pathlib.Path(folder, "one")
        torch.save(torch.ones(3), one)
        shutil.copy2(one, one.with_name("two"))
        os.rename(one, one.with_name("three"))
        sqlite3.connect(one).execute("create table t (x)").close()
        array = np.memmap(one.with_name("four"), dtype=float, mode="w+", shape=(4,))
        array[:] = 1
        return len(os.listdir(folder)) == 4 and mmap.mmap(-1, 4096)[:1] == bytes(1)
""",
    "pictures": """
import io
import matplotlib.pyplot as plt
def f():
    plt.plot([1, 2])
    out = io.BytesIO()
    plt.savefig(out, format="png")
    return out.getvalue()[1:4] == b"PNG"
""",
    "pipes and Unix sockets": """
import os, signal, socket, time
def f():
    one, other = socket.socketpair()
    one.send(b"x")
    signal.signal(signal.SIGALRM, lambda *a: None)
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.02)
    return other.recv(1) == b"x" and os.path.exists("/proc/self/status")
""",
}


def test_temporary_files_of_an_answer_lie_in_its_scratch_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a machine's own, found before the walls stood
    workers.stop_warm_parent()
    answer = "import tempfile\ndef f():\n    with tempfile.NamedTemporaryFile() as file:\n        return file.name"
    score, question = score_of(answer, "assert f().startswith('/scratch/')")
    workers.stop_warm_parent()
    assert score == 1, question["tests"]


@pytest.mark.parametrize("what", NEEDED)
def test_what_answers_need_of_the_kernel_is_allowed(what):
    score, question = score_of(NEEDED[what], "assert f() is True")
    assert score == 1, question["tests"]


def test_the_filter_is_in_place_on_both_machines_and_on_no_other():
    for machine in ("x86_64", "aarch64"):
        assert len(seccomp.program(machine)) % 8 == 0
    with pytest.raises(OSError, match="not filtered on sparc"):
        seccomp.program("sparc")


def test_without_a_sandbox_nothing_is_graded_unless_it_is_said(course, monkeypatch, capsys):
    hand_in(course, "ann")
    workers.stop_warm_parent()
    script = course.root / "sitecustomize.py"
    script.write_text(
        "import sys\nif any('cnnbook.forked.server' in a for a in sys.orig_argv):\n"
        "    import cnnbook.grading.sandbox as s\n"
        "    def refuse():\n        raise OSError('namespaces are not allowed here')\n    s.separate = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{course.root}{os.pathsep}{ROOT}")  # this checkout's package
    assert cli.main(["grade", "--course", str(course.root)]) == 2
    assert "namespaces are not allowed here" in capsys.readouterr().err
    assert gradebook_scores(course) == {}
    assert cli.main(["grade", "--course", str(course.root), "--no-sandbox"]) == 0
    assert "without a sandbox" in capsys.readouterr().out
    assert cli.main(["feedback", "--course", str(course.root)]) == 0
    page = (course.feedback / "ann" / ASSIGNMENT / "feedback.html").read_text()
    assert "Graded without a sandbox" in page
    workers.stop_warm_parent()


def test_the_roles_of_the_warm_parent_are_the_only_ones():
    warm = start_server()
    try:
        assert set(ROLES) == {"grade", "student", "student-unprotected"}
        with pytest.raises(OSError, match="could not fork"):
            warm.fork("anything")
    finally:
        warm.close()


# --- recording


def test_a_resubmission_replaces_every_score_and_keeps_a_persons(course):
    from nbgrader.api import Gradebook

    hand_in(course, "ann", lambda s: s.cell("written").update(source="Because."))
    assert cli.main(["grade", "--course", str(course.root)]) == 0
    with Gradebook(course.db_url) as gradebook:
        assert gradebook.find_submission(ASSIGNMENT, "ann").score == FULL
        written = gradebook.find_grade("written", "tiny", ASSIGNMENT, "ann")
        assert written.needs_manual_grade
        written.manual_score = 2
        gradebook.db.commit()

    def worse(s):
        s.cell("written").update(source="Because.")
        s.answer("double", "def double(x):\n    return x")
        s.cells.remove(s.cell("test_answer"))
        s.answer("ANSWER", "ANSWER = 41")

    hand_in(course, "ann", worse)
    assert cli.main(["grade", "--course", str(course.root)]) == 0
    found = gradebook_scores(course)["ann"]
    assert found["test_double"] == (0, False)
    assert found["test_answer"] == (0, False)
    assert found["written"] == (None, True)
    with Gradebook(course.db_url) as gradebook:
        assert gradebook.find_submission(ASSIGNMENT, "ann").score == FULL - 3 + 2


def test_where_the_grader_fails_no_earlier_score_stands_and_the_next_run_grades(
    course, monkeypatch
):
    hand_in(course, "ann")
    assert cli.main(["grade", "--course", str(course.root)]) == 0

    def fails(*_, **__):
        raise workers.GraderFailed("the grader ended without a result")

    hand_in(course, "ann", lambda s: s.answer("double", "def double(x):\n    return x"))
    with monkeypatch.context() as broken:
        broken.setattr(grade, "grade_submission", fails)
        assert cli.main(["grade", "--course", str(course.root)]) == 1
    exported = course.root / "grades-csv.csv"
    assert cli.main(["export", "--course", str(course.root)]) == 0
    with exported.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["score"], row["not_graded_yet"]) == ("0", "yes")
    assert cli.main(["feedback", "--course", str(course.root)]) == 0
    page = (course.feedback / "ann" / ASSIGNMENT / "feedback.html").read_text()
    assert "Not graded: the grader ended without a result" in page
    assert cli.main(["grade", "--course", str(course.root)]) == 0
    assert gradebook_scores(course)["ann"]["test_double"] == (0, False)
    assert gradebook_scores(course)["ann"]["test_answer"] == (1, False)


def test_the_executed_notebook_is_one_that_nbgrader_and_nbformat_know(course):
    import nbformat

    hand_in(course, "ann", lambda s: s.add("print('hello')", before="double"))
    cli.main(["grade", "--course", str(course.root)])
    notebook = nbformat.read(course.autograded / "ann" / ASSIGNMENT / NOTEBOOK, 4)
    nbformat.validate(notebook)
    texts = [
        o.text for c in notebook.cells if c.cell_type == "code" for o in c.outputs if "text" in o
    ]
    assert "hello\n" in texts


@pytest.mark.parametrize(
    "what", ["locked gradebook", "full disk", "folder in the way", "not released", "unknown"]
)
def test_what_is_in_the_way_is_one_clear_error_and_nothing_is_half_written(
    course, what, monkeypatch, capsys
):
    hand_in(course, "ann")
    held = None
    if what == "locked gradebook":
        held = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
        held.execute("BEGIN EXCLUSIVE")
    elif what == "full disk":
        usage = shutil.disk_usage("/")._replace(free=1 << 20)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    elif what == "folder in the way":
        course.autograded.write_text("a file")
    elif what == "not released":
        shutil.rmtree(course.release)
    arguments = ["grade", "--course", str(course.root), *(["nothing"] if what == "unknown" else [])]
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("cnnbook: ")
    assert "Traceback" not in said
    if held:
        held.close()
    assert gradebook_scores(course) == {}
    assert not list(course.root.glob("autograded/*/*/result.json"))


def test_a_disk_that_fills_in_the_middle_is_said_and_the_next_run_goes_on(
    course, monkeypatch, capsys
):
    for name in ("ann", "bob", "cat"):
        hand_in(course, name)
    written, real = [], os.replace

    def fills_up(source, target):
        written.append(target)
        if len(written) == 3:
            raise OSError(28, "No space left on device", str(target))
        real(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", fills_up)
        assert cli.main(["grade", "--course", str(course.root), "--jobs", "1"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert cli.main(["grade", "--course", str(course.root)]) == 0
    assert {
        s: sum(v or 0 for v, _ in t.values()) for s, t in gradebook_scores(course).items()
    } == dict.fromkeys(("ann", "bob", "cat"), FULL)
    assert not list(course.root.rglob(".writing-*"))


KILLS = 100


def test_after_any_kill_the_next_run_ends_with_the_gradebook_of_an_undisturbed_one(
    course, tmp_path
):
    chooser = random.Random(0)
    for number in range(50):
        wrong = number % 3 == 0
        hand_in(
            course, f"s{number:02d}",
            (lambda s: s.answer("double", "def double(x):\n    return x")) if wrong else lambda s: None,
        )  # fmt: skip
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(course.root, undisturbed)
    config = undisturbed / "nbgrader_config.py"
    config.write_text(config.read_text().replace(str(course.root), str(undisturbed)))
    assert cli.main(["grade", "--course", str(undisturbed)]) == 0
    expected = gradebook_scores(Course(undisturbed))

    command = [sys.executable, "-m", "cnnbook.grading.cli", "grade", "--course", str(course.root)]
    kills = 0
    while kills < KILLS:
        shutil.rmtree(course.autograded, ignore_errors=True)
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(20):  # any process of the run, and last the one that writes
            time.sleep(chooser.uniform(0.05, 0.4))
            below = _descendants(running.pid)
            if running.poll() is not None:
                break
            if below:
                _kill(chooser.choice(below))
                kills += 1
        if running.poll() is None:
            running.kill()
            kills += 1
        running.wait()
    for _ in range(
        3
    ):  # a class may fail in part where the same student's worker was hit three times
        if subprocess.run(command, capture_output=True).returncode == 0:
            break
    assert gradebook_scores(course) == expected


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _descendants(parent: int) -> list[int]:
    from scripts.grading_costs import descendants

    return descendants(parent)


def _is_running(pid: int) -> bool:
    """Return whether a process is there, and is not one that has ended and waits to be counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


STUBBORN = """
import ctypes, os, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # PR_SET_PDEATHSIG: do not die with a parent
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
        while True:
            time.sleep(1)
time.sleep(10**6)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("which", ["the run", "the warm parent", "the grader", "the keeper"])
def test_nothing_of_a_students_survives_a_signal_to_any_process_of_the_run(number, which):
    program = (  # a job in the background has been told to ignore SIGINT, and what it starts inherits that
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from tests.one_question import score_of\nscore_of({STUBBORN!r}, 'pass')"
    )
    command = [sys.executable, "-c", program]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        inside: list[int] = []
        end = time.monotonic() + 60
        while len(inside) < 3 and time.monotonic() < end:  # the student's process and its daemons
            time.sleep(0.05)
            inside = [pid for pid in _descendants(running.pid) if _number_inside(pid) not in (0, 1)]
        assert len(inside) >= 3
        first = _parent(min(inside, key=_number_inside))
        keeper = _parent(first)
        warm = _parent(keeper)
        (grader,) = [pid for pid in _children(warm) if pid != keeper]
        aim = {
            "the run": running.pid,
            "the warm parent": warm,
            "the grader": grader,
            "the keeper": keeper,
        }
        os.kill(aim[which], number)
        end = time.monotonic() + 2
        while _is_running(aim[which]) and time.monotonic() < end:
            time.sleep(0.05)
        if _is_running(aim[which]):  # the warm parent leaves these signals to the run
            assert which == "the warm parent" and number != signal.SIGKILL
            running.kill()
        end = time.monotonic() + 3
        while any(map(_is_running, [first, *inside])) and time.monotonic() < end:
            time.sleep(0.05)
        assert [pid for pid in [first, *inside] if _is_running(pid)] == []
    finally:
        running.kill()
        running.wait()


def _number_inside(pid: int) -> int:
    """Return a process's number in a namespace below this one, 0 where it is in none."""
    try:
        numbers = Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].split("\n")[0].split()
    except (OSError, IndexError):
        return 0
    return int(numbers[-1]) if len(numbers) > 1 else 0


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopping_leaves_no_process_and_no_temporary_file(course, number):
    for student in range(12):
        hand_in(course, f"s{student}", lambda s: s.add("import time\ntime.sleep(1)"))
    command = [sys.executable, "-m", "cnnbook.grading.cli", "grade", "--course", str(course.root)]
    first_result = lambda: list(course.autograded.glob("*/*/result.json"))  # noqa: E731
    with tempfile.TemporaryDirectory() as temporary:
        environment = {**os.environ, "TMPDIR": temporary}
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        while not first_result() and running.poll() is None:
            time.sleep(0.05)
        below = _descendants(running.pid)
        assert below
        ours = lambda: [*Path(temporary).glob("cnnbook-*")]  # noqa: E731 - torch keeps a folder too
        assert ours()
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
        if number == signal.SIGINT:
            assert running.returncode == 130, said
            assert "the next run goes on from here" in said
        left = lambda: [pid for pid in below if _is_running(pid)] + ours()  # noqa: E731
        end = time.monotonic() + 5
        while left() and time.monotonic() < end:
            time.sleep(0.1)
        assert left() == []
    first = len(first_result())
    assert first < 12
    summary = grade.grade_class(course, ASSIGNMENT)
    assert len(summary.unchanged) == first
    assert len(gradebook_scores(course)) == 12
