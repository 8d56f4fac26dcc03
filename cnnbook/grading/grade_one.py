"""Grade one notebook: `(release, submission, limits) → result`.

Runs in a child of the warm parent. The instructor's cells run here, in the trusted process; the
student's run in another child, locked in, which is started again without the guilty cell when it
dies or hangs. What a test cell says is turned into a score and a reason.
"""

import hashlib
import math
import os
import random
import signal
import socket
import time
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl

import numpy as np
import torch

from cnnbook.grading import frames
from cnnbook.grading.assignment import Cell, released_cells
from cnnbook.grading.cells import CellRunner, Ran
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.limits import Limits
from cnnbook.grading.proxies import Session, StudentGone
from cnnbook.grading.reasons import explain
from cnnbook.grading.rebuild import Rebuilt, Step, rebuild
from cnnbook.grading.result import NotebookResult, QuestionResult, TestResult, question_from
from cnnbook.grading.warm import fork


class NoSandbox(Exception):
    """The student's process could not be locked in."""


class TooLong(BaseException):
    """A test took longer than it may."""


def main(channel: socket.socket, address: str, role: str) -> None:
    """Take one job from the channel, grade it and send the result back."""
    job, _ = frames.receive(channel, 1 << 31)
    fcntl(channel, F_SETOWN, os.getpid())  # when the other side goes away, SIGIO ends this process
    flags = fcntl(channel, F_GETFL)
    fcntl(channel, F_SETFL, flags | os.O_ASYNC)
    try:
        answer = {"result": grade_notebook(job, address).as_dict()}
    except NoSandbox as error:
        answer = {"no sandbox": str(error)}
    fcntl(channel, F_SETFL, flags)
    frames.send(channel, answer, [])


def grade_notebook(job: dict, address: str) -> NotebookResult:
    """Return the result of one notebook. `address` is that of the warm parent, which forks."""
    start = time.monotonic()
    torch.set_num_threads(1)
    cells = released_cells(job["solution"], job["release"])
    handed = HandedIn(**job["handed"])
    result = NotebookResult(job["notebook"], notes=list(handed.notes), sandboxed=job["sandbox"])
    if handed.problem:
        result.notes.append(handed.problem)
        for question in _questions(cells):
            tests = [
                TestResult(c.id, c.points, 0.0, "missing", f"Not graded: {handed.problem}.")
                for c in cells if c.question == question
            ]  # fmt: skip
            result.questions.append(question_from(question, tests))
        rebuilt = rebuild(cells, [])
    else:
        rebuilt = rebuild(cells, handed.cells)
        result.notes += rebuilt.notes
    if not handed.problem:
        trial = Trial(cells, rebuilt, Limits(**job["limits"]), address, job)
        try:
            trial.run()
        finally:
            trial.stop()
        result.questions += trial.question_results()
        result.notes += trial.notes
        outputs = trial.outputs
    else:
        outputs = {}
    written = [c for c in cells if c.kind == "written"]
    for cell in written:
        given = cell.id not in rebuilt.missing
        reason = "Graded by a person." if given else "No answer was given."
        state = "by hand" if given else "missing"
        result.questions.append(QuestionResult(cell.id, cell.points, 0.0, state, reason))
    result.executed = executed_notebook(job["solution"], rebuilt, outputs)
    result.seconds = round(time.monotonic() - start, 3)
    return result


def _questions(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.question for cell in cells if cell.kind == "test"))


