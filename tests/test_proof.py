"""The memory can be trusted: after a change of anything that a proof read, the old pass is not reused.

Each kind of dependency is tried with the real machinery, in a small project: a process of its own proves
a unit, and says in the end what was proved now and what before.
"""

import os
import subprocess
import sys
import textwrap

import pytest

from scripts.paths import ROOT

FILES = {
    "requirements.txt": "torch==1.0\n",
    "cnnbook/__init__.py": "",
    "cnnbook/near.py": "from cnnbook import middle\n",
    "cnnbook/middle.py": "def use():\n    from cnnbook import far\n    return far.VALUE\n",
    "cnnbook/far.py": "VALUE = 1\n",
    "cnnbook/unused.py": "VALUE = 2\n",
    "data/weights.bin": "1 2 3",
    "data/listed/a": "",
    "tests/__init__.py": "",
    "tests/test_it.py": """
        import subprocess, sys
        from pathlib import Path
        from cnnbook import near
        from cnnbook.forked import trace
        ROOT = Path(__file__).resolve().parent.parent

        def test_it():
            assert near.middle.use() == 1
            assert (ROOT / "data" / "weights.bin").read_text()
            assert len(list((ROOT / "data" / "listed").iterdir())) >= 1
            (ROOT / "data" / "absent").exists()
            with trace.unseen():
                (ROOT / "data" / "hashed").read_bytes()
            subprocess.run([sys.executable, "-m", "cnnbook.child"], cwd=ROOT, check=True)
        """,
    "cnnbook/child.py": """
        from cnnbook.forked import trace
        open("data/by_a_child").read()
        with trace.unseen():
            open("data/hashed_by_a_child").read()
        """,
    "data/by_a_child": "x",
    "data/hashed": "x",
    "data/hashed_by_a_child": "x",
    "scripts/checks/sample.py": """
        import json
        from scripts.checks.pytests import run_pytest
        from scripts.paths import ROOT
        from scripts.proof.unit import Outcome, Unit

        def units():
            cells = json.loads((ROOT / "notebook.json").read_text())
            return [Unit("file"), Unit("cells", cells["code"]), Unit("tool", sources=("tool/*.txt",))]

        def prove(unit):
            if unit.name == "file":
                return run_pytest(str(ROOT / "tests" / "test_it.py"))
            return Outcome(passed=1)
        """,
    "notebook.json": '{"code": ["x = 1"], "text": ["A sentence."]}',
    "tool/a.txt": "a",
}
COMMAND = """
import sys
from scripts import run_checks
from scripts.checks.table import Check
run_checks.CHECKS = {"sample": Check("scripts.checks.sample")}
sys.exit(run_checks.run(["sample"]))
"""


@pytest.fixture(scope="module")
def proved_once(tmp_path_factory):
    """A small project with the machinery of this one, all of it proved."""
    root = tmp_path_factory.mktemp("proved") / "project"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    for name in ("scripts/proof", "cnnbook/forked"):
        subprocess.run(["cp", "-a", ROOT / name, root / name], check=True)
    for name in ("scripts/__init__.py", "scripts/paths.py", "scripts/run_checks.py", "pyproject.toml",
                 "scripts/checks/__init__.py", "scripts/checks/table.py", "scripts/checks/pytests.py"):  # fmt: skip
        subprocess.run(["cp", "-a", ROOT / name, root / name], check=True)
    assert proved_now(root) == 3
    assert proved_now(root) == 0
    return root


@pytest.fixture
def project(proved_once, tmp_path):
    """A copy of it with its memory."""
    subprocess.run(["cp", "-a", *proved_once.parent.iterdir(), tmp_path], check=True)
    return tmp_path / "project"


def proved_now(root) -> int:
    """Prove, and return how many units had to be proved."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith("CNNBOOK") and k != "FRESH"
    }
    environment |= {
        "CNNBOOK_PROOFS": str(root.parent / "proofs"),
        "PYTHONPATH": str(root),
        "CI": "",
    }
    done = subprocess.run(
        [sys.executable, "-c", COMMAND], cwd=root, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("sample  ")]
    return int(row.split()[2])


def append(root, name, text="\n# changed\n"):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("cnnbook/near.py", 1),  # a module that the test imports
        ("cnnbook/far.py", 1),  # one three imports away, and imported late
        ("data/weights.bin", 1),  # a file that it reads
        ("data/listed/b", 1),  # a new file in a folder that it lists
        ("data/absent", 1),  # a file that was not there when it looked
        ("data/by_a_child", 1),  # a file that a command reads for it
        ("tests/test_it.py", 1),  # its own code
        ("tests/conftest.py", 1),  # what pytest looks for around it
        ("tool/a.txt", 1),  # what a tool reads, as the unit says
        ("tool/b.txt", 1),
        ("scripts/checks/pytests.py", 3),  # the code of the check
        ("scripts/checks/sample.py", 3),
        ("requirements.txt", 3),  # a pin
        ("scripts/proof/unit.py", 3),  # the machinery itself
    ],
)
def test_what_a_unit_depends_on_is_proved_again(project, name, units):
    append(project, name)
    assert proved_now(project) == units
    assert proved_now(project) == 0


@pytest.mark.parametrize(
    "name",
    ["cnnbook/unused.py", "cnnbook/new.py", "data/hashed", "data/hashed_by_a_child", "data/other"],
)
def test_what_no_unit_looked_at_changes_nothing(project, name):
    append(project, name)
    assert proved_now(project) == 0


def test_a_changed_cell_is_proved_again_and_a_changed_sentence_is_not(project):
    notebook = project / "notebook.json"
    notebook.write_text(notebook.read_text().replace("A sentence.", "Another."))
    assert proved_now(project) == 0
    notebook.write_text(notebook.read_text().replace("x = 1", "x = 2"))
    assert proved_now(project) == 1


def test_a_change_that_is_taken_back_finds_its_old_pass(project):
    far = project / "cnnbook" / "far.py"
    before = far.read_text()
    append(project, "cnnbook/far.py")
    assert proved_now(project) == 1
    far.write_text(before)
    assert proved_now(project) == 0


def test_a_key_that_leaves_a_dependency_out_is_found(project):
    """These tests can fail: what is read without being noted leaves the old pass standing."""
    trace = project / "cnnbook" / "forked" / "trace.py"
    text = trace.read_text()
    assert 'if event == "open":' in text
    trace.write_text(text.replace('if event == "open":', 'if event == "never":'))
    proved_now(project)
    append(project, "data/weights.bin")
    assert proved_now(project) == 0, "nobody saw that the weights were read"


def test_a_file_changed_while_its_proof_runs_is_not_remembered(project):
    append(
        project, "tests/test_it.py", "\n    (ROOT / 'data' / 'weights.bin').write_text('4 5 6')\n"
    )
    assert proved_now(project) == 1
    assert proved_now(project) == 1, "not remembered"


def test_the_settings_count(project, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert proved_now(project) == 3
