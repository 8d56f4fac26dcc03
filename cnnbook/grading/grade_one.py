"""Grade one notebook: `(release, submission, limits) → result`.

Runs in a child of the warm parent. `run_tests` runs the cells; this module reads the job, puts the
result together and sends it back.
"""

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl
from pathlib import Path

import torch

from cnnbook.forked import messages
from cnnbook.grading.assignment import link_files, released_cells
from cnnbook.grading.executed import executed_notebook
from cnnbook.grading.generators import skip_absent_gpus
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.limits import Limits
from cnnbook.grading.rebuild import rebuild
from cnnbook.grading.result import NotebookResult, QuestionResult
from cnnbook.grading.run_tests import TestRun
from cnnbook.grading.session import NoSandbox
from cnnbook.grading.ungraded import ungraded


def main(channel: socket.socket, address: str, role: str) -> None:
    """Take one job from the channel, grade it and send the result back."""
    job, _ = messages.receive(channel, 1 << 31)
    if job.get("cpu") is not None:
        os.sched_setaffinity(0, [job["cpu"]])
    fcntl(channel, F_SETOWN, os.getpid())  # when the other side goes away, SIGIO ends this process
    flags = fcntl(channel, F_GETFL)
    fcntl(channel, F_SETFL, flags | os.O_ASYNC)
    try:
        with own_folder(Path(address).parent, job.get("files")):
            answer = {"result": storable(grade_notebook(job, address).as_dict())}
    except NoSandbox as error:
        answer = {"no sandbox": str(error)}
    fcntl(channel, F_SETFL, flags)
    messages.send(channel, answer, [])


@contextlib.contextmanager
def own_folder(parent: Path, files: str | None) -> Iterator[None]:
    """Be in an empty folder with the assignment's files, as the student's process will be."""
    folder = parent / str(os.getpid())
    folder.mkdir()
    os.chdir(folder)
    if files:
        link_files(files)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def storable(value):
    """Return plain data in which half of a pair of surrogates, which UTF-8 cannot hold, is spelled out."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {storable(key): storable(part) for key, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, list | tuple) else value


def grade_notebook(job: dict, address: str) -> NotebookResult:
    """Return the result of one notebook. `address` is that of the warm parent, which forks."""
    start = time.monotonic()
    torch.set_num_threads(1)
    skip_absent_gpus()
    handed = HandedIn(**job["handed"])
    if handed.problem:
        result = ungraded(job, "missing", handed.problem)
    else:
        result = _graded(job, handed, address)
    result.notes[:0] = handed.notes
    result.sandboxed = job["sandbox"]
    result.seconds = round(time.monotonic() - start, 3)
    return result


def _graded(job: dict, handed: HandedIn, address: str) -> NotebookResult:
    cells = released_cells(job["solution"], job["release"])
    rebuilt = rebuild(cells, handed.cells)
    run = TestRun(cells, rebuilt, Limits(**job["limits"]), address, job)
    try:
        run.run()
    finally:
        run.stop()
    result = NotebookResult(job["notebook"], run.question_results())
    result.notes = rebuilt.notes + run.notes
    for cell in (cell for cell in cells if cell.kind == "written"):
        given = cell.id not in rebuilt.missing
        reason = "Graded by a person." if given else "No answer was given."
        state = "by hand" if given else "missing"
        result.questions.append(QuestionResult(cell.id, cell.points, 0.0, state, reason))
    result.executed = executed_notebook(job["solution"], rebuilt, run.outputs)
    return result
