"""Units in forked processes, on all cores, the longest first.

The parent has imported the large libraries once, so that a unit costs what it computes; a child forgets
the project's own modules and imports them anew, so that its memory of what it read is whole.
"""

import contextlib
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from cnnbook.forked import trace
from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit

PRELOADED = (
    "torch", "numpy", "pytest", "nbformat", "yaml", "bs4", "hypothesis", "matplotlib.pyplot",
    "IPython", "nbval.plugin", "nbclient", "jupyter_cache", "sklearn.datasets", "skimage.data",
    "playwright.sync_api", "axe_playwright_python.sync_playwright", "torch.utils.flop_counter",
)  # fmt: skip
OURS = ("cnnbook", "scripts", "tests")


@dataclass
class Job:
    """A unit of a check, and what came of it.

    module: what holds `prove(unit) -> Outcome`.
    """

    check: str
    module: str
    unit: Unit
    priority: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    seconds: float = 0.0
    began: float = 0.0
    read: set[tuple[str, str]] = field(default_factory=set)
    words: str = ""


def preload() -> None:
    """Import what most units need."""
    for name in PRELOADED:
        importlib.import_module(name)


def prove_all(
    jobs: list[Job], more: Callable[[Job], list[Job]], began: Callable[[Job], None], workers: int
) -> None:
    """Run jobs until none is left; `more` is told of each that has ended and returns new ones."""
    waiting = list(jobs)
    running: dict[Connection, tuple[Job, BaseProcess, Path]] = {}
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    job = max(waiting, key=lambda job: job.priority)
                    waiting.remove(job)
                    began(job)
                    receiver, process, log = _start(job, Path(folder))
                    running[receiver] = (job, process, log)
                ready = wait(list(running))
                for receiver in [receiver for receiver in running if receiver in ready]:
                    job, process, log = running.pop(receiver)
                    _finish(job, receiver, process, log)
                    waiting += more(job)
                    shutil.rmtree(log, ignore_errors=True)
        finally:
            for _, process, _ in running.values():
                _end(process, patience=0)


def _start(job: Job, folder: Path) -> tuple[Connection, BaseProcess, Path]:
    log = Path(tempfile.mkdtemp(dir=folder))
    (log / "read").mkdir()
    (log / "t").mkdir()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_prove, args=(job, log, sender))
    job.began = time.time()
    process.start()
    sender.close()
    return receiver, process, log


def _finish(job: Job, receiver: Connection, process: BaseProcess, log: Path) -> None:
    try:
        job.outcome = Outcome(**receiver.recv())
    except EOFError:
        job.outcome = Outcome(failed=1, notes=["its process ended without a word"])
    receiver.close()
    _end(process)
    job.seconds = time.time() - job.began
    job.words = (log / "words").read_text(errors="replace") if (log / "words").exists() else ""
    job.read = set(trace.lines(log / "read"))


def _end(process: BaseProcess, patience: float = 5) -> None:
    """End a unit's process, and whatever it has left running in its group."""
    process.join(timeout=patience)
    if process.pid:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _prove(job: Job, log: Path, sender: Connection) -> None:
    os.setsid()
    words = os.open(log / "words", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(words, 1)
    os.dup2(words, 2)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    forget_own_modules()
    if (
        trace.VARIABLE not in os.environ
    ):  # otherwise a check is tried by a check, which notes it all
        trace.follow(log / "read", ROOT)
        paths = (str(ROOT / "scripts" / "proof" / "follow"), os.environ.get("PYTHONPATH"))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["TMPDIR"] = tempfile.tempdir = str(log / "t")
    try:
        outcome = importlib.import_module(job.module).prove(job.unit)
        if outcome.passed + outcome.failed + outcome.skipped == 0:
            outcome = Outcome(failed=1, notes=["it checked nothing"])
    except BaseException as error:
        traceback.print_exc()
        outcome = Outcome(failed=1, notes=[f"{type(error).__name__}: {error}"[:300]])
    sys.stdout.flush()
    sys.stderr.flush()
    sender.send(vars(outcome))  # its class is not the parent's any more
    sender.close()
    os._exit(0)


def forget_own_modules() -> None:
    """Drop the project's modules, so that what is imported from here on is seen to be read."""
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        if name != "cnnbook.forked.trace":
            del sys.modules[name]
