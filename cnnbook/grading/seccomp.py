"""The system calls that a student's process may make, as a filter that the kernel runs on each.

What is not in the list is refused, as if the process had no right to it, and not punished: libraries
try a call and go on without it. What is newer than the list does not exist, so that the C library
falls back to what does. Left out are new namespaces and mounts, other processes' memory, keys,
tracing, io_uring, every socket but Unix ones, and memory that no limit of a process counts (memfd,
System V).
"""

import ctypes
import errno
import os
import struct

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
AF_UNIX = 1
NEW_NAMESPACES = 0x20000 | 0x2000000 | 0x4000000 | 0x8000000 | 0x10000000 | 0x20000000 | 0x40000000
NEWEST = 451  # the last call that was thought of here
CLONE3 = 435  # its flags lie in memory, where a filter cannot look

MACHINES = {  # → column of the table, the kernel's number of the machine
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}
ALLOWED = (  # name:number on x86_64:number on aarch64
    # files and folders
    "read:0:63 write:1:64 open:2:- close:3:57 stat:4:- fstat:5:80 lstat:6:- lseek:8:62",
    "pread64:17:67 pwrite64:18:68 readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70",
    "preadv2:327:286 pwritev2:328:287 access:21:- pipe:22:- pipe2:293:59 dup:32:23",
    "dup2:33:- dup3:292:24 fcntl:72:25 flock:73:32 fsync:74:82 fdatasync:75:83",
    "sync_file_range:277:84 truncate:76:45 ftruncate:77:46 getdents:78:-",
    "getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50 rename:82:- renameat:264:38",
    "renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- creat:85:- link:86:-",
    "linkat:265:37 unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36",
    "readlink:89:- readlinkat:267:78 chmod:90:- fchmod:91:52 fchmodat:268:53 chown:92:-",
    "fchown:93:55 lchown:94:- fchownat:260:54 umask:95:166 utime:132:- utimes:235:-",
    "utimensat:280:88 futimesat:261:- faccessat:269:48 faccessat2:439:439 openat:257:56",
    "openat2:437:437 newfstatat:262:79 statx:332:291 statfs:137:43 fstatfs:138:44",
    "fallocate:285:47 fadvise64:221:223 sendfile:40:71 copy_file_range:326:285",
    "close_range:436:436 ioctl:16:29 getxattr:191:8 lgetxattr:192:9 fgetxattr:193:10",
    "listxattr:194:11 llistxattr:195:12 flistxattr:196:13",
    # waiting
    "poll:7:- ppoll:271:73 select:23:- pselect6:270:72 epoll_create:213:-",
    "epoll_create1:291:20 epoll_ctl:233:21 epoll_wait:232:- epoll_pwait:281:22",
    "epoll_pwait2:441:441 eventfd:284:- eventfd2:290:19 signalfd:282:- signalfd4:289:74",
    "timerfd_create:283:85 timerfd_settime:286:86 timerfd_gettime:287:87 pause:34:-",
    # memory
    "mmap:9:222 mprotect:10:226 munmap:11:215 brk:12:214 mremap:25:216 msync:26:227",
    "mincore:27:232 madvise:28:233 mlock:149:228 munlock:150:229 membarrier:324:283",
    # processes and threads
    "fork:57:- vfork:58:- execve:59:221 exit:60:93 exit_group:231:94 wait4:61:260",
    "waitid:247:95 getpid:39:172 getppid:110:173 gettid:186:178 getpgid:121:155",
    "getpgrp:111:- setpgid:109:154 getsid:124:156 setsid:112:157 set_tid_address:218:96",
    "set_robust_list:273:99 get_robust_list:274:100 rseq:334:293 futex:202:98",
    "futex_waitv:449:449 arch_prctl:158:- prctl:157:167 kill:62:129 tkill:200:130",
    "tgkill:234:131 pidfd_open:434:434 pidfd_send_signal:424:424 sched_yield:24:124",
    "sched_getaffinity:204:123 sched_setaffinity:203:122 sched_getparam:143:121",
    "sched_getscheduler:145:120 sched_getattr:315:275 sched_get_priority_max:146:125",
    "sched_get_priority_min:147:126 getpriority:140:141 setpriority:141:140",
    "getrlimit:97:163 setrlimit:160:164 prlimit64:302:261 getrusage:98:165 times:100:153",
    "getcpu:309:168 capget:125:90",
    # signals
    "rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139 rt_sigpending:127:136",
    "rt_sigtimedwait:128:137 rt_sigqueueinfo:129:138 rt_tgsigqueueinfo:297:240",
    "rt_sigsuspend:130:133 sigaltstack:131:132 restart_syscall:219:128",
    # time
    "nanosleep:35:101 clock_nanosleep:230:115 clock_gettime:228:113 clock_getres:229:114",
    "gettimeofday:96:169 time:201:- alarm:37:- getitimer:36:102 setitimer:38:103",
    "timer_create:222:107 timer_settime:223:110 timer_gettime:224:108",
    "timer_getoverrun:225:109 timer_delete:226:111",
    # users
    "getuid:102:174 geteuid:107:175 getgid:104:176 getegid:108:177 getresuid:118:148",
    "getresgid:120:150 getgroups:115:158 setuid:105:146 setgid:106:144 setreuid:113:145",
    "setregid:114:143 setresuid:117:147 setresgid:119:149 setgroups:116:159",
    # sockets
    "connect:42:203 accept:43:202 accept4:288:242 bind:49:200 listen:50:201",
    "shutdown:48:210 getsockname:51:204 getpeername:52:205 getsockopt:55:209",
    "setsockopt:54:208 sendto:44:206 recvfrom:45:207 sendmsg:46:211 recvmsg:47:212",
    "sendmmsg:307:269 recvmmsg:299:243",
    # the machine
    "uname:63:160 sysinfo:99:179 getrandom:318:278",
)
CLONE, SOCKET, SOCKETPAIR = (56, 220), (41, 198), (53, 199)  # allowed with some arguments

