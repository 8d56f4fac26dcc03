"""The pure function, `(release, submission, limits) → result`, run in forks of this process's warm parent."""

import contextlib
import os
import queue
import threading
import time

from cnnbook.forked import messages
from cnnbook.forked.server import ForkServer
from cnnbook.grading.course import CourseError
from cnnbook.grading.limits import Limits
from cnnbook.grading.warm import start_server

stop = threading.Event()  # set by Ctrl-C; the exception alone may be lost in somebody's callback

_warm: ForkServer | None = None
_lock = threading.Lock()
_thread = threading.local()


class SandboxMissing(CourseError):
    """Nothing may be graded, because a student's process cannot be locked in here."""


class GraderFailed(Exception):
    """The grader itself ended without a result."""


def start_warm_parent() -> ForkServer:
    """Start this process's warm parent, if none runs, and return it before it is ready."""
    global _warm
    with _lock:
        if _warm is not None and _warm.process.poll() is not None:  # killed from outside
            _warm.close()
            _warm = None
        if _warm is None:
            _warm = start_server(wait=False)
        return _warm


def warm_parent() -> ForkServer:
    """Return this process's warm parent, started when it is first needed."""
    warm = start_warm_parent()
    warm.wait_until_ready()
    return warm


def stop_warm_parent() -> None:
    """End the warm parent and everything that it started."""
    global _warm
    with _lock:
        if _warm is not None:
            _warm.close()
        _warm = None


def cpus() -> queue.SimpleQueue[int]:
    """Return the numbers of the CPUs that this process may use."""
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in sorted(os.sched_getaffinity(0)):
        free.put(number)
    return free


def stay_on_a_cpu(free: queue.SimpleQueue[int]) -> None:
    """Let all that this thread grades run on one CPU, while there are free ones.

    The trusted and the student's process take turns: on two CPUs each message wakes up the other.
    """
    with contextlib.suppress(queue.Empty):
        _thread.cpu = free.get_nowait()


def grade_submission(
    release: dict, handed: dict, limits: dict, *, sandbox: bool = True, only: str | None = None
) -> dict:
    """Return the result of one notebook as plain data. Pure: it reads and writes nothing.

    release: "notebook" (its name), "solution" and "release" (notebooks as data), "files" (a folder
    that students may read, or None). handed: a `HandedIn` as data. limits: `Limits` as data.
    Raises SandboxMissing, and GraderFailed where the trusted process died three times.
    """
    job = {**release, "handed": handed, "limits": limits, "sandbox": sandbox, "only": only}
    job["cpu"] = getattr(_thread, "cpu", None)
    for attempt in (1, 2, 3):
        try:
            with warm_parent().fork("grade") as channel:
                messages.send(channel, job, [])
                end = time.monotonic() + Limits(**limits).by_the_clock(limits["total_seconds"]) + 60
                answer, _ = messages.receive(channel, 1 << 30, end)
        except (EOFError, OSError, TimeoutError, messages.WireError) as error:
            if attempt == 3 or stop.is_set():
                raise GraderFailed(f"the grader ended without a result ({error!r})") from None
            time.sleep(0.1 * attempt)
            continue
        if "no sandbox" in answer:
            raise SandboxMissing(
                f"nothing was graded: a student's process cannot be locked in on this machine "
                f"({answer['no sandbox']}); see `cnnbook doctor`, or pass --no-sandbox"
            )
        return answer["result"]
    raise AssertionError("unreachable")
