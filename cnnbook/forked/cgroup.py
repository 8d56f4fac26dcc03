"""Control groups of the kernel: what some processes may use together, and what they have used.

    cnnbook-PID/            one run: PID is the warm parent's
        trusted/            the warm parent and its own children
        apart/              what they lock in, all of it together
            NAME/           one thing that is locked in

Where memory runs out, the kernel ends a process of the group whose limit was reached: nothing in
`apart` can have one of `trusted` ended. Whatever limits can be had are used; without the right to make
groups, a `Group` does nothing and is false.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cnnbook.forked.cgroup_trees import MEMORY, controllers_of, hand_on, memory_of, trees

SHARE = 0.75  # of the memory that there is
RUN = "cnnbook-"

# What is written → the file's name in version 1 and in version 2.
FILES = {
    "memory": MEMORY,
    "memory and swap": ("memory.memsw.limit_in_bytes",),
    "swap": ("memory.swap.max",),
    "processes": ("pids.max",),
    "shares": ("cpu.shares",),
    "weight": ("cpu.weight",),
}
_run: list[Path] = []  # the folders of this run's group, one in each tree


class Group:
    """A control group: one folder in each tree, none where groups cannot be made."""

    def __init__(self, folders: list[Path]):
        self.folders = folders
        self.above: dict[Path, int] = {}

    def hold(self) -> None:
        """Keep the way to the group open, for a process that will no longer see its path."""
        self.above = {f: os.open(f.parent, os.O_PATH | os.O_DIRECTORY) for f in self.folders}

    def __bool__(self) -> bool:
        return bool(self.folders)

    def limit(self, values: dict[str, int]) -> None:
        """Set limits, by their names in FILES; one that this kernel does not know is left out."""
        for name, value in values.items():
            for folder in self.folders:
                for file in FILES[name]:
                    with contextlib.suppress(OSError):
                        if (folder / file).exists():
                            (folder / file).write_text(str(value))

    def enter(self) -> None:
        """Put the calling process, and so its children, into the group; it goes first where memory ends."""
        with self.entering():
            pass

    @contextlib.contextmanager
    def entering(self) -> Iterator[None]:
        """Enter while the block runs: the kernel makes whoever asks wait, up to 20 ms."""
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        files = [os.open(folder / "cgroup.procs", os.O_WRONLY) for folder in self.folders]
        with ThreadPoolExecutor(1) as thread:
            entered = thread.submit(lambda: [os.write(file, b"0") for file in files])
            yield
            entered.result()
        for file in files:
            os.close(file)

    def cpu_seconds(self) -> float:
        """Return what all its processes have computed, ended ones included. Raises OSError if gone."""
        for folder in self.folders:
            with contextlib.suppress(FileNotFoundError):
                return int((folder / "cpuacct.usage").read_text()) / 1e9
        for folder in self.folders:
            with contextlib.suppress(FileNotFoundError, ValueError):
                name, value = (folder / "cpu.stat").read_text().split()[:2]
                if name == "usage_usec":  # version 1 has a file of that name without it
                    return int(value) / 1e6
        raise FileNotFoundError("no group that counts seconds")

    def kill(self) -> None:
        """End every process in the group."""
        self.limit({"processes": 0})  # so that none is added while they are ended one by one
        for folder in self.folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
            for pid in filter(None, _members(folder)):  # 0 is one that cannot be seen from here
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def remove(self, seconds: float = 2) -> None:
        """End what is in the group and below, and remove it."""
        for folder in self.folders:
            for below in [path for path in folder.glob("*") if path.is_dir()]:
                Group([below]).remove(seconds)
        end = time.monotonic() + seconds
        while left := [f for f in self.folders if not _removed(f, self.above.get(f))]:
            if time.monotonic() > end:
                return  # the next run tries again
            Group(left).kill()
            time.sleep(0.001)
        self.folders = []


def enter_group() -> None:
    """Put the calling process, and so its children, into a new run's group; remove groups left behind.

    Where memory runs out among them, the kernel ends the largest.
    """
    leave_groups()
    chains = list(trees())
    memory = int(SHARE * memory_of(chains))
    made = [_run_in(chain) for chain in chains]
    _run[:] = [folder for folder in made if folder is not None]
    Group([folder / "trusted" for folder in _run]).limit({"memory": memory})
    cpus = os.cpu_count() or 1  # a group counts as one process unless it is said
    for name in ("", "trusted", "apart"):
        shares = {"shares": 1024 * cpus, "weight": min(100 * cpus, 10_000)}
        Group([folder / name for folder in _run]).limit(shares)
    Group([folder / "apart" for folder in _run]).limit({"memory": memory})


def group_apart(name: str) -> Group:
    """Return the group of that name for what is locked in."""
    return Group([folder / "apart" / name for folder in _run])


def made_apart(name: str, limits: dict[str, int]) -> Group:
    """Make a group of that name for what is locked in, in place of one that is left of an earlier."""
    group = group_apart(name)
    try:
        for folder in group.folders:
            if folder.exists():
                Group([folder]).remove()
            folder.mkdir()
    except OSError:
        group.remove()
    group.limit(limits)
    return group


def leave_groups() -> None:
    """Remove the groups of runs that have ended, and whatever is still in them."""
    for chain in trees():
        for parent in chain:
            for folder in parent.glob(f"{RUN}*"):
                if not _is_running(folder):
                    Group([folder]).remove()


def _is_running(folder: Path) -> bool:
    """Return whether a run goes on: its warm parent lives, maybe where it cannot be seen from here."""
    pid = folder.name.removeprefix(RUN)
    return not pid.isdecimal() or Path(f"/proc/{pid}").exists() or 0 in _members(folder / "trusted")


def _run_in(chain: list[Path]) -> Path | None:
    """Make this run's group in a tree, with the calling process in it, as high as it is allowed.

    High, so that the next run finds it there. In version 2 a group whose parent hands no limit of
    memory on is taken only if there is no other.
    """
    name = f"{RUN}{os.getpid()}"
    for needed in ("memory", ""):
        for parent in chain:
            folder = parent / name
            try:
                hand_on(parent)
                folder.mkdir()
                if needed not in controllers_of(folder):
                    raise OSError("a parent that hands no limit on")
                hand_on(folder)
                for part in ("trusted", "apart"):
                    (folder / part).mkdir()
                hand_on(folder / "apart")
                (folder / "trusted" / "cgroup.procs").write_text("0")
                return folder
            except OSError:
                Group([folder]).remove()
    return None


def _members(folder: Path) -> list[int]:
    try:
        return [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _removed(folder: Path, above: int | None) -> bool:
    try:
        os.rmdir(folder if above is None else folder.name, dir_fd=above)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return True
