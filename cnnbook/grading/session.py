"""The trusted end of the channel to one student's process: requests, answers and deadlines."""

import os
import signal
import time

from cnnbook.forked import messages
from cnnbook.forked.server import fork
from cnnbook.grading import boundary
from cnnbook.grading.deadlines import Clock, Deadline
from cnnbook.grading.generators import Random
from cnnbook.grading.limits import Limits
from cnnbook.grading.student_errors import StudentGone


class NoSandbox(Exception):
    """The student's process could not be locked in."""


def open_session(
    address: str, role: str, limits: Limits, files: str | None
) -> tuple["Session", int]:
    """Start a student's process, and return the channel to it and the number of its keeper.

    `address` is that of the warm parent, `role` is "student" or "student-unprotected", `files` a
    folder that it may read. Raises NoSandbox where it cannot be locked in.
    """
    where = {"files": files, "folder": os.getcwd(), "cpus": list(os.sched_getaffinity(0))}
    begin = {"limits": limits.as_dict(), **where}
    for attempt in (1, 2, 3):
        channel = fork(address, role)
        try:
            messages.send(channel, begin, [])
            answer, _ = messages.receive(channel, 1 << 16, time.monotonic() + 30)
            break
        except (EOFError, OSError, messages.WireError) as error:  # killed from outside, say
            channel.close()
            if attempt == 3:
                raise NoSandbox(f"the student's process did not start ({error!r})") from None
    if answer.get("sandbox", "no answer") is not None:
        channel.close()
        raise NoSandbox(str(answer.get("sandbox", "it ended")))
    return Session(channel, limits.message), answer["keeper"]


class Session:
    """The trusted end of the channel to one student's process."""

    def __init__(self, channel, message_limit: int):
        self.channel, self.message_limit = channel, message_limit
        self.number = 0
        self.deadline = Deadline(Clock(lambda: 0.0), float("inf"), float("inf"))
        self.random = Random()
        self.calls = 0
        self.unseen: set[str] = set()  # what a test cannot have seen of the calls that it made
        self.is_packing = False

    def ask(self, op: str, buffers: list | None = None, **content) -> tuple[dict, list]:
        """Send a request and return its answer. Raises StudentGone where none comes in time."""
        self.number += 1
        try:
            self.channel.settimeout(max(self.deadline.end - time.monotonic(), 0.001))
            messages.send(self.channel, {"op": op, "n": self.number, **content}, buffers or [])
            self.deadline.wait(self.channel)
            answer, out = messages.receive(self.channel, self.message_limit, self.deadline.end)
        except TimeoutError as error:
            raise StudentGone("timeout", str(error) or str(self.deadline.over())) from None
        except (EOFError, OSError):
            raise StudentGone("crashed", "its process ended in the middle") from None
        except messages.WireError as error:
            raise StudentGone("crashed", f"its answer could not be read: {error}") from None
        if "ended" in answer:
            if answer["ended"] == signal.SIGKILL:
                why = "its process was killed, most likely for its use of memory"
                raise StudentGone("memory", why)
            raise StudentGone("crashed", "its process ended in the middle")
        if answer.get("n") != self.number:
            raise StudentGone("crashed", "it answered what was not asked")
        return answer, out

    def probe(self, function, arguments: tuple, named: dict):
        """Run a function of a test's beside the student's code, and return the data that it returns.

        Raises what it raised there, StudentGone where no answer comes, and BoundaryError where it
        cannot be sent, or its result cannot be seen here.
        """
        self.calls += 1
        self.is_packing = True
        try:
            packed = boundary.packed(function, arguments, named, self.random.news())
        finally:
            self.is_packing = False
        answer, buffers = self.ask("probe", [packed])
        given = [*arguments, *named.values()]
        return boundary.result_of(self, function, given, answer, buffers)

    def defined(self, names: list[str]) -> dict[str, object]:
        """Return what the student's code defines under these names: data, or what stands for it."""
        answer, buffers = self.ask("defined", names=names)
        return boundary.names_of(self, answer, buffers)
