"""`nbgrader validate` must pass every solution and fail every release."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from scripts.paths import ROOT, exercises, solutions
from scripts.proof.unit import Outcome, Unit

WORDS = {
    "solutions": "Success! Your notebook passes all the tests.",
    "exercises": "VALIDATION FAILED",
}


def units() -> list[Unit]:
    """Return a unit for each notebook."""
    paths = [*solutions(), *exercises()]
    return [Unit(path.relative_to(ROOT).as_posix(), seconds=10) for path in paths]


def prove(unit: Unit) -> Outcome:
    """Validate a copy of a notebook with nbgrader's own command."""
    folder = tempfile.mkdtemp()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    copy = Path(shutil.copy(ROOT / unit.name, folder))
    command = ["nbgrader", "validate", copy.name]
    done = subprocess.run(command, cwd=copy.parent, capture_output=True, text=True)
    words = done.stdout + done.stderr
    expected = WORDS[unit.name.split("/")[0]]
    if expected in words:
        return Outcome(passed=1)
    print(f"{unit.name}: expected {expected!r}, got\n{words}")
    return Outcome(failed=1)
