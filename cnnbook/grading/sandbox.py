"""Lock the calling process in, with Linux system calls, before it runs anything of a student's.

After `enter` the process has its own user, mounts, network, process and IPC namespaces. It sees
Python, its packages and an empty scratch folder; no network, no other process, no course; it has
no privileges and cannot get any; its system calls are filtered; and its memory, time, processes and
files are limited.
Raises SandboxError where the machine does not allow it: then nothing may be run.
"""

import ctypes
import errno
import os
import resource
import stat
import sys
import sysconfig
import tempfile
from pathlib import Path

from cnnbook.forked.cgroup import Group
from cnnbook.grading import seccomp
from cnnbook.grading.limits import Limits

libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, AT_EMPTY_PATH, AT_RECURSIVE = 1, 2, 0x1000, 0x8000
SYS_MOUNT_SETATTR = 442
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, -1)
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, -1)
KEYCTL_JOIN_SESSION_KEYRING = 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_DUMPABLE = 24, 38, 4

SCRATCH = "/scratch"
FILES_OF_ETC = ("ld.so.cache", "ld.so.conf", "localtime", "fonts", "alternatives", "nsswitch.conf")
DEVICES = ("null", "zero", "full", "random", "urandom")
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CNNBOOK_MODE")


class SandboxError(OSError):
    """The machine does not allow a wall of the sandbox."""


def separate() -> None:
    """Leave the namespaces of the machine; the next process forked is the first of the new ones.

    Must be called while the process has one thread.
    """
    user, group = os.getuid(), os.getgid()
    spaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    if user:
        _call("unshare", libc.unshare(spaces | CLONE_NEWUSER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    else:
        _call("unshare", libc.unshare(spaces))


def enter(limits: Limits, group: Group, extra: dict[str, str] | None = None) -> None:
    """Build the walls around this process, in namespaces of its own, and drop all privileges.

    `group` is the control group that it belongs in; `extra` are more folders to see, read-only: place in the sandbox → path outside.
    """
    is_root = os.getuid() == 0
    user = 100_000 + os.getpid() + int.from_bytes(os.urandom(2)) if is_root else os.getuid()
    try:
        with group.entering():
            _own_root(limits, user, extra or {})
    except (OSError, ValueError) as error:
        raise SandboxError(f"no own file system: {error}") from error
    os.environ.update(HOME=SCRATCH, TMPDIR=SCRATCH, USER="student", MPLBACKEND="agg")
    tempfile.tempdir = None  # what was found before the walls stood is outside them
    kept = {*ENVIRONMENT, "HOME", "TMPDIR", "USER", "MPLBACKEND"}
    for name in set(os.environ) - kept:
        del os.environ[name]
    _limit(limits)
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if is_root:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _own_keyring()
    _drop_capabilities()
    _call("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.chdir(SCRATCH)
    seccomp.install()


def visible_paths() -> list[str]:
    """Return what a student's process needs of the file system: Python, libraries, this package."""
    wanted = ["/usr", "/lib", "/lib64", "/bin", "/lib32", "/opt/conda"]
    wanted += [f"/etc/{name}" for name in FILES_OF_ETC]
    wanted += [sys.prefix, sys.base_prefix, sys.exec_prefix, sysconfig.get_path("stdlib")]
    wanted += [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    wanted.append(
        str(Path(__file__).resolve().parents[1])
    )  # cnnbook itself, not what lies beside it
    found: list[str] = []
    for path in sorted({os.path.abspath(p) for p in wanted if os.path.exists(p)}, key=len):
        if not any(path == seen or path.startswith(seen + "/") for seen in found):
            found.append(path)
    return found


def writable_folders(limits: Limits) -> dict[str, int]:
    """Return the folders that a student may write to, and the bytes that fit into each."""
    return {SCRATCH: limits.scratch, "/dev/shm": limits.scratch, "/tmp": 16 << 20}


def _own_root(limits: Limits, user: int, extra: dict[str, str]) -> None:
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    sources = {path: os.open(path, os.O_PATH | os.O_NOFOLLOW) for path in visible_paths()}
    sources |= {place: os.open(path, os.O_PATH) for place, path in extra.items()}
    devices = {f"/dev/{name}": os.open(f"/dev/{name}", os.O_PATH) for name in DEVICES}
    root = "/tmp"
    _mount("root", root, "tmpfs", MS_NOSUID, "size=4m,mode=755")
    for place, size in writable_folders(
        limits
    ).items():  # first, for Python itself may be installed below /tmp
        os.makedirs(root + place)
        options = f"size={size},nr_inodes={limits.scratch_files},mode=777"
        _mount("scratch", root + place, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for place, fd in sources.items():
        target = root + place
        mode = os.fstat(fd).st_mode
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(place), target)
            continue
        _bind(fd, target, stat.S_ISDIR(mode))
        _read_only(target)
    for place, fd in devices.items():
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        _bind(fd, root + place, False)
    os.makedirs(f"{root}/proc", exist_ok=True)
    _mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV)
    for fd in (*sources.values(), *devices.values()):
        os.close(fd)
    os.chdir(root)
    _call("pivot_root", libc.syscall(SYS_PIVOT_ROOT, b".", b"."))
    _call("umount", libc.umount2(b".", MNT_DETACH))
    os.chdir("/")
    _read_only("/", recursive=False)


def _bind(fd: int, target: str, is_folder: bool) -> None:
    if is_folder:
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(f"/proc/self/fd/{fd}", target, None, MS_BIND | MS_REC)


def _read_only(target: str, recursive: bool = True) -> None:
    attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    fd = os.open(target, os.O_PATH)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    done = libc.syscall(SYS_MOUNT_SETATTR, fd, b"", flags, ctypes.byref(attributes), 32)
    os.close(fd)
    _call(f"read-only {target}", done)


def _limit(limits: Limits) -> None:
    cpu = int(limits.total_seconds) + 5
    wanted = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_size,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for name, value in wanted.items():
        resource.setrlimit(name, (value, value))


def _own_keyring() -> None:
    """Leave the session's keyring, in which one student's keys would wait for the next."""
    if libc.syscall(SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, None) < 0:
        number = ctypes.get_errno()
        if number not in (errno.ENOSYS, errno.EPERM):  # refused here, it is refused to students
            raise SandboxError(number, f"own keyring: {os.strerror(number)}")


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    empty = (ctypes.c_uint32 * 6)()
    _call("capset", libc.capset(ctypes.byref(header), ctypes.byref(empty)))


def _mount(source, target, kind, flags, options="") -> None:
    encoded = [None if v is None else v.encode() for v in (source, target, kind)]
    done = libc.mount(*encoded, ctypes.c_ulong(flags), options.encode() or None)
    _call(f"mount {target}", done)


def _call(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise SandboxError(number, f"{what}: {os.strerror(number)}")
