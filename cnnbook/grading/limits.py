"""What a submission may use while it is graded."""

import signal
from dataclasses import asdict, dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts; the defaults suit exercises that run on a laptop.

    Seconds are those that the processes of a submission compute, together.
    """

    cell_seconds: float = 20  # one cell of the student's, or one test with all it calls
    total_seconds: float = 300  # everything of one notebook
    patience: float = 4  # how many times as long all may take by the clock: machines are busy
    memory: int = 3072 * MIB  # of a submission; without control groups, of one of its processes
    processes: int = 48
    open_files: int = 256
    file_size: int = 64 * MIB
    scratch: int = 256 * MIB
    scratch_files: int = 20_000
    output: int = 64 * 1024  # characters kept of what one cell prints
    message: int = 64 * MIB  # one answer on its way to the tests
    restarts: int = 12  # of a student process that died or hung

    def by_the_clock(self, seconds: float) -> float:
        """Return how long what may compute for these seconds may take by the clock."""
        return self.patience * seconds

    def of_a_group(self) -> dict[str, int]:
        """Return what a control group of the kernel limits."""
        memory = dict.fromkeys(("memory", "memory and swap"), self.memory)
        return {**memory, "swap": 0, "processes": self.processes}

    def as_dict(self) -> dict:
        """Return the limits as plain data."""
        return asdict(self)


class TooLong(BaseException):
    """A test took longer than it may."""


class TimeLimit:
    """Raise TooLong in the block when this process has computed for so many seconds, or by the clock."""

    def __init__(self, seconds: float, by_the_clock: float):
        self.timers = {
            signal.ITIMER_PROF: (signal.SIGPROF, seconds),
            signal.ITIMER_REAL: (signal.SIGALRM, by_the_clock),
        }

    def __enter__(self):
        for timer, (number, seconds) in self.timers.items():
            signal.signal(number, self._ring)
            signal.setitimer(timer, seconds)

    def __exit__(self, *_):
        for timer in self.timers:
            signal.setitimer(timer, 0)

    @staticmethod
    def _ring(*_):
        raise TooLong("the test did not end in time")
