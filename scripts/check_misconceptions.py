"""Prove that the tests of every assignment tell right answers from wrong ones.

Every wrong answer in `misconceptions.py` must lose points, every right one must get them all,
and the untouched release must score zero. Run by `make test`.
"""

import argparse
import contextlib
import io
import multiprocessing
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cnnbook.grading.assignment import Question, read_assignment
from cnnbook.grading.misconceptions import Answer, load_answers
from scripts.paths import ROOT, solutions

LEAST_WRONG, LEAST_RIGHT = 8, 2
SECONDS = 30  # for one answer; a correct one takes far less


def score(setup: str, answer: str, question: Question, *, seconds: float = SECONDS) -> float:
    """Return the points that an answer earns, by nbgrader's rule: no error and nothing on stderr.

    It runs in a process of its own, so that nothing it changes reaches the next one.
    """
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_score_here, args=(setup, answer, question, sender))
    process.start()
    sender.close()
    try:
        earned = receiver.recv() if receiver.poll(seconds) else 0.0
    except EOFError:  # the answer took its process down
        earned = 0.0
    process.kill()
    process.join()
    return earned


def scores(
    setup: str, answers: Iterable[str], question: Question, *, seconds: float = SECONDS
) -> list[float]:
    """Return the points of each answer; as many are tried at a time as there are cores."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(
            pool.map(lambda answer: score(setup, answer, question, seconds=seconds), answers)
        )


def _score_here(setup, answer, question, sender) -> None:
    import torch

    torch.set_num_threads(1)
    earned, names = 0.0, {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(setup, "setup", "exec"), names)
        with contextlib.suppress(Exception):
            exec(compile(answer, "answer", "exec"), names)
        for grade_id, points, source in question.tests:
            errors = io.StringIO()
            try:
                with contextlib.redirect_stderr(errors):
                    exec(compile(source, grade_id, "exec"), names)
            except Exception:
                continue
            earned += 0 if errors.getvalue() else points
    sender.send(earned)


def problems_of(notebook: Path, release: Path, only: str | None) -> tuple[list[str], int]:
    """Return what is wrong with one assignment's tests, and how many answers were tried."""
    setup, questions = read_assignment(notebook)
    answers = load_answers(notebook.parent / "misconceptions.py")
    problems, tried = [], 0
    for question in questions:
        if only not in (None, question.name):
            continue
        mine = [answer for answer in answers if answer.question == question.name]
        wrong = [answer for answer in mine if not answer.is_right]
        if len(wrong) < LEAST_WRONG or len(mine) - len(wrong) < LEAST_RIGHT:
            problems.append(
                f"{question.name}: has {len(wrong)} wrong and {len(mine) - len(wrong)} right answers; "
                f"at least {LEAST_WRONG} and {LEAST_RIGHT} are needed"
            )
        reference = Answer(question.name, "the solution itself", question.source, None)
        tried += 1 + len(mine)
        points = scores(setup, [reference.source, *(answer.source for answer in mine)], question)
        for answer, earned in zip([reference, *mine], points, strict=True):
            if answer.is_right and earned != question.points:
                problems.append(
                    f"{question.name}: the right answer {answer.name!r} got {earned:g} "
                    f"of {question.points:g}"
                )
            if not answer.is_right and earned >= question.points:
                problems.append(f"{question.name}: the wrong answer {answer.name!r} got full marks")
    strangers = {answer.question for answer in answers} - {question.name for question in questions}
    problems += [f"{name}: there is no such question" for name in sorted(strangers)]
    setup, questions = read_assignment(release)
    for question in questions:
        earned = score(setup, question.source, question)
        if earned:
            problems.append(f"{question.name}: the untouched release earns {earned:g}")
    return problems, tried


def main() -> int:
    """Check every question of every assignment, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--question", help="the name of the only question to check")
    only = parser.parse_args().question
    import torch  # noqa: F401  (once, before the forks)

    failed = 0
    for notebook in solutions():
        assignment = notebook.parent.name
        release = ROOT / "exercises" / assignment / notebook.name
        problems, tried = problems_of(notebook, release, only)
        for problem in problems:
            print(f"{assignment}: {problem}")
        failed += len(problems)
        print(f"{assignment}: {tried} answers tried, {len(problems)} problems")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
