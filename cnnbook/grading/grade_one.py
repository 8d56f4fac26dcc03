"""Grade one notebook: `(release, submission, limits) → result`.

Runs in a child of the warm parent. `trial` runs the cells; this module reads the job, puts the
result together and sends it back.
"""

import os
import socket
import time
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl

import torch

from cnnbook.grading import frames
from cnnbook.grading.arguments import skip_absent_gpus
from cnnbook.grading.assignment import released_cells
from cnnbook.grading.executed import executed_notebook
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.limits import Limits
from cnnbook.grading.rebuild import rebuild
from cnnbook.grading.result import NotebookResult, QuestionResult, TestResult, question_from
from cnnbook.grading.trial import NoSandbox, Trial, questions_of


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
    skip_absent_gpus()
    cells = released_cells(job["solution"], job["release"])
    handed = HandedIn(**job["handed"])
    result = NotebookResult(job["notebook"], notes=list(handed.notes), sandboxed=job["sandbox"])
    if handed.problem:
        result.notes.append(handed.problem)
        for question in questions_of(cells):
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
