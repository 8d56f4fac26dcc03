"""Run a rebuilt notebook from top to bottom and turn what its tests say into results.

The instructor's cells run here, in the trusted process; the student's run in another one, locked
in, which is started again without the guilty cell when it dies or hangs.
"""

import functools
import hashlib

from cnnbook import checks
from cnnbook.grading.assignment import Cell, names_by_cell
from cnnbook.grading.boundary import BoundaryError
from cnnbook.grading.cells import CellRunner, Ran
from cnnbook.grading.deadlines import Allowance
from cnnbook.grading.executed import clean_outputs
from cnnbook.grading.generators import seed_generators
from cnnbook.grading.limits import Limits, TimeLimit, TooLong
from cnnbook.grading.reasons import explain, score_of
from cnnbook.grading.rebuild import Rebuilt, Step
from cnnbook.grading.result import QuestionResult, TestResult, question_from
from cnnbook.grading.session import Session, open_session
from cnnbook.grading.student_errors import StudentGone, reading_an_answer


class TestRun:
    """Runs a rebuilt notebook from top to bottom."""

    def __init__(
        self, cells: list[Cell], rebuilt: Rebuilt, limits: Limits, address: str, job: dict
    ):
        self.cells, self.rebuilt, self.limits, self.address = cells, rebuilt, limits, address
        self.role = "student" if job["sandbox"] else "student-unprotected"
        self.files = job.get("files")
        self.only = job.get("only")  # the one question to grade
        self.time = Allowance(limits)
        self.trusted = CellRunner(limits.output)
        self.session: Session | None = None
        self.gone: dict[int, StudentGone] = {}  # steps that ended the student's process
        self.failed: dict[str, dict] = {}  # answers that stopped with an error
        self.outputs: dict[int, list] = {}
        self.tests: dict[str, TestResult] = {}
        self.notes: list[str] = []
        self.restarts = 0
        self.all_ran = False  # whether every cell has run once
        self.fresh = False  # whether the tests have the names of the latest cells
        self.lengths = {step.id: step.source.count("\n") + 1 for step in rebuilt.steps}
        self.answer_names = list(
            dict.fromkeys(n for c in cells if c.kind == "answer" for n in c.names)
        )

    # --- the student's process

    def start(self) -> None:
        """Start a student's process. Raises NoSandbox where it cannot be locked in."""
        self.session, keeper = open_session(self.address, self.role, self.limits, self.files)
        self.time.count(keeper)
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
        if self.restarts > self.limits.restarts or self.time.is_over:
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
            self.session.deadline = self.time.deadline()
            self.fresh = False
            try:
                answer, _ = self.session.ask("run", source=step.source, name=step.id)
                outputs, failed = shown_by(answer)
                break
            except StudentGone as error:
                if attempt == 2 or error.state == "timeout":
                    self.gone[index] = error
                self.restart(index)
                if index in self.gone:
                    return
        if not again:
            self.outputs[index] = outputs
            if failed is not None and step.kind in ("answer", "extra"):
                self.failed[step.id] = failed

    # --- the notebook

    def run(self) -> None:
        """Run everything; fills in `tests` and `outputs`."""
        self.start()
        waiting: list[
            tuple[int, Cell]
        ] = []  # tests that missed a name which a later cell may define
        for index, step in enumerate(self.rebuilt.steps):
            self.run_there(index, step)
            if step.kind == "setup":
                ran = self.trusted.run(step.source, step.id)
                self.outputs[index] = ran.outputs
                if ran.error is not None:
                    self.notes.append(f"the instructor's cell {step.id} failed: {ran.error}")
            elif step.kind == "test" and step.cell and self.only in (None, step.cell.question):
                waiting += [(index, step.cell)] if self.run_test(index, step.cell) else []
        self.all_ran = True
        for index, cell in waiting:
            before = self.tests[cell.id]
            self.run_test(index, cell)
            if self.tests[cell.id].score > before.score:
                self.notes.append(
                    f"{cell.id} passed once all cells had run: they were out of order"
                )

    def run_test(self, index: int, cell: Cell) -> bool:
        """Run one test, and once more if it fails; return whether a name was missing."""
        if cell.question in self.rebuilt.missing and not self.defined(cell.question):
            self.tests[cell.id] = TestResult(
                cell.id, cell.points, 0.0, "missing", "No answer was given."
            )
            return False
        if self.session is None:
            why = (
                "the notebook took too long"
                if self.time.is_over
                else "the submission crashed too often"
            )
            self.tests[cell.id] = TestResult(
                cell.id, cell.points, 0.0, "not run", f"Not run: {why}."
            )
            return False
        result, ran = self.one_try(cell, index, self.session)
        self.outputs[index] = ran.outputs
        again = result.score < cell.points and result.state != "timeout"
        if again and self.session is not None and not isinstance(ran.error, NameError):
            second, _ = self.one_try(cell, index, self.session)
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
        return not wanted.isdisjoint(self.given_names)

    @functools.cached_property
    def given_names(self) -> set[str]:
        """Return the names that the student's cells define."""
        steps = [s for s in self.rebuilt.steps if s.kind in ("answer", "extra")]
        given = (s.source for s in steps if s.id not in self.rebuilt.missing)
        return {name for names in names_by_cell(given) for name in names}

    def one_try(self, cell: Cell, index: int, session: Session) -> tuple[TestResult, Ran]:
        """Run a test cell here; its probes run in the student's process."""
        session.deadline = end = self.time.deadline()
        calls = session.calls
        session.unseen.clear()
        try:
            self.refresh(session)
            seed_generators(int(hashlib.sha256(cell.id.encode()).hexdigest()[:8], 16))
            with TimeLimit(end.seconds + 2, end.by_the_clock + 2):
                ran = self.trusted.run(cell.source, cell.id)
        except StudentGone as error:
            ran = Ran(error=error)
        if isinstance(ran.error, StudentGone | TooLong):
            self.restart(len(self.rebuilt.steps) if self.all_ran else index)
        if ran.error is None:
            try:
                score, message = score_of(ran.value, cell.points)
                state = "right" if score == cell.points else "partial" if score else "wrong"
                return TestResult(cell.id, cell.points, score, state, message), ran
            except BoundaryError as error:  # points that are an object of the student's
                ran.error = error
        called = session.calls > calls
        failed, gone = self.failed.get(cell.question), self.gone_at(cell)
        state, message, detail = explain(cell, ran.error, ran.line, failed, gone, self.lengths)
        detail += "" if called else " (the submission was not called)"
        if session.unseen:
            unseen = ", ".join(sorted(session.unseen))
            detail += f" (a test sees only inside a function that it gives to expect: {unseen})"
        return TestResult(cell.id, cell.points, 0.0, state, message, detail), ran

    def gone_at(self, cell: Cell) -> StudentGone | None:
        """Return how the answer to a test's question ended the process, if it did."""
        for index, error in self.gone.items():
            if self.rebuilt.steps[index].id == cell.question:
                return error
        return None

    def refresh(self, session: Session) -> None:
        """Give the tests the student's names as they are now."""
        if self.fresh:
            return
        found = session.defined(self.answer_names)
        checks.run_probe = session.probe
        for name in self.answer_names:
            if name in found:
                self.trusted.names[name] = found[name]
            else:
                self.trusted.names.pop(name, None)
        self.fresh = True

    def question_results(self) -> list[QuestionResult]:
        """Return the results by question, in the notebook's order."""
        results = []
        for question in questions_of(self.cells):
            if self.only not in (None, question):
                continue
            tests = [self.tests[c.id] for c in self.cells if c.question == question]
            results.append(question_from(question, tests))
        return results


def shown_by(answer: dict) -> tuple[list[dict], dict | None]:
    """Return a cell's outputs and its error, if any, of the types that they have to be."""
    with reading_an_answer():
        failed = answer.get("failed")
        if failed is not None:
            names = [str(name) for name in failed["classes"]]
            failed = {"classes": names, "text": str(failed["text"]), "line": int(failed["line"])}
        return clean_outputs(answer.get("outputs")), failed


def questions_of(cells: list[Cell]) -> list[str]:
    """Return the names of the questions that have tests."""
    return list(dict.fromkeys(cell.question for cell in cells if cell.kind == "test"))
