"""Where the kernel's control groups are on this machine, and what may be limited below each.

Version 1 of the kernel's interface has a tree for each kind of limit, version 2 one for all, and many
machines have both.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

WANTED = ("memory", "pids", "cpu", "cpuacct")
MEMORY = ("memory.limit_in_bytes", "memory.max")


def controllers_of(folder: Path) -> str:
    """Return what a group of version 2 controls; any group of version 1 will do."""
    file = folder / "cgroup.controllers"
    return file.read_text() if file.exists() else " ".join(WANTED)


def hand_on(folder: Path) -> None:
    """Let the groups below one of version 2 have the limits that it has itself."""
    file = folder / "cgroup.subtree_control"
    for controller in WANTED if file.exists() else ():
        if controller in controllers_of(folder).split():
            with contextlib.suppress(OSError):
                file.write_text(f"+{controller}")


def trees() -> Iterator[list[Path]]:
    """Return for each tree the groups from the top that can be seen down to this process's own."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)  # version 2 has none there: ""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, place = before.split()[3:5]
        kind, _, options = after.split()
        names = {"cgroup": set(options.split(",")) & set(WANTED), "cgroup2": {""}}.get(kind, set())
        if names and min(names) in own:
            group = Path(own[min(names)])
            is_seen = group.is_relative_to(root) and ".." not in group.parts
            below = group.relative_to(root) if is_seen else Path()
            chain = [Path(place) / part for part in (below, *below.parents)]
            yield [folder for folder in reversed(chain) if folder.is_dir()]


def memory_of(chains: list[list[Path]]) -> int:
    """Return the bytes that this process may use: the machine's, or what a group above it allows."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for folder in (folder for chain in chains for folder in chain):
        for name in MEMORY:
            with contextlib.suppress(OSError, ValueError):  # "max"
                found.append(int((folder / name).read_text()))
    return min(found)
