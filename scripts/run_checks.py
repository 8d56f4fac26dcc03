"""Prove what is not yet proved, and say in one table what was proved now and what before.

`make test` runs all checks; `make test-NAME` or `python -m scripts.run_checks NAME …` runs some, and
`--only TEXT` those of their units whose names hold a text. FRESH=1 believes no earlier pass.
A skip is allowed on a contributor's machine and a failure under CI=true.
"""

import argparse
import contextlib
import importlib
import os
import re
import sys
import time
import traceback
from dataclasses import dataclass, field

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many units at a time as cores, a thread each

from cnnbook.forked.kernel import warm_kernels
from scripts.checks.table import CHECKS, OUTPUTS, Check
from scripts.proof import pool
from scripts.proof.memory import Memory
from scripts.proof.pool import Job
from scripts.proof.progress import Progress
from scripts.proof.unit import Outcome, Unit

FIRST = {"chapters": 2e6, "outputs": 2e6, "book": 1e6}  # the pages wait for them
WORTH_PRELOADING = 3  # units


@dataclass
class Row:
    """A check in the table."""

    name: str
    units: int = 0
    before: int = 0
    seconds: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)


class Run:
    """The checks that are wanted: what of them holds already, and what is to be proved."""

    def __init__(self, names: list[str], only: str, memory: Memory):
        self.only, self.memory, self.progress = only, memory, Progress()
        checks = {**CHECKS, "outputs": OUTPUTS}
        if "book" in names and "chapters" not in names:
            names = ["outputs", *names]
        self.checks: dict[str, Check] = {name: checks[name] for name in names}
        self.rows = {name: Row(name) for name in names}
        self.unlisted, self.open = list(names), dict.fromkeys(names, 0)

    def listed(self) -> list[Job]:
        """Return the jobs of all checks that can be listed by now."""
        jobs: list[Job] = []
        while ready := [name for name in self.unlisted if self._is_ready(name)]:
            for name in ready:
                self.unlisted.remove(name)
                jobs += self._jobs_of(name)
        return jobs

    def _is_ready(self, name: str) -> bool:
        wanted = [other for other in self.checks[name].after if other in self.checks]
        return not any(self.open[other] or other in self.unlisted for other in wanted)

    def _jobs_of(self, name: str) -> list[Job]:
        check, row = self.checks[name], self.rows[name]
        try:
            module = importlib.import_module(check.module)
            units: list[Unit] = module.units(*([self.memory] if check.sees_memory else []))
        except Exception as error:
            traceback.print_exc()
            row.outcome += Outcome(failed=1, notes=[f"not listed: {type(error).__name__}: {error}"])
            return []
        units = [unit for unit in units if self.only in unit.name]
        row.units = len(units)
        jobs = []
        for unit in units:
            held = self.memory.recall(name, unit)
            if held is None and check.proved_by:
                held = self.memory.recall(check.proved_by, unit)
            if held is not None:
                row.before += held.passed
                row.outcome.notes += held.notes
            else:
                priority = FIRST.get(name, 0) + self.memory.seconds(name, unit)
                jobs.append(Job(name, check.module, unit, priority))
        self.open[name] = len(jobs)
        self.progress.add(len(jobs))
        return jobs

    def began(self, job: Job) -> None:
        """Say what begins."""
        self.progress.began(f"{job.check}: {job.unit.name}")

    def ended(self, job: Job) -> list[Job]:
        """Count a job, remember its pass, print what it said if it failed, and return new jobs."""
        row, outcome = self.rows[job.check], job.outcome
        row.outcome += outcome
        row.seconds += job.seconds
        self.open[job.check] -= 1
        if outcome.failed:
            self.progress.print(f"\n--- {job.check}: {job.unit.name} FAILED\n{job.words}")
            self.progress.print("\n".join(outcome.notes))
        elif not outcome.skipped and not self.memory.remember(
            job.check, job.unit, outcome, job.read, job.began
        ):
            self.progress.print(
                f"{job.check}: {job.unit.name} passed; something that it read was changed meanwhile, "
                f"so this is not remembered"
            )
        self.progress.ended(f"{job.check}: {job.unit.name}", bool(outcome.failed), job.seconds)
        return self.listed()


