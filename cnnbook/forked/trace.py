"""What a process reads of a folder: what it found out holds as long as none of this has changed.

`follow` writes lines into a log folder, one file for each process: a letter and a path relative to
the folder that is followed. `R` was read (an imported module is one that was read), `L` was listed,
`?` was asked about (is it there? what is it?). Forked processes go on by themselves; a process that
cannot write the log, such as one in a sandbox, goes on without.
"""

import contextlib
import glob
import os
import pathlib
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

VARIABLE = "CNNBOOK_TRACE"  # of the environment: the log folder and the followed one, as in PATH
# They look for modules and tests by listing folders; what they find is read, and so noted.
SEARCHERS = ("<frozen importlib", "/importlib/", "/_pytest/")
PASS_ON = (
    pathlib.__file__,
    glob.__file__,
    tokenize.__file__,
    "<frozen os>",
    "<frozen genericpath>",
)
QUOTER = "/linecache.py"  # it quotes modules that run, for tracebacks

_log: "_Log | None" = None
_hooked = False


class _Log:
    """The lines of one process and, after a fork, of the new one."""

    def __init__(self, folder: str, root: str):
        self.folder, self.root, self.prefix = folder, root, root + os.sep
        self.seen: set[tuple[str, str]] = set()
        self.pid, self.fd = 0, -1
        self.busy = False

    def note(self, kind: str, path: object) -> None:
        if self.busy or not isinstance(path, str | bytes | os.PathLike):
            return
        self.busy = True
        try:
            name = os.path.abspath(os.fsdecode(path)) + (os.sep if kind == "L" else "")
            if name.startswith(self.prefix) and "/site-packages/" not in name:
                self._write(kind, as_source(name[len(self.prefix) :]))
        except (OSError, ValueError):
            pass
        finally:
            self.busy = False

    def _write(self, kind: str, name: str) -> None:
        if (kind, name) in self.seen and self.pid == os.getpid():
            return
        if self.pid != os.getpid():
            self.pid, self.seen = os.getpid(), set()
            place = f"{self.folder}/{self.pid}-{os.urandom(4).hex()}"
            self.fd = os.open(place, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.seen.add((kind, name))
        os.write(self.fd, f"{kind} {name}\n".encode("utf-8", "surrogateescape"))


def as_source(name: str) -> str:
    """Return the module that a compiled one was made of, and any other path as it is.

    >>> as_source("cnnbook/__pycache__/data.cpython-311.pyc")
    'cnnbook/data.py'
    """
    folder, _, last = name.rpartition("/")
    if last.endswith(".pyc") and folder.endswith("__pycache__"):
        return f"{folder[: -len('__pycache__')]}{last.split('.')[0]}.py"
    return name


def follow(log: str | Path, root: str | Path) -> None:
    """Note from here on what this process, and those that it starts, read below `root`.

    Modules of `root` that are imported already count as read.
    """
    global _log, _hooked
    os.environ[VARIABLE] = f"{log}{os.pathsep}{root}"
    _log = _Log(str(log), os.path.abspath(root))
    if not _hooked:
        _hooked = True
        sys.addaudithook(_hook)
        os.stat = _asking(os.stat)
        os.access = _asking(os.access)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if os.path.isabs(file) and name not in ("__main__", "__mp_main__"):
            _log.note("R", file)


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Do not note what is read in this block: it is only hashed, and what follows does not depend on it."""
    held = _log.busy if _log else False
    if _log:
        _log.busy = True
    try:
        yield
    finally:
        if _log:
            _log.busy = held


def follow_if_asked() -> None:
    """Follow where the environment says so."""
    if value := os.environ.get(VARIABLE):
        follow(*value.split(os.pathsep))


def lines(log: Path) -> Iterator[tuple[str, str]]:
    """Yield what the processes noted: a letter and a path."""
    for path in log.iterdir():
        for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            kind, _, name = line.partition(" ")
            yield kind, name


def _hook(event: str, arguments: tuple) -> None:
    if _log is None:
        return
    if event == "open":
        path, _, flags = arguments
        is_write = isinstance(flags, int) and flags & os.O_ACCMODE == os.O_WRONLY
        if not is_write and not caller().endswith(QUOTER):
            _log.note("R", path)
    elif event in ("os.listdir", "os.scandir") and not is_search(caller()):
        _log.note("L", arguments[0] or ".")


def _asking(call: Callable) -> Callable:
    def ask(path, *arguments, **options):
        if _log is not None and not is_search(caller(), path):
            _log.note("?", path)
        return call(path, *arguments, **options)

    for family in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if call in family:
            family.add(ask)
    if call in os.supports_effective_ids:
        os.supports_effective_ids.add(ask)
    return ask


def is_search(file: str, path: object = "") -> bool:
    """Return whether code in that file only looks around when it asks for a path."""
    around = any(part in file for part in SEARCHERS) and not str(path).endswith("conftest.py")
    return around or file.endswith(QUOTER)


def caller() -> str:
    """Return the file of the code that called what this was called by; pathlib and the like pass on."""
    try:
        frame: FrameType | None = sys._getframe(2)
    except ValueError:  # Python itself, at its start
        return ""
    while frame and frame.f_code.co_filename in PASS_ON:
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""
