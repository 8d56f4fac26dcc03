"""Unit tests, and doctests of the package: each file by itself."""

import re

from scripts.checks.families import BROWSER, DAMAGES, GRADING
from scripts.checks.pytests import run_pytest
from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit


def units() -> list[Unit]:
    """Return a unit for each test file and for each module with doctests."""
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    modules = [
        path.relative_to(ROOT).as_posix()
        for folder in ("cnnbook", "scripts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    tests = sorted(files - {*BROWSER, *DAMAGES, *GRADING})
    return [*(Unit(name) for name in tests), *(Unit(name, seconds=1) for name in modules)]


def prove(unit: Unit) -> Outcome:
    """Run a file's tests, or its doctests."""
    doctests = [] if unit.name.startswith("tests/") else ["--doctest-modules"]
    return run_pytest(*doctests, str(ROOT / unit.name))