def run(names: list[str], only: str = "") -> int:
    """Prove these checks, print the table, and return the exit code."""
    is_fresh = os.environ.get("FRESH", "") not in ("", "0")
    started = time.time()
    state = Run(names, only, Memory(since=started if is_fresh else 0.0))
    jobs = state.listed()
    if len(jobs) > WORTH_PRELOADING:
        state.progress.print(f"{len(jobs)} units to prove")
        pool.preload()
    times: dict[str, float] = {}

    def ended(job: Job) -> list[Job]:
        times[f"{job.check} {job.unit.name}"] = job.seconds
        return state.ended(job)

    if jobs:
        has_kernels = any(state.checks[job.check].has_kernels for job in jobs)
        try:
            with warm_kernels(threads=1) if has_kernels else contextlib.nullcontext():
                pool.prove_all(jobs, ended, state.began, os.cpu_count() or 1)
        except KeyboardInterrupt:
            state.progress.close()
            print("\nstopped; what passed so far is remembered")
            return 130
        finally:
            state.memory.note_seconds(times)
    state.progress.close()
    rows = [row for row in state.rows.values() if row.units or not only or row.outcome.failed]
    if not rows:
        print(f"no unit of {', '.join(names)} has {only!r} in its name")
        return 2
    return print_table(rows, time.time() - started)


def print_table(rows: list[Row], wall: float) -> int:
    """Print one line for each check and the sums; return the exit code."""
    head = f"{'check':15s} {'result':8s} {'now':>6s} {'before':>7s} {'failed':>7s} {'skipped':>8s} {'s':>6s}"
    print(f"\n{head}")
    total = Outcome()
    for row in rows:
        outcome = row.outcome
        if outcome.passed + outcome.failed + outcome.skipped + row.before == 0:
            outcome.failed, outcome.notes = 1, ["it checked nothing"]
        good = outcome.passed + row.before
        result = "FAILED" if outcome.failed else "passed" if good else "skipped"
        print(
            f"{row.name:15s} {result:8s} {outcome.passed:6d} {row.before:7d} {outcome.failed:7d} "
            f"{outcome.skipped:8d} {row.seconds:6.0f}  {summary_of(outcome.notes)}"
        )
        total += Outcome(good, outcome.failed, outcome.skipped)
    forbidden = total.skipped if os.environ.get("CI", "").lower() == "true" else 0
    if forbidden:
        print(f"CI=true: {forbidden} skipped count as failed")
    before = sum(row.before for row in rows)
    print(f"{before} of these passed before and depend on nothing that changed; {wall:.0f} s")
    print(f"{total.passed} passed, {total.failed + forbidden} failed, {total.skipped} skipped")
    return int(total.failed + forbidden > 0)


def summary_of(notes: list[str]) -> str:
    """Return notes in one line; those that only count are added up.

    >>> summary_of(["3 outputs compared", "4 outputs compared", "no Chromium"])
    '7 outputs compared; no Chromium'
    """
    counts: dict[str, int] = {}
    others = []
    for note in notes:
        if match := re.fullmatch(r"(\d+) ([a-z ]+)", note):
            counts[match[2]] = counts.get(match[2], 0) + int(match[1])
        else:
            others.append(re.sub(r"\s+", " ", note)[:200])
    return "; ".join(
        [*(f"{count} {what}" for what, count in counts.items()), *dict.fromkeys(others)]
    )


def main() -> int:
    """Run the checks named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"all unless named: {', '.join(CHECKS)}")
    parser.add_argument("--only", default="", help="a text that the names of units must hold")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in CHECKS]
    if unknown:
        print(f"no check is called {', '.join(unknown)}; there are {', '.join(CHECKS)}")
        return 2
    return run(asked.names or list(CHECKS), asked.only)


if __name__ == "__main__":
    sys.exit(main())
