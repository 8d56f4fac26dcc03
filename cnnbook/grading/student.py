"""The student's side: runs in a locked-in process, executes the student's cells and answers calls.

Nothing in here is trusted by anyone: all that leaves this process is data (`data`), and all that it
knows is what it was sent. A child of the warm parent becomes a keeper, which leaves the machine's
namespaces and waits. The keeper's child is the first process of the new ones: it only waits too, and
with it the kernel ends all others. Its child is the process that locks itself in and runs the cells.
"""

import contextlib
import io
import os
import select
import signal
import socket
import sys
import traceback
import types
import warnings
from collections.abc import Iterator

import torch

from cnnbook.forked import messages
from cnnbook.forked.cgroup import Group, made_apart
from cnnbook.forked.server import PR_SET_PDEATHSIG, die_with_parent, libc
from cnnbook.grading import data, sandbox
from cnnbook.grading.assignment import link_files
from cnnbook.grading.cells import CellRunner, describe, flush_figures
from cnnbook.grading.generators import seed_generators, skip_absent_gpus
from cnnbook.grading.limits import Limits
from cnnbook.grading.run_probe import run_probe

POLLRDHUP = 0x2000


def main(channel: socket.socket, address: str, role: str) -> None:
    """Be the keeper of one student's process: lock it in, wait, and kill it when nobody listens."""
    parent = os.getppid()
    begin, _ = messages.receive(channel, 1 << 20)
    limits = Limits(**begin["limits"])
    os.sched_setaffinity(0, begin.get("cpus", os.sched_getaffinity(0)))
    protected = role == "student"
    group = made_apart(str(os.getpid()), limits.of_a_group())
    group.hold()  # what is locked in takes the file system of this process along
    try:
        if protected:
            sandbox.separate()
    except OSError as error:
        group.remove()
        messages.send(channel, {"sandbox": str(error)}, [])
        return
    die_with_parent(parent)  # again: who changes its user is not told any more
    keeper, itself = os.getpid(), os.pidfd_open(os.getpid())
    child = os.fork()
    if child == 0:
        if protected:
            _be_first(itself)
        else:
            die_with_parent(keeper)
        _locked_in(channel, limits, begin | {"keeper": keeper}, protected, group)
    listening = select.poll()
    pidfd = os.pidfd_open(child)
    listening.register(pidfd, select.POLLIN)
    listening.register(channel, POLLRDHUP)
    if all(fd != pidfd for fd, _ in listening.poll()):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    group.remove()
    with contextlib.suppress(OSError):
        channel.setblocking(False)
        messages.send(channel, {"ended": _ended_by(status, protected)}, [])


def _be_first(keeper: int) -> None:
    """Return in a new child only; stay behind as the first process of the namespace, and trusted.

    It ends with the keeper, whose pidfd is given, or with the child, and the kernel kills whatever
    else is in the namespace. What the child runs can neither signal it nor keep it from ending.
    """
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(sandbox.PR_SET_DUMPABLE, 0, 0, 0, 0)
        if select.select([keeper], [], [], 0)[0]:  # it ended before the signal was asked for
            os._exit(1)
        child = os.fork()
        if child == 0:
            return
        ended, status = os.wait()
        while ended != child:  # orphans of the child's
            ended, status = os.wait()
        os._exit(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
    except BaseException:
        os._exit(1)


def _ended_by(status: int, protected: bool) -> int:
    """Return which signal ended the student's process, 0 for none; the first process exits with it."""
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    return os.WEXITSTATUS(status) if protected else 0


def _locked_in(channel, limits: Limits, begin: dict, protected: bool, group: Group) -> None:
    files = begin.get("files")
    try:
        try:
            if protected:
                sandbox.enter(limits, group, {"/assignment": files} if files else {})
            else:
                group.enter()
                os.chdir(begin.get("folder", "."))
        except OSError as error:
            messages.send(channel, {"sandbox": str(error)}, [])
            os._exit(0)
        os.closerange(3, channel.fileno())
        os.closerange(channel.fileno() + 1, 1024)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 2)
        if files and protected:
            link_files("/assignment")
        messages.send(channel, {"sandbox": None, "keeper": begin["keeper"]}, [])
        Student(channel, limits).serve()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


