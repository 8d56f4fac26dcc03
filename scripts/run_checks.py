"""Run everything that must hold before a change lands, and say in one table what ran.

`make test` runs all checks; `make test-NAME` or `python -m scripts.run_checks NAME …` runs some.
A skip is allowed on a contributor's machine and a failure under CI=true.
"""

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnbook.forked.kernel import warm_kernels
from scripts import keep_executed
from scripts.build_book import keep_outputs
from scripts.compared_outputs import compared_outputs
from scripts.paths import ROOT, chapters, solutions

NBVAL = ["--nbval", "--nbval-sanitize-with", "tests/nbval.cfg", "--nbval-cell-timeout", "120"]
GRADING = ["tests/test_grading.py", "tests/test_submissions.py"]  # they measure time: alone
IN_BROWSER = ["tests/test_browser.py", "tests/test_figures.py", "tests/test_quizzes.py"]
SLOW = [*IN_BROWSER, "tests/test_checks_can_fail.py", *GRADING]


@dataclass
class Outcome:
    """What one check did."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)


def pytest(*arguments: str) -> Outcome:
    """Run pytest and count by its own report."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        # Two workers on two cores: more threads each would only get in each other's way.
        threads = {"OMP_NUM_THREADS": "1"} if "-n" in arguments else {}
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **threads}).returncode
        if not report.exists():
            return Outcome(failed=1, notes=[f"pytest ended with {code} and wrote no report"])
        suite = ElementTree.parse(report).getroot().find("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    skipped = int(suite.get("skipped"))
    passed = int(suite.get("tests")) - failed - skipped
    reasons = sorted({node.get("message", "") for node in suite.iter("skipped")})
    if code and not failed:
        failed, reasons = 1, [*reasons, f"pytest ended with {code}"]
    return Outcome(passed, failed, skipped, reasons)


def script(*command: str) -> Outcome:
    """Run a command that says by its exit code whether all is well."""
    code = subprocess.run(command, cwd=ROOT).returncode
    return Outcome(passed=int(code == 0), failed=int(code != 0))


def lint() -> Outcome:
    """Ruff's rules and format, and notebooks in their one form."""
    commands = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        [sys.executable, "-m", "scripts.tidy_notebooks", "--check"],
    ]
    codes = [subprocess.run(command, cwd=ROOT).returncode for command in commands]
    return Outcome(passed=codes.count(0), failed=len(codes) - codes.count(0))


def unit() -> Outcome:
    """Unit tests, doctests of the package included."""
    ignored = [f"--ignore={path}" for path in SLOW]
    return pytest("-n", "2", "--doctest-modules", "tests", "cnnbook", "scripts", *ignored)


def notebooks(paths: list[Path], *options: str) -> Outcome:
    """Strict nbval: every text output must come out as it is committed."""
    counts = {path.relative_to(ROOT).as_posix(): compared_outputs(path) for path in paths}
    usual = os.environ.get("CNNBOOK_COLD_KERNELS")  # for comparison: one notebook after another
    together = [] if usual else ["-n", "2", "--dist", "loadfile"]
    with warm_kernels(threads=1):
        outcome = pytest(*NBVAL, *together, *options, *counts)
    for name, count in counts.items():
        print(f"{name}: {count} outputs compared")
        if count == 0:
            outcome.failed += 1
            outcome.notes.append(f"{name} compares nothing: run make notebooks and commit")
    outcome.notes.append(f"{sum(counts.values())} outputs compared")
    return outcome


def checked_chapters() -> Outcome:
    """Strict nbval of the chapters; what it executed is what the book shows."""
    if os.environ.get("CNNBOOK_COLD_KERNELS"):
        return notebooks(chapters())
    with TemporaryDirectory() as folder:
        os.environ[keep_executed.FOLDER] = folder
        outcome = notebooks(chapters(), "-p", "scripts.keep_executed")
        keep_outputs([Path(folder) / path.name for path in chapters()])
    return outcome


def book() -> Outcome:
    """The rendered book, warnings as errors, and what must be true of every page."""
    outcome = script(sys.executable, "-m", "scripts.build_book")
    if outcome.failed:
        return outcome
    pages = script(sys.executable, "-m", "scripts.check_pages")
    return Outcome(outcome.passed + pages.passed, pages.failed)


def browser() -> Outcome:
    """The built pages, figures and quizzes in Chromium; installs Debian's Chromium where that is allowed."""
    from scripts.chromium import INSTALL, ensure_chromium

    if ensure_chromium() is None:
        return Outcome(skipped=1, notes=[f"no Chromium; install it: {INSTALL}"])
    return pytest(*IN_BROWSER, "-n", "2")


def module(name: str, *arguments: str):
    """Return a check that runs a module of scripts/."""
    return lambda: script(sys.executable, "-m", f"scripts.{name}", *arguments)


CHECKS = {
    "lint": lint,
    "unit": unit,
    "chapters": checked_chapters,
    "solutions": lambda: notebooks(solutions()),
    "release": module("check_release"),
    "validate": module("check_validate"),
    "grading": lambda: pytest(*GRADING),
    "misconceptions": module("check_misconceptions"),
    "mutants": module("check_mutants"),
    "class": module("grade_demo"),
    "book": book,
    "browser": browser,
    "can-fail": lambda: pytest("tests/test_checks_can_fail.py", "-n", "2"),
}


def main() -> int:
    """Run the checks named, or all, and print the table."""
    wanted = sys.argv[1:] or list(CHECKS)
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        print(f"no check is called {', '.join(unknown)}; there are {', '.join(CHECKS)}")
        return 2
    rows, total = [], Outcome()
    for name in wanted:
        print(f"\n=== {name}", flush=True)
        start = time.perf_counter()
        outcome = CHECKS[name]()
        if outcome.passed + outcome.failed + outcome.skipped == 0:
            outcome = Outcome(failed=1, notes=["it checked nothing"])
        seconds = time.perf_counter() - start
        rows.append((name, outcome, seconds))
        total.passed += outcome.passed
        total.failed += outcome.failed
        total.skipped += outcome.skipped
    print_table(rows)
    forbidden = total.skipped if os.environ.get("CI", "").lower() == "true" else 0
    if forbidden:
        print(f"CI=true: {forbidden} skipped count as failed")
    print(f"{total.passed} passed, {total.failed + forbidden} failed, {total.skipped} skipped")
    return int(total.failed + forbidden > 0)


def print_table(rows: list[tuple[str, Outcome, float]]) -> None:
    """Print one line for each check."""
    print(f"\n{'check':15s} {'result':8s} {'passed':>7s} {'failed':>7s} {'skipped':>8s} {'s':>6s}")
    for name, outcome, seconds in rows:
        result = "FAILED" if outcome.failed else "skipped" if not outcome.passed else "passed"
        notes = "; ".join(re.sub(r"\s+", " ", note) for note in outcome.notes)
        print(
            f"{name:15s} {result:8s} {outcome.passed:7d} {outcome.failed:7d} "
            f"{outcome.skipped:8d} {seconds:6.0f}  {notes}"
        )


if __name__ == "__main__":
    sys.exit(main())
