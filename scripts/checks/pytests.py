"""Pytest in this process, counted."""

import ast
from pathlib import Path

import pytest

from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit


class Count:
    """A pytest plugin: what ran, and how it ended."""

    def __init__(self) -> None:
        self.outcome = Outcome()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once, and an error around it as a failure."""
        if report.failed:
            self.outcome.failed += 1
        elif report.skipped:
            self.outcome.skipped += 1
            self.outcome.notes.append(str(report.longrepr)[-200:])
        elif report.when == "call":
            self.outcome.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count what could not be collected."""
        self.outcome.failed += report.failed


def run_pytest(*arguments: str) -> Outcome:
    """Run pytest here and return what it counted."""
    count = Count()
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(ROOT),
    ]
    code = pytest.main([*options, *arguments], plugins=[count])
    if code and not count.outcome.failed and code != pytest.ExitCode.NO_TESTS_COLLECTED:
        count.outcome.failed = 1
        count.outcome.notes.append(f"pytest ended with {code!r}")
    return count.outcome


def tests_of(path: Path) -> list[str]:
    """Return the names of the test functions of a file."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [n.name for n in body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]


def by_function(file: str, **options) -> list[Unit]:
    """Return one unit for each test function of a file."""
    return [Unit(f"{file}::{name}", **options) for name in tests_of(ROOT / file)]
