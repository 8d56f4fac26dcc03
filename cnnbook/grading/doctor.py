"""Test each wall of the sandbox on this machine, by trying to get through it."""

import contextlib
import socket
import time
from dataclasses import replace
from pathlib import Path

from cnnbook.forked import messages
from cnnbook.forked.server import ForkServer
from cnnbook.grading.deadlines import Deadline, clock_of
from cnnbook.grading.limits import MIB, Limits
from cnnbook.grading.session import Session
from cnnbook.grading.student_errors import StudentGone
from cnnbook.grading.warm import start_server

PROBES = {  # what is claimed → code that sets `through` when the wall does not hold
    "no network": """
import socket
through = False
for family in range(2, 46):  # all but Unix sockets
    try:
        socket.socket(family, socket.SOCK_RAW if family in (16, 17) else socket.SOCK_DGRAM).close()
        through = True
    except OSError:
        pass
for place in (("127.0.0.1", {port}), ("1.1.1.1", 53)):
    try:
        socket.create_connection(place, timeout=1).close()
        through = True
    except OSError:
        pass
""",
    "no view of the course": """
import os
through = os.path.exists({secret!r}) or os.path.exists("/home") or os.path.exists("/root/.bashrc")
""",
    "no writing outside the scratch folder": """
import os
through = False
for place in ("/written", "/usr/written", "/etc/written", {package!r} + "/written", "/proc/sys/kernel/hostname"):
    try:
        open(place, "w").write("x")
        through = True
    except OSError:
        pass
""",
    "no other process in view": """
import os
through = sum(name.isdigit() for name in os.listdir("/proc")) > 3 if os.path.exists("/proc/1") else False
try:
    os.kill({pid}, 0)
    through = through or {pid} != os.getpid()
except OSError:
    pass
""",
    "no privileges": """
import ctypes, os
libc = ctypes.CDLL(None)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
through = any(int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
through = through or status["NoNewPrivs"].strip() != "1" or os.getuid() == 0
through = through or libc.mount(b"none", b"/scratch", b"tmpfs", 0, None) == 0
try:
    os.setuid(0)
    through = True
except OSError:
    pass
""",
    "no new namespaces and no mounts": """
import ctypes, os
libc, machine = ctypes.CDLL(None), 1 if os.uname().machine == "aarch64" else 0
calls = [
    lambda: libc.unshare(0x10000000),
    lambda: libc.unshare(0x10000000 | 0x20000 | 0x20000000 | 0x40000000),
    lambda: libc.syscall((56, 220)[machine], 0x10000000 | 17, None, None, None, None),
    lambda: libc.setns(os.open("/proc/self/ns/user", os.O_RDONLY), 0x10000000),
    lambda: libc.mount(b"none", b"/scratch", b"tmpfs", 0, None),
    lambda: libc.chroot(b"/scratch"),
]
through = False
for call in calls:
    child = os.fork()
    if child == 0:
        os._exit(int(call() >= 0))
    through = os.waitpid(child, 0)[1] != 0 or through
""",
    "system calls are filtered": """
import ctypes, os
libc, machine = ctypes.CDLL(None, use_errno=True), 1 if os.uname().machine == "aarch64" else 0
calls = {{
    "userfaultfd": (323, 282), "ptrace": (101, 117), "keyctl": (250, 219), "bpf": (321, 280),
    "fanotify_init": (300, 262), "perf_event_open": (298, 241), "process_vm_readv": (310, 270),
    "io_uring_setup": (425, 425), "setns": (308, 268), "pivot_root": (155, 41),
    "memfd_create": (319, 279), "shmget": (29, 194), "clone3": (435, 435),
}}
through = []
for name, numbers in calls.items():
    none = ctypes.c_long(-1)
    done = libc.syscall(numbers[machine], none, none, none, none, none)
    if done >= 0 or ctypes.get_errno() not in (1, 38):  # EPERM, ENOSYS
        through.append(name)
through = bool(through)
""",
    "memory is limited": """
through = False
try:
    held = bytearray({memory} * 2)
    through = True
except MemoryError:
    pass
""",
    "processes are limited": """
import os, signal
children, through = [], False
try:
    for _ in range({processes} * 2):
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
    through = True
except OSError:
    pass
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
""",
    "files are limited in size and number": """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
through, block = False, b"x" * (1 << 20)
try:
    with open("/scratch/large", "wb") as file:
        for _ in range({file_size} // len(block) + 2):
            file.write(block)
    through = True
except OSError:
    pass
os.remove("/scratch/large")
try:
    for number in range({files} + 10):
        open(f"/scratch/{{number}}", "w").close()
    through = True
except OSError:
    pass
for name in os.listdir("/scratch"):
    if name.isdigit():
        os.remove(f"/scratch/{{name}}")
""",
}


def examine(secret: Path, warm: ForkServer | None = None) -> dict[str, str]:
    """Return, for each wall, "holds" or what is wrong. `secret` is a file that must not be seen."""
    own = warm or start_server()
    limits = replace(Limits(), memory=1024 * MIB, processes=24, cell_seconds=20, scratch_files=2000)
    found = {}
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            facts = {
                "port": server.getsockname()[1], "secret": str(secret), "pid": own.process.pid,
                "package": str(Path(__file__).resolve().parents[1]), "memory": limits.memory,
                "processes": limits.processes, "file_size": limits.file_size,
                "files": limits.scratch_files,
            }  # fmt: skip
            for wall, probe in PROBES.items():
                found[wall] = _try(own, limits, probe.format(**facts))
            found["an endless loop is ended"] = _endless(own, limits)
    finally:
        if warm is None:
            own.close()
    return found


@contextlib.contextmanager
def locked_in(warm: ForkServer, limits: Limits):
    """Start a student's process. Raises OSError where it cannot be locked in."""
    with warm.fork("student") as channel:
        messages.send(channel, {"limits": limits.as_dict(), "files": None}, [])
        answer, _ = messages.receive(channel, 1 << 16, time.monotonic() + 30)
        if answer.get("sandbox") is not None:
            raise OSError(answer["sandbox"])
        session = Session(channel, limits.message)
        session.deadline = Deadline(
            clock_of(answer["keeper"]),
            limits.cell_seconds,
            limits.by_the_clock(limits.cell_seconds),
        )
        yield session


def _try(warm: ForkServer, limits: Limits, code: str) -> str:
    try:
        with locked_in(warm, limits) as session:
            answer, _ = session.ask("run", source=code, name="probe")
            if answer.get("failed"):
                return f"could not be tested: {answer['failed'].get('text')}"
            through = session.names(["through"]).get("through")
            return "holds" if through is False else "DOES NOT HOLD"
    except StudentGone as error:
        return (
            f"holds ({error.reason})"
            if error.state == "memory"
            else f"could not be tested: {error}"
        )
    except (OSError, EOFError) as error:
        return f"no sandbox: {error}"


def _endless(warm: ForkServer, limits: Limits) -> str:
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
    try:
        with locked_in(warm, replace(limits, cell_seconds=1)) as session:
            session.ask("run", source=code, name="probe")
    except StudentGone as error:
        return "holds" if error.state == "timeout" else f"ended otherwise: {error}"
    except (OSError, EOFError) as error:
        return f"no sandbox: {error}"
    return "DOES NOT HOLD"