class Trial:
    """Runs a rebuilt notebook from top to bottom."""

    def __init__(
        self, cells: list[Cell], rebuilt: Rebuilt, limits: Limits, address: str, job: dict
    ):
        self.cells, self.rebuilt, self.limits, self.address = cells, rebuilt, limits, address
        self.role = "student" if job["sandbox"] else "student-unprotected"
        self.files = job.get("files")
        self.only = job.get("only")  # the one question to grade
        self.end = time.monotonic() + limits.total_seconds
        self.trusted = CellRunner(limits.output)
        self.session: Session | None = None
        self.gone: dict[int, StudentGone] = {}  # steps that ended the student's process
        self.failed: dict[str, dict] = {}  # answers that stopped with an error
        self.outputs: dict[int, list] = {}
        self.tests: dict[str, TestResult] = {}
        self.notes: list[str] = []
        self.restarts = 0
        self.fresh = False  # whether the proxies are those of the latest cells
        self.answer_names = list(
            dict.fromkeys(n for c in cells if c.kind == "answer" for n in c.names)
        )

    # --- the student's process

    def start(self) -> None:
        """Start a student's process. Raises NoSandbox where it cannot be locked in."""
        begin = {"limits": self.limits.as_dict(), "files": self.files}
        for attempt in (1, 2, 3):
            channel = fork(self.address, self.role)
            try:
                frames.send(channel, begin, [])
                answer, _ = frames.receive(channel, 1 << 16, time.monotonic() + 30)
                break
            except (EOFError, OSError, frames.WireError) as error:  # killed from outside, say
                channel.close()
                if attempt == 3:
                    raise NoSandbox(f"the student's process did not start ({error!r})") from None
        if answer.get("sandbox", "no answer") is not None:
            raise NoSandbox(str(answer.get("sandbox", "it ended")))
        self.session = Session(channel, self.limits.message)
        self.fresh = False

    def stop(self) -> None:
        """End the student's process and all that it started."""
        if self.session is not None:
            self.session.channel.close()
            self.session = None

    def restart(self, upto: int) -> None:
        """Start a new process and run the cells before `upto` again, without the guilty ones."""
        self.stop()
        self.restarts += 1
        if self.restarts > self.limits.restarts or time.monotonic() > self.end:
            return
        self.start()
        for index in range(upto):
            if index not in self.gone and self.session is not None:
                self.run_there(index, self.rebuilt.steps[index], again=True)

    def run_there(self, index: int, step: Step, again: bool = False) -> None:
        """Run a cell in the student's process; one that ends the process has a second try."""
        if step.kind not in ("setup", "answer", "extra") or step.id in self.rebuilt.missing:
            return  # an untouched stub must not replace what another cell defines
        for attempt in (1, 2):
            if self.session is None:
                return
            self.session.deadline = min(time.monotonic() + self.limits.cell_seconds, self.end)
            self.fresh = False
            try:
                answer, _ = self.session.ask("run", source=step.source, name=step.id)
                break
            except StudentGone as error:
                if attempt == 2 or error.state == "timeout":
                    self.gone[index] = error
                self.restart(index)
                if index in self.gone:
                    return
        if not again:
            self.outputs[index] = clean_outputs(answer.get("outputs"))
            if isinstance(answer.get("failed"), dict) and step.kind in ("answer", "extra"):
                self.failed[step.id] = answer["failed"]

    # --- the notebook

    def run(self) -> None:
        """Run everything; fills in `tests` and `outputs`."""
        self.start()
        waiting = []  # tests that missed a name which a later cell may define
        for index, step in enumerate(self.rebuilt.steps):
            self.run_there(index, step)
            if step.kind == "setup":
                ran = self.trusted.run(step.source, step.id)
                self.outputs[index] = ran.outputs
                if ran.error is not None:
                    self.notes.append(f"the instructor's cell {step.id} failed: {ran.error}")
            elif step.kind == "test" and self.only in (None, step.cell.question):
                waiting += [(index, step)] if self.run_test(index, step) else []
        for index, step in waiting:
            before = self.tests[step.id]
            self.run_test(index, step)
            if self.tests[step.id].score > before.score:
                self.notes.append(
                    f"{step.id} passed once all cells had run: they were out of order"
                )

    def run_test(self, index: int, step: Step) -> bool:
        """Run one test, and once more if it fails; return whether a name was missing."""
        cell = step.cell
        if cell.question in self.rebuilt.missing and not self.defined(cell.question):
            self.tests[cell.id] = TestResult(
                cell.id, cell.points, 0.0, "missing", "No answer was given."
            )
            return False
        if self.session is None:
            late = time.monotonic() > self.end
            why = "the notebook took too long" if late else "the submission crashed too often"
            self.tests[cell.id] = TestResult(
                cell.id, cell.points, 0.0, "not run", f"Not run: {why}."
            )
            return False
        result, ran = self.one_try(cell, index)
        self.outputs[index] = ran.outputs
        again = result.score < cell.points and self.session is not None
        if again and result.state != "timeout" and not isinstance(ran.error, NameError):
            second, _ = self.one_try(cell, index)
            if isinstance(ran.error, StudentGone) and second.state not in ("crashed", "memory"):
                result = second  # its process was ended from outside
            elif second.score != result.score:
                result.unstable = True
                self.notes.append(f"{cell.id} gave {result.score:g} and then {second.score:g}")
        self.tests[cell.id] = result
        return isinstance(ran.error, NameError)

    def defined(self, question: str) -> bool:
        """Return whether the student's process knows a name of this question by another cell."""
        wanted = {n for c in self.cells if c.id == question for n in c.names}
        given = {
            name
            for step in self.rebuilt.steps
            if step.kind in ("answer", "extra") and step.id not in self.rebuilt.missing
            for name in names_in(step)
        }
        return bool(wanted & given)

    def one_try(self, cell: Cell, index: int) -> tuple[TestResult, Ran]:
        """Run a test cell here, with proxies for what the student defines."""
        seconds = min(self.limits.cell_seconds, max(self.end - time.monotonic(), 0.1))
        self.session.deadline = time.monotonic() + seconds
        calls = self.session.calls
        try:
            self.refresh()
            seed(int(hashlib.sha256(cell.id.encode()).hexdigest()[:8], 16))
            with alarm(seconds + 2):
                ran = self.trusted.run(cell.source, cell.id)
        except StudentGone as error:
            ran = Ran(error=error)
        if isinstance(ran.error, StudentGone | TooLong):
            self.restart(index)
        if ran.error is None:
            score, message = score_of(ran.value, cell.points)
            state = "right" if score == cell.points else "partial"
            return TestResult(cell.id, cell.points, score, state, message), ran
        called = self.session is None or self.session.calls > calls
        state, message, detail = explain(
            cell, ran, self.failed.get(cell.question), self.gone_at(cell)
        )
        detail = detail if called else f"{detail} (the submission was not called)"
        return TestResult(cell.id, cell.points, 0.0, state, message, detail), ran

    def gone_at(self, cell: Cell) -> StudentGone | None:
        """Return how the answer to a test's question ended the process, if it did."""
        for index, error in self.gone.items():
            if self.rebuilt.steps[index].id == cell.question:
                return error
        return None

    def refresh(self) -> None:
        """Give the tests the student's names as they are now."""
        if self.fresh:
            return
        found = self.session.names(self.answer_names)
        for name in self.answer_names:
            if name in found:
                self.trusted.names[name] = found[name]
            else:
                self.trusted.names.pop(name, None)
        self.fresh = True

    def question_results(self) -> list[QuestionResult]:
        """Return the results by question, in the notebook's order."""
        results = []
        for question in _questions(self.cells):
            if self.only not in (None, question):
                continue
            tests = [self.tests[c.id] for c in self.cells if c.question == question]
            results.append(question_from(question, tests))
        return results


