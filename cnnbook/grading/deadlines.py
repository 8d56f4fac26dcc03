"""Until when a student's process must have answered: counted in what it computes, not by the clock.

A busy machine lets honest work wait; so seconds are those that all processes of the submission have
computed. What waits without computing is ended too, later, by the clock.
"""

import contextlib
import functools
import os
import select
import socket
import time
from collections.abc import Callable
from pathlib import Path

from cnnbook.forked.cgroup import group_apart
from cnnbook.grading.limits import Limits

FIRST_LOOK = 0.05  # seconds after which the processes' times are read: most answers come sooner
COMPUTED = (
    "It computed for longer than the {seconds:.3g} seconds that it may. "
    "Look for a loop that never ends, or for work that grows too fast."
)
WAITED = (
    "It had not ended after {by_the_clock:.3g} seconds, though it computed for less than {seconds:.3g}. "
    "Look for what waits: for a time, for input, for another process."
)


class Clock:
    """Counts the seconds that one submission's processes have computed."""

    def __init__(self, read: Callable[[], float]):
        self.read, self.last = read, 0.0

    def now(self) -> float:
        """Return the seconds so far, or as last read where nothing is left to read."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            self.last = max(self.last, self.read())
        return self.last


def clock_of(keeper: int) -> Clock:
    """Return the clock of what a keeper, a process of that number, has locked in.

    Where its control group counts nothing, its processes are counted one by one: those that end
    unnoticed by their parents are lost, and the clock on the wall remains.
    """
    group = group_apart(str(keeper))
    try:
        group.cpu_seconds()
        return Clock(group.cpu_seconds)
    except OSError:
        return Clock(functools.partial(_seconds_below, keeper))


def _seconds_below(parent: int) -> float:
    total = 0.0
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(FileNotFoundError):
                fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
                own_and_ended = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
                total += own_and_ended / os.sysconf("SC_CLK_TCK") + _seconds_below(int(child))
    return total


class Deadline:
    """When something must have ended: after so many seconds of computing, or by the clock."""

    def __init__(self, clock: Clock, seconds: float, by_the_clock: float):
        self.clock, self.seconds, self.by_the_clock = clock, seconds, by_the_clock
        self.until, self.end = clock.now() + seconds, time.monotonic() + by_the_clock

    def wait(self, channel: socket.socket) -> None:
        """Return when there is something to read. Raises TimeoutError, which says what was too long."""
        answer, pause, cpus = select.poll(), FIRST_LOOK, os.cpu_count() or 1
        answer.register(channel, select.POLLIN)
        while not answer.poll(1000 * max(min(pause, self.end - time.monotonic()), 0)):
            left = self.until - self.clock.now()
            if left <= 0:
                raise self.over(COMPUTED)
            if time.monotonic() >= self.end:
                raise self.over(WAITED)
            pause = max(left / cpus, FIRST_LOOK)  # not sooner can its time be over

    def over(self, text: str = WAITED) -> TimeoutError:
        """Return the error that says which limit was reached."""
        return TimeoutError(text.format(seconds=self.seconds, by_the_clock=self.by_the_clock))


class Allowance:
    """The time that one submission has, over all processes that are started for it."""

    def __init__(self, limits: Limits):
        self.limits, self.spent, self.clock = limits, 0.0, Clock(lambda: 0.0)
        self.end = time.monotonic() + limits.by_the_clock(limits.total_seconds)

    def count(self, keeper: int) -> None:
        """Count a new process too, the one that this keeper has locked in."""
        self.spent += self.clock.now()
        self.clock = clock_of(keeper)

    @property
    def left(self) -> tuple[float, float]:
        """Return the seconds left to compute, and those by the clock."""
        computing = self.limits.total_seconds - self.spent - self.clock.now()
        return max(computing, 0.0), max(self.end - time.monotonic(), 0.0)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more may be run."""
        return min(self.left) <= 0

    def deadline(self) -> Deadline:
        """Return the deadline of a cell or a test that begins now."""
        cell = self.limits.cell_seconds
        computing, by_the_clock = self.left
        by_the_clock = min(self.limits.by_the_clock(cell), by_the_clock)
        return Deadline(self.clock, max(min(cell, computing), 0.1), max(by_the_clock, 0.1))