# Instructions of the kernel's filter machine, and where it finds what it looks at.
LOAD, EQUAL, GREATER, ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
ALLOW, REFUSE = 0x7FFF0000, 0x00050000


def install() -> None:
    """Have the kernel filter all further calls of this thread and of what it starts.

    Raises OSError where the kernel has no filters, or nobody knows the numbers of this machine.
    """
    code = program(os.uname().machine)
    instructions = ctypes.create_string_buffer(code, len(code))
    length_and_place = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, length_and_place, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"system calls are not filtered: {os.strerror(number)}")


def program(machine: str) -> bytes:
    """Return the filter for a machine. Raises OSError for one that is not in the table."""
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"system calls are not filtered on {machine}")
    column, audit_number = MACHINES[machine]
    refused, absent = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
    steps = [
        *[(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, audit_number), (RETURN, 0, 0, refused)],
        *[(LOAD, 0, 0, NUMBER), (EQUAL, 1, 0, CLONE3), (GREATER, 0, 1, NEWEST)],
        (RETURN, 0, 0, absent),
        *[(EQUAL, 0, 4, CLONE[column]), (LOAD, 0, 0, FIRST_ARGUMENT)],
        *[(ANY_BIT, 0, 1, NEW_NAMESPACES), (RETURN, 0, 0, refused), (RETURN, 0, 0, ALLOW)],
        *[(EQUAL, 1, 0, SOCKET[column]), (EQUAL, 0, 4, SOCKETPAIR[column])],
        *[(LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 1, 0, AF_UNIX)],
        *[(RETURN, 0, 0, REFUSE | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)],
    ]
    for number in allowed_numbers(column):
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, refused))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def allowed_numbers(column: int) -> list[int]:
    """Return the numbers in a column of the table; "-" is a call that the machine does not have."""
    found = [entry.split(":")[1 + column] for entry in " ".join(ALLOWED).split()]
    return sorted(int(number) for number in found if number != "-")