def names_in(step: Step) -> list[str]:
    """Return the names that a step's code defines."""
    from cnnbook.grading.assignment import names_defined_by

    return names_defined_by(step.source)


def score_of(value, points: float) -> tuple[float, str]:
    """Return the points of a test that ran through: all, or the number that its last line gives."""
    if (
        value is None
        or isinstance(value, bool | np.bool_)
        or not isinstance(value, int | float | np.number)
    ):
        return points, ""
    number = float(value)
    if math.isnan(number):
        return 0.0, "The test gave no number of points."
    number = min(max(number, 0.0), points)
    return number, "" if number == points else f"{number:g} of {points:g} points."


def seed(number: int) -> None:
    """Seed the generators of Python, NumPy and torch."""
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.manual_seed(number)


class alarm:
    """Raise TooLong in the block when the seconds are over."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)

    @staticmethod
    def _ring(*_):
        raise TooLong("the test did not end in time")


def clean_outputs(outputs) -> list[dict]:
    """Return the outputs that a student's process reports, rebuilt from the kinds that are allowed."""
    kept = []
    for output in outputs[:50] if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") in ("stdout", "stderr"):
            kept.append(
                {
                    "output_type": kind,
                    "name": output["name"],
                    "text": str(output.get("text"))[:70_000],
                }
            )
        elif kind == "error":
            trace = [str(line)[:2000] for line in (output.get("traceback") or [])[:20]]
            ename, evalue = str(output.get("ename"))[:200], str(output.get("evalue"))[:2000]
            kept.append({"output_type": kind, "ename": ename, "evalue": evalue, "traceback": trace})
        elif kind in ("execute_result", "display_data") and isinstance(output.get("data"), dict):
            allowed = {
                k: str(v) for k, v in output["data"].items() if k in ("text/plain", "image/png")
            }
            entry = {"output_type": kind, "data": allowed, "metadata": {}}
            kept.append(entry | ({"execution_count": None} if kind == "execute_result" else {}))
    return kept


def executed_notebook(solution: dict, rebuilt: Rebuilt, outputs: dict[int, list]) -> dict:
    """Return the notebook that was graded, as formgrader shows it."""
    originals = {}
    for place, cell in enumerate(solution["cells"]):
        marks = cell["metadata"].get("nbgrader", {})
        originals[marks.get("grade_id") or f"cell-{place}"] = cell
    cells, used = [], set()
    for index, step in enumerate(rebuilt.steps):
        original = originals.get(step.id) if step.id not in used else None
        metadata = dict(original["metadata"]) if original else {}
        used.add(step.id)
        kind = step.cell.cell_type if step.cell else "code"
        cell = {"cell_type": kind, "metadata": metadata, "source": step.source, "id": f"c{index}"}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": outputs.get(index, [])}
        cells.append(cell)
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
