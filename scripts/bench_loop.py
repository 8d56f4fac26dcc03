"""Time what a contributor waits for: small changes, each proved after everything was. `make bench-loop`.

Each change is made in a temporary copy of the project whose every check has passed, once right and once
wrong on purpose; the wrong one must turn `make test` red. Results are kept in results/loop.json.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.hardware import describe_hardware
from scripts.paths import ROOT
from scripts.proof.memory import default_folder

RESULT = ROOT / "results" / "loop.json"
CHAPTER = "chapters/02_convolution.ipynb"
ANSWERS = "solutions/02_convolution/misconceptions.py"
SOLUTION = "solutions/02_convolution/convolution.ipynb"
EXPORT, ENGINE = "cnnbook/grading/export.py", "cnnbook/grading/reasons.py"
TOY = '''"""A toy: two convolutions and a mean.

Source: none; it shows how a network is added.
"""

from torch import nn


def toy() -> nn.Sequential:
    """Return the toy, %s parameters."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 10, 3),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
'''
TOY_TEST = """import torch

from cnnbook.models.toy import toy


def test_the_toy_gives_ten_numbers():
    assert toy()(torch.zeros(2, 3, 16, 16)).shape == (2, %d)
"""


@dataclass(frozen=True)
class Change:
    """A change that is right, the same made wrong, and how long its proof may take on two cores."""

    name: str
    right: Callable[[Path], None]
    wrong: Callable[[Path], None] | None
    goal: float


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a change of a text that must be there."""

    def change(root: Path) -> None:
        path = root / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise ValueError(f"{file} does not hold {old!r}: mend scripts/bench_loop.py")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return several changes as one."""

    def change(root: Path) -> None:
        for one in changes:
            one(root)

    return change


def add(file: str, text: str) -> Callable[[Path], None]:
    """Return the change that adds a file."""

    def change(root: Path) -> None:
        (root / file).write_text(text, encoding="utf-8")

    return change


def toy(parameters: str, outputs: int) -> Callable[[Path], None]:
    """Return the change that adds a network with its test."""
    return both(
        add("cnnbook/models/toy.py", TOY % parameters),
        add("tests/test_toy.py", TOY_TEST % outputs),
        replace(
            "cnnbook/models/registry.py",
            "    for architecture in (\n",
            '    for architecture in (\n        Architecture("toy", "toy", CIFAR),\n',
        ),
        replace("cnnbook/lineage.toml", '"small", "video"', '"small", "toy", "video"'),
    )


def altered_digit(root: Path) -> None:
    """Alter one digit in an output that a chapter prints."""
    path = root / CHAPTER
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            text = "".join(output.get("text", []))
            if "nbval-ignore-output" not in cell["metadata"].get("tags", []) and "8.0" in text:
                output["text"] = [text.replace("8.0", "8.1", 1)]
                path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
                return
    raise ValueError(f"{CHAPTER} prints no 8.0: mend scripts/bench_loop.py")


def another_hidden_test(root: Path) -> None:
    """Add a line to the hidden tests of a question."""
    path = root / SOLUTION
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("test_same_padding"):
            place = cell["source"].index("### BEGIN HIDDEN TESTS\n") + 1
            cell["source"].insert(
                place, 'expect(same_padding, 9, gives=(4, 4), look_at="both sides")\n'
            )
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
            return
    raise ValueError(f"{SOLUTION} has no test of same_padding: mend scripts/bench_loop.py")


CHANGES = [
    Change("nothing", lambda root: None, None, 10),
    Change(
        "a sentence in a chapter",
        replace(CHAPTER, "At every stop,", "At each stop,"),
        altered_digit,
        60,
    ),
    Change(
        "a question with its misconceptions",
        both(another_hidden_test, replace(ANSWERS, 'hint="', 'hint="Look again. ')),
        replace(
            ANSWERS, '@right("puts the one inside', '@wrong(hint="?", name="puts the one inside'
        ),
        60,
    ),
    Change(
        "an exporter",
        replace(EXPORT, "def ", "# A remark.\ndef "),
        replace(EXPORT, 'row["points"], "yes" if row["open"] else "",', 'row["points"],'),
        60,
    ),
    Change("a small architecture with its test", toy("954", 10), toy("954", 11), 180),
    Change(
        "a line in the grading engine",
        replace(ENGINE, "def ", "# A remark.\ndef "),
        replace(ENGINE, "min(max(float(value), 0.0), points)", "max(float(value), 0.0)"),
        240,
    ),
]


def copy_of_project(folder: Path) -> Path:
    """Return a copy of the project with what was built, and without the passes of others."""
    root = folder / "project"
    root.mkdir()
    left = {".git", ".venv", ".pytest_cache", ".hypothesis", ".ruff_cache"}
    names = [path for path in ROOT.iterdir() if path.name not in left]
    subprocess.run(["cp", "-a", *names, root], check=True)
    return root


def prove(root: Path, proofs: Path) -> tuple[float, int, str]:
    """Run every check as `make test` does; return the seconds, the exit code and the words."""
    environment = {
        **os.environ,
        "CNNBOOK_PROOFS": str(proofs),
        "PYTHONPATH": str(root),
        "FRESH": "",
    }
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run_checks"],
        cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return time.perf_counter() - start, done.returncode, done.stdout


def tried(change: Change, how: str, root: Path, proofs: Path) -> dict:
    """Make a change in the proved copy, and return what its proof took; then take all of it back."""
    saved = (
        root.parent / "saved"
    )  # a book knows its place: what is tried must lie where it was proved
    if not saved.exists():
        saved.mkdir()
        subprocess.run(["cp", "-a", root, proofs, saved], check=True)
    make = change.right if how == "right" else change.wrong
    assert make is not None
    make(root)
    seconds, code, words = prove(root, proofs)
    for held in (root, proofs):
        shutil.rmtree(held)
        subprocess.run(["cp", "-a", saved / held.name, held.parent], check=True)
    return {
        "change": change.name, "made": how, "seconds": round(seconds, 1), "goal": change.goal,
        "result": "red" if code else "green",
        "failed": re.findall(r"^--- (.*) FAILED$", words, re.M),
        "proved": sum(int(n) for n in re.findall(r"^[a-z-]+ +(?:passed|FAILED) +(\d+)", words, re.M)),
    }  # fmt: skip


def main() -> int:
    """Prove everything once in a copy, then each change; print the table and keep it row by row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="words of the changes to make; all unless named")
    names = parser.parse_args().names
    wanted = [c for c in CHANGES if not names or any(name in c.name for name in names)]
    rows: list[dict] = []
    with tempfile.TemporaryDirectory(prefix="loop-") as temporary:
        folder = Path(temporary)
        base, proofs = copy_of_project(folder), folder / "proofs"
        if default_folder().exists():
            shutil.copytree(default_folder(), proofs)
        seconds, code, words = prove(base, proofs)
        print(f"all that was not yet proved: {seconds:.0f} s", flush=True)
        if code:
            print(words)
            return 1
        for change in wanted:
            for how in ("right", "wrong"):
                if how == "right" or change.wrong:
                    rows.append(tried(change, how, base, proofs))
                    keep(rows)
    return int(any((row["result"] == "red") == (row["made"] == "right") for row in rows))


def keep(rows: list[dict]) -> None:
    """Print the last row and keep all, with those of other changes from earlier runs."""
    print(
        "{change:36s} {made:6s} {result:6s} {seconds:6.1f} s of {goal}".format(**rows[-1]),
        flush=True,
    )
    print("".join(f"    {name}\n" for name in rows[-1]["failed"]), end="", flush=True)
    made = {(row["change"], row["made"]) for row in rows}
    earlier = json.loads(RESULT.read_text())["rows"] if RESULT.exists() else []
    others = [row for row in earlier if (row["change"], row["made"]) not in made]
    order = [change.name for change in CHANGES]
    kept = sorted([*others, *rows], key=lambda row: (order.index(row["change"]), row["made"]))
    RESULT.write_text(json.dumps({"hardware": describe_hardware(), "rows": kept}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