class Student:
    """Executes requests one after another; each answer repeats the number of its request."""

    def __init__(self, channel: socket.socket, limits: Limits):
        torch.set_num_threads(1)
        skip_absent_gpus()
        seed_generators(0)  # what cells draw while they are run is the same each time
        warnings.simplefilter("default")
        self.channel, self.limits = channel, limits
        self.cells = CellRunner(limits.output, may_write=True)
        main_module = types.ModuleType("__main__")  # so that pickle and dataclasses find names
        main_module.__dict__.update(self.cells.names)
        self.cells.names = main_module.__dict__
        self.cells.names["get_ipython"]().user_ns = self.cells.names
        sys.modules["__main__"] = main_module
        sys.stdin = io.StringIO()
        self.objects: list = []  # of the student's, that the tests know by number
        self.numbers: dict[int, int] = {}  # identity → place among them

    def serve(self) -> None:
        """Answer until the other side is gone."""
        own = os.getpid()
        while True:
            try:
                request, buffers = messages.receive(self.channel, 1 << 31)
            except EOFError:
                return
            out: list[bytes] = []
            try:
                answer = getattr(self, f"do_{request['op']}")(request, buffers, out)
            except BaseException as error:
                out, answer = [], {"error": error_form(error)}
            if os.getpid() != own:
                os._exit(0)  # a process that the student's code forked and let run on
            answer["n"] = request["n"]
            messages.send(self.channel, answer, out)

    def find(self, key: str | int):
        """Return an object of the student's by its name or its number."""
        if isinstance(key, int):
            return self.objects[key]
        if key not in self.cells.names:
            raise NameError(f"name {key!r} is not defined", name=key)
        return self.cells.names[key]

    def form_of(self, value) -> dict:
        """Return the form of an object that stays here: its number, and the name of its class."""
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        name = getattr(value, "__name__", None)
        own = name if type(name) is str else type(value).__name__
        return {"t": "object", "i": self.numbers[id(value)], "n": own}

    # --- requests

    def do_run(self, request, buffers, out) -> dict:
        """Run one cell."""
        ran = self.cells.run(request["source"], request["name"])
        ran.outputs[len(ran.outputs) :] = flush_figures()
        error = None if ran.error is None else error_form(ran.error) | {"line": ran.line}
        return {"outputs": ran.outputs, "failed": error}

    def do_defined(self, request, buffers, out) -> dict:
        """Return what these names stand for; those that are not defined are left out."""
        names = [name for name in request["names"] if name in self.cells.names]
        return {"names": {name: self._form_of_name(name, out) for name in names}}

    def _form_of_name(self, name: str, out: list) -> dict:
        value = self.cells.names[name]
        if isinstance(value, Iterator):  # which a look would use up
            return self.form_of(value)
        try:
            return data.encoded(value, out, self.form_of)
        except data.Unsendable:
            return self.form_of(value)

    def do_probe(self, request, buffers, out) -> dict:
        """Run a function of the tests' beside the student's objects."""
        return run_probe(self.find, self.form_of, buffers[0], out, self.limits.output)


def error_form(error: BaseException) -> dict:
    """Return an error as data: the names of its classes, its text and where it happened."""
    try:
        steps = traceback.extract_tb(error.__traceback__)
        where = [
            f"{s.filename.strip('<>')}, line {s.lineno}" for s in steps if s.filename[:1] == "<"
        ]
    except Exception:
        where = []
    names = [kind.__name__ for kind in type.mro(type(error))]
    return {"classes": names, "text": describe(error), "where": where[-1] if where else ""}
