"""Answers to a question, run as nbgrader would: no error and nothing on stderr earns a test's points."""

import contextlib
import io
import multiprocessing
import signal
import time
from collections.abc import Iterable

from cnnbook.grading.assignment import Question

SECONDS = 30.0  # for one answer; a correct one takes far less


class Runner:
    """Runs answers to one question, each in a fork of a process that ran the assignment's own cells."""

    def __init__(self, setup: str, question: Question):
        import torch

        torch.set_num_threads(1)
        self.question = question
        self.names: dict = {"__name__": "__main__"}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(setup, "setup", "exec"), self.names)

    def points(self, answer: str) -> float:
        """Return the points that an answer earns."""
        return sum(self._earned(answer, SECONDS, stop=False))

    def is_full(self, answer: str, cpu_seconds: float = SECONDS) -> bool:
        """Return whether an answer earns all points; the first test that it fails is the last one run."""
        return len(self._earned(answer, cpu_seconds, stop=True)) == len(self.question.tests)

    def cpu_seconds(self, answer: str) -> float:
        """Return the CPU time that a right answer's tests take."""
        began = time.perf_counter()
        self.points(answer)
        return time.perf_counter() - began

    def _earned(self, answer: str, cpu_seconds: float, *, stop: bool) -> list[float]:
        """Return the points of the tests that were passed; one that failed gives none, or is the end.

        An answer that takes its process down, or runs too long, passes nothing.
        """
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        arguments = (answer, cpu_seconds, stop, sender)
        process = context.Process(target=self._run, args=arguments)
        process.start()
        sender.close()
        try:  # an answer that sleeps uses no CPU time
            earned = receiver.recv() if receiver.poll(max(SECONDS, 2 * cpu_seconds)) else []
        except EOFError:
            earned = []
        process.kill()
        process.join()
        return earned

    def _run(self, answer: str, cpu_seconds: float, stop: bool, sender) -> None:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # its signal ends the process
        earned = []
        with contextlib.redirect_stdout(io.StringIO()):
            with contextlib.suppress(Exception):
                exec(compile(answer, "answer", "exec"), self.names)
            for passed, points in self._tests():
                if passed:
                    earned.append(points)
                elif stop:
                    break
        sender.send(earned)

    def _tests(self) -> Iterable[tuple[bool, float]]:
        for grade_id, points, source in self.question.tests:
            errors = io.StringIO()
            try:
                with contextlib.redirect_stderr(errors):
                    exec(compile(source, grade_id, "exec"), self.names)
            except Exception:
                yield False, points
            else:
                yield not errors.getvalue(), points


def as_payload(question: Question) -> dict:
    """Return a question as JSON holds it."""
    return {"name": question.name, "source": question.source, "tests": question.tests}


def as_question(payload: dict) -> Question:
    """Return the question of a payload."""
    return Question(payload["name"], payload["source"], [tuple(t) for t in payload["tests"]])
