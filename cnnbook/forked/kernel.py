"""Jupyter kernels forked from a warm parent, for nbval and for executing the book.

A kernel that is forked has torch and matplotlib imported already. `warm_kernels()` starts the parent
and sets the environment in which jupyter_client uses `WarmProvisioner`; each kernel talks over its
own private folder of sockets, so that no two can take the same port.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl
from pathlib import Path
from typing import cast

from jupyter_client.provisioning import LocalProvisioner

from cnnbook.forked import messages
from cnnbook.forked.server import ForkServer, fork
from cnnbook.forked.trace import follow_if_asked

ADDRESS = "CNNBOOK_WARM_KERNELS"
INLINE = "module://matplotlib_inline.backend_inline"
ROLE = {"kernel": "cnnbook.forked.kernel"}
PRELOADED = (
    "torch", "torch.nn.functional", "torch.utils.flop_counter", "torch.optim", "torch._dynamo", "numpy",
    "matplotlib.pyplot", "IPython.extensions.storemagic", "IPython.core.completerlib",
    "IPython.core.oinspect", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger",
    "tornado.platform.asyncio", "tornado.queues", "psutil", "sqlite3", "PIL.Image", "safetensors",
    "sklearn.datasets", "cnnbook.forked.kernel",
)  # fmt: skip


@contextlib.contextmanager
def warm_kernels(threads: int = 0) -> Iterator[None]:
    """Use forked kernels in this block, and in the commands that it runs, where Linux allows it.

    `threads` is for torch, as many as there are cores unless given. Elsewhere, and with
    CNNBOOK_COLD_KERNELS set, kernels start as usual.
    """
    if sys.platform != "linux" or os.environ.get("CNNBOOK_COLD_KERNELS"):
        yield
        return
    environment = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # ipykernel's debugger warns otherwise
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    warm = ForkServer(
        ROLE, PRELOADED, environment, wait=False
    )  # it imports while the first pages are read
    ours = {ADDRESS: warm.address, "JUPYTER_DEFAULT_PROVISIONER_NAME": "cnnbook-warm"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        warm.close()


class ForkedKernel:
    """What jupyter_client asks of a process, for one that is not our child."""

    stdin = stdout = stderr = None

    def __init__(self, channel: socket.socket, pid: int):
        self.channel, self.pid = channel, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while it runs."""
        if self.returncode is None:
            self.channel.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                if not self.channel.recv(1):
                    self.returncode = 0
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return when it has ended."""
        while self.poll() is None:
            time.sleep(0.01)
        self.channel.close()
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send a signal to it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(LocalProvisioner):
    """Asks the warm parent for a kernel; without one it starts a kernel as usual."""

    async def pre_launch(self, **kwargs):
        """Give the kernel a private folder for its sockets."""
        if ADDRESS in os.environ and self.parent is not None:
            self.folder = tempfile.TemporaryDirectory(prefix="cnnbook-kernel-")
            self.parent.transport = "ipc"
            self.parent.ip = str(Path(self.folder.name) / "s")
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        """Fork a kernel and return how to reach it."""
        if ADDRESS not in os.environ:
            return await super().launch_kernel(cmd, **kwargs)
        channel = fork(os.environ[ADDRESS], "kernel")
        content = {
            "arguments": cmd[cmd.index("-f") :],
            "env": kwargs["env"],
            "cwd": kwargs.get("cwd"),
        }
        messages.send(channel, content, [])
        answer, _ = messages.receive(channel, 1 << 16, time.monotonic() + 30)
        self.process = cast(subprocess.Popen, ForkedKernel(channel, answer["pid"]))
        self.pid = self.pgid = answer["pid"]
        return self.connection_info

    async def cleanup(self, restart: bool = False):
        """Remove the sockets."""
        await super().cleanup(restart)
        if not restart and getattr(self, "folder", None):
            self.folder.cleanup()


def main(channel: socket.socket, address: str, role: str) -> None:
    """Be a kernel: take the environment and the arguments from the channel, then serve cells."""
    request, _ = messages.receive(channel, 1 << 22)
    keep = {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
    os.environ.clear()
    os.environ.update(request["env"] | keep)
    if request["cwd"]:
        os.chdir(request["cwd"])
    follow_if_asked()
    messages.send(channel, {"pid": os.getpid()}, [])
    fcntl(channel, F_SETOWN, os.getpid())  # when the other side goes away, SIGIO ends this process
    fcntl(channel, F_SETFL, fcntl(channel, F_GETFL) | os.O_ASYNC)
    import matplotlib
    import numpy
    from ipykernel.kernelapp import IPKernelApp

    numpy.random.seed()
    os.environ.setdefault("MPLBACKEND", INLINE)
    matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]
    sys.argv = ["ipykernel_launcher", *request["arguments"]]
    IPKernelApp.launch_instance(argv=request["arguments"])
