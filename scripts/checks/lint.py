"""Ruff's rules and format, types, and notebooks in their one form."""

import subprocess
import sys

from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit

CODE = ("**/*.py", "pyproject.toml")
TYPED = ("cnnbook/**/*.py", "scripts/**/*.py", "pyproject.toml")  # as pyproject.toml says
NOTEBOOKS = ("chapters/*.ipynb", "solutions/*/*.ipynb")
COMMANDS = {
    "ruff's rules": (["ruff", "check", "."], (*CODE, "**/*.ipynb")),
    "ruff's format": (["ruff", "format", "--check", "."], (*CODE, "**/*.ipynb")),
    "types": (["mypy"], TYPED),
    "tidy notebooks": ([sys.executable, "-m", "scripts.tidy_notebooks", "--check"], NOTEBOOKS),
}


def units() -> list[Unit]:
    """Return a unit for each command."""
    return [Unit(name, sources=sources) for name, (_, sources) in COMMANDS.items()]


def prove(unit: Unit) -> Outcome:
    """Run a command, which says by its exit code whether all is well."""
    code = subprocess.run(COMMANDS[unit.name][0], cwd=ROOT).returncode
    return Outcome(passed=int(code == 0), failed=int(code != 0))
