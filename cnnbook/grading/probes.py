"""What the walls of the sandbox claim, and for each claim code that tries to get through.

The code runs as a student's does, and sets `through`: whether it got through. Each way of using memory
is tried by itself, for they are counted in different places.
"""

# Returns the bytes that so many processes hold at one time, each what `hold` does: (bytes, what it is).
TOGETHER = """
import os, signal
def together(number, hold):
    held = {{}}
    for _ in range(number):
        out, into = os.pipe()
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            try:
                count, kept = hold()
                os.write(into, b"%d" % count)
                signal.pause()
            finally:
                os._exit(0)
        os.close(into)
        held[child] = int(os.read(out, 20) or 0)
        os.close(out)
    return sum(held[child] for child in held if os.waitpid(child, os.WNOHANG) == (0, 0))
"""

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
    "memory of one process is limited": """
through = False
try:
    held = bytearray({memory} * 2)
    through = True
except MemoryError:
    pass
""",
    "memory of all processes together is limited": f"""{TOGETHER}
part = {{memory}} // 8
through = together(16, lambda: (part, b"x" * part)) > {{memory}}
""",
    "shared memory is limited": """
import mmap
block = b"x" * (1 << 20)
try:
    shared = mmap.mmap(-1, 2 * {memory})
    for start in range(0, 2 * {memory}, len(block)):
        shared[start : start + len(block)] = block
    through = True
except OSError:
    through = False
""",
    "files in memory are limited": """
import os
through, block = False, b"x" * (1 << 20)
try:
    for number in range(2 * {memory} // (8 * len(block))):
        file = os.memfd_create(f"file{{number}}")
        for _ in range(8):
            os.write(file, block)
    through = True
except OSError:
    pass
""",
    "what lies in sockets is limited": f"""{TOGETHER}
import socket
def fill():
    pairs, count, block = [], 0, b"x" * (1 << 16)
    try:
        while True:
            pairs.append(socket.socketpair())
            for end in pairs[-1]:
                end.setblocking(False)
                try:
                    while True:
                        count += end.send(block)
                except BlockingIOError:
                    pass
    except OSError:
        return count, pairs
through = together({{processes}}, fill) > {{memory}}
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
    "the size of one file is limited": """
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
""",
    "bytes of all files are limited": """
import os
held, block = 0, b"x" * (1 << 20)
for folder in ("/scratch", "/dev/shm", "/tmp"):
    try:
        for number in range({bytes_of_files} // len(block) + 2):
            with open(f"{{folder}}/{{number}}", "wb") as file:
                held += file.write(block)
    except OSError:
        pass
through = held > {bytes_of_files}
""",
    "the number of files is limited": """
import os
made = 0
for folder in ("/scratch", "/dev/shm", "/tmp"):
    try:
        for number in range({files} + 10):
            os.mkdir(f"{{folder}}/{{number}}")
            made += 1
    except OSError:
        pass
through = made > 3 * {files}
""",
}

MEMORY = [wall for wall in PROBES if "memory" in wall or "sockets" in wall]
# What nothing else counts than a control group of the kernel, which not every machine lets one make.
NEED_A_GROUP = (
    "memory of all processes together is limited",
    "shared memory is limited",
    "what lies in sockets is limited",
)
