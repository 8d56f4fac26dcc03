"""What a submission may use while it is graded."""

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
