"""Test each wall of the sandbox on this machine, by trying to get through it."""

import contextlib
import socket
import time
from dataclasses import replace
from pathlib import Path

from cnnbook.forked import messages
from cnnbook.forked.server import ForkServer
from cnnbook.grading import sandbox
from cnnbook.grading.deadlines import Deadline, clock_of
from cnnbook.grading.limits import MIB, Limits
from cnnbook.grading.probes import MEMORY, NEED_A_GROUP, PROBES
from cnnbook.grading.session import Session
from cnnbook.grading.student_errors import StudentGone
from cnnbook.grading.warm import start_server

NO_GROUP = ": only a control group with a limit of memory would, and none can be made here"


def examine(secret: Path, warm: ForkServer | None = None) -> dict[str, str]:
    """Return, for each wall, "holds" or what is wrong. `secret` is a file that must not be seen."""
    own = warm or start_server()
    limits = replace(
        Limits(),
        memory=512 * MIB, processes=24, file_size=16 * MIB, scratch=64 * MIB, scratch_files=500,
    )  # fmt: skip
    found = {}
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            facts = {
                "port": server.getsockname()[1], "secret": str(secret), "pid": own.process.pid,
                "package": str(Path(__file__).resolve().parents[1]), "memory": limits.memory,
                "processes": limits.processes, "file_size": limits.file_size,
                "files": limits.scratch_files,
                "bytes_of_files": sum(sandbox.writable_folders(limits).values()),
            }  # fmt: skip
            for wall, probe in PROBES.items():
                found[wall] = _try(own, limits, wall, probe.format(**facts))
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


def _try(warm: ForkServer, limits: Limits, wall: str, code: str) -> str:
    try:
        with locked_in(warm, limits) as session:
            answer, _ = session.ask("run", source=code, name="probe")
            if answer.get("failed"):
                return f"could not be tested: {answer['failed'].get('text')}"
            through = session.defined(["through"]).get("through")
    except StudentGone as error:
        if error.state == "memory" and wall in MEMORY:
            return "holds"
        return f"could not be tested: {error}"
    except (OSError, EOFError) as error:
        return f"no sandbox: {error}"
    if through is False:
        return "holds"
    return f"DOES NOT HOLD{NO_GROUP if wall in NEED_A_GROUP else ''}"


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
