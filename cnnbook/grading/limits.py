"""What a submission may use while it is graded."""

import signal
from dataclasses import asdict, dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Seconds, bytes and counts; the defaults suit exercises that run on a laptop."""

    cell_seconds: float = 20  # one cell of the student's, or one test with all it calls
    total_seconds: float = 300  # everything of one notebook
    memory: int = 3072 * MIB  # of one process, beyond what is shared with the warm parent
    processes: int = 48
    open_files: int = 256
    file_size: int = 64 * MIB
    scratch: int = 256 * MIB
    scratch_files: int = 20_000
    output: int = 64 * 1024  # characters kept of what one cell prints
    message: int = 64 * MIB  # one answer on its way to the tests
    restarts: int = 12  # of a student process that died or hung

    def as_dict(self) -> dict:
        """Return the limits as plain data."""
        return asdict(self)


class TooLong(BaseException):
    """A test took longer than it may."""


class alarm:
    """Raise TooLong in the block when the seconds are over."""

    def __init__(self, seconds: float):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)

    @staticmethod
    def _ring(*_):
        raise TooLong("the test did not end in time")
