"""A control group for the warm parent and all its children: together they leave the machine room.

Where memory runs out, the kernel ends the largest process of the group, which is the guilty one.
Without the right to make groups nothing is done; each process still has its own limit.
"""

import contextlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
SHARE = 0.75  # of the machine's memory


def enter_group() -> None:
    """Put the calling process, and so its children, into a new group; remove groups left behind."""
    version1 = (ROOT / "memory" / "memory.limit_in_bytes").exists()
    parent = ROOT / "memory" if version1 else ROOT
    leave_groups(parent)
    folder = parent / f"cnnbook-{os.getpid()}"
    memory = int(SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with contextlib.suppress(OSError):
        folder.mkdir()
        (folder / ("memory.limit_in_bytes" if version1 else "memory.max")).write_text(str(memory))
        (folder / "cgroup.procs").write_text("0")


def leave_groups(parent: Path | None = None) -> None:
    """Remove this project's groups that hold no process any more."""
    for folder in (parent or ROOT).glob("cnnbook-*" if parent else "*/cnnbook-*"):
        with contextlib.suppress(OSError):
            folder.rmdir()
