"""The warm parent: a process that has imported torch once and forks whenever it is asked to.

It has one thread, has run no tensor operation and has not touched a GPU, so that its children are
clean. It knows nothing of courses, tests or students. Requests come over a Unix socket in a private
folder; each names the role that the child plays and hands over the child's end of a socket.
"""

import ctypes
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from cnnbook.forked.cgroup import enter_group, leave_groups

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


class ForkServer:
    """A running warm parent, as the process that started it sees it.

    `roles` are what a child may be: name → module, whose `main(channel, address, role)` it runs.
    `preloaded` are the modules that every child finds imported.
    """

    def __init__(
        self,
        roles: dict[str, str],
        preloaded: Sequence[str],
        environment: dict[str, str],
        *,
        wait: bool = True,
    ):
        self.folder = Path(tempfile.mkdtemp(prefix="cnnbook-"))
        self.address = str(self.folder / "fork")
        environment = {
            **os.environ,
            **environment,
            # Large pages for the heap: a fork copies fewer page tables (11 ms → 7 ms measured).
            "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        }
        # It ends when this end of the pipe is closed, however this process ends.
        self.lifeline, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cnnbook.forked.server", self.address, str(theirs.fileno()),
             json.dumps(roles), *preloaded],
            env=environment, pass_fds=[theirs.fileno()], start_new_session=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        theirs.close()
        assert self.process.stdout is not None  # it is a pipe
        self.words = self.process.stdout
        self.ready, self._waiting = False, threading.Lock()
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when it has imported everything. Raises OSError where it ended before."""
        with self._waiting:
            if not self.ready and not self.words.closed:
                self.ready = self.words.readline() == b"ready\n"
        if not self.ready:
            self.close()
            raise OSError("the warm process did not start: see the messages above")

    def fork(self, role: str) -> socket.socket:
        """Return a socket to a new child in that role; closing it ends the child."""
        return fork(self.address, role)

    def close(self) -> None:
        """End the warm parent and all its children."""
        self.lifeline.close()
        self.process.terminate()  # for one that still imports; later on it ignores this
        self.process.wait()
        with self._waiting:
            self.words.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        leave_groups()


def fork(address: str, role: str) -> socket.socket:
    """Ask the warm parent at that address for a child; return our end of a socket to it.

    Children watch their end: closing ours kills them.
    """
    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_UNIX) as request, theirs:
        _connect(request, address)
        socket.send_fds(request, [role.encode()], [theirs.fileno()])
        if request.recv(2) != b"ok":
            ours.close()
            raise OSError(f"the warm process could not fork a {role}")
    return ours


def _connect(request: socket.socket, address: str, seconds: float = 60) -> None:
    """Connect to a parent that may still be importing."""
    end = time.monotonic() + seconds
    while True:
        try:
            return request.connect(address)
        except FileNotFoundError:
            if time.monotonic() > end or not os.path.isdir(os.path.dirname(address)):
                raise
            time.sleep(0.01)


def main() -> None:
    """Import what children need, then fork on request until the lifeline closes."""
    address, lifeline, roles = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    enter_group()
    for name in sys.argv[4:]:
        import_module(name)
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children vanish by themselves
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen(64)
        os.rename(f"{address}.new", address)  # from here on it can be found
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener.fileno(), lifeline], [], [])
            if lifeline in ready:
                shutil.rmtree(os.path.dirname(address), ignore_errors=True)
                os._exit(0)
            _serve(listener, address, lifeline, roles)


def _serve(listener: socket.socket, address: str, lifeline: int, roles: dict[str, str]) -> None:
    request, _ = listener.accept()
    with request:
        role, fds, _, _ = socket.recv_fds(request, 64, 1)
        parent = os.getpid()
        try:
            pid = os.fork() if fds and role.decode() in roles else -1
        except OSError:
            pid = -1
        if pid == 0:
            listener.close()
            request.close()
            os.close(lifeline)
            _child(role.decode(), roles[role.decode()], fds[0], address, parent)
        for fd in fds:
            os.close(fd)
        request.send(b"ok" if pid > 0 else b"no")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent, of that number, dies."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _child(role: str, module: str, fd: int, address: str, parent: int) -> None:
    code = 1
    try:
        die_with_parent(parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        sys.path[0] = ""  # modules are looked for where the child is, as in a notebook
        gc.enable()
        import_module(module).main(socket.socket(fileno=fd), address, role)
        code = 0
    except BaseException as error:
        print(f"{role}: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
