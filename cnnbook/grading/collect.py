"""Bring what a learning management system exports into `submitted/`, one folder a student.

Takes a folder, or a zip of it, and archives inside. Nothing is written outside the student's own
folder; links, absolute and climbing paths are left out and reported; sizes, numbers and depth are
limited; what was there before is kept in `.cnnbook/replaced/`.
"""

import io
import os
import re
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

from cnnbook.grading.course import Course, CourseError, is_student_id

# How systems name what they export; a student is recognised by `student`.
PATTERNS = (
    r"(?P<student>[^/]+)_\d+_assignsubmission_file(_[^/]*)?/(?P<rest>.+)",  # Moodle's folders
    r"(?P<student>[a-z0-9-]+)(_LATE)?_\d+_\d+_(?P<rest>[^/]+)",  # Canvas's flat files
    r"(?P<student>[^/]+)/(?P<rest>.+)",  # a folder a student
)
LARGEST_FILE, LARGEST_TOTAL, MOST_FILES, DEEPEST = 50 << 20, 2 << 30, 100_000, 3
LARGEST_STUDENT, MOST_OF_STUDENT, RATIO = 200 << 20, 1_000, 200

Member = TypeVar("Member", zipfile.ZipInfo, tarfile.TarInfo)


@dataclass
class Collected:
    """What was brought in and what was left out, with reasons."""

    students: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """A file in an export: its path in it, when it was written, and how to read it."""

    path: str
    when: float
    size: int
    read: Callable[[], bytes]


def collect(course: Course, assignment: str, source: Path, pattern: str | None = None) -> Collected:
    """Bring in an export. Raises CourseError where it cannot be read or the pattern is not one."""
    patterns = PATTERNS if pattern is None else (pattern,)
    try:
        compiled = [re.compile(one) for one in patterns]
    except re.error as error:
        raise CourseError(f"pattern {pattern!r} is not a regular expression: {error}") from None
    if any("student" not in one.groupindex for one in compiled):
        raise CourseError(f"pattern {pattern!r} has no group named 'student': write (?P<student>…)")
    if not source.exists():
        raise CourseError(f"{source} does not exist: give the zip file or folder that was exported")
    done = Collected()
    with tempfile.TemporaryDirectory(dir=_made(course.root / ".cnnbook")) as staging:
        sizes: dict[str, list[int]] = {}
        total = 0
        for entry in _entries(source, done):
            student, rest = _owner(entry.path, compiled)
            if student is None:
                done.left_out.append(f"{entry.path!r}: no student can be told from its name")
                continue
            held = sizes.setdefault(student, [0, 0])
            held[0], held[1], total = held[0] + entry.size, held[1] + 1, total + entry.size
            if held[0] > LARGEST_STUDENT or held[1] > MOST_OF_STUDENT or total > LARGEST_TOTAL:
                done.left_out.append(f"{entry.path!r}: more than one submission may hold")
                continue
            _unpack(entry, rest, Path(staging) / student, done, 0)
        for folder in sorted(Path(staging).iterdir()):
            _place(course, assignment, folder, done)
    return done


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _owner(path: str, patterns: list[re.Pattern]) -> tuple[str | None, str]:
    for pattern in patterns:
        found = pattern.fullmatch(path)
        if found:
            student = found["student"].strip().replace(" ", "_")
            rest = found.groupdict().get("rest") or PurePosixPath(path).name
            if is_student_id(student) and student.strip(".") and not student.startswith("."):
                return student, rest
    return None, ""


def _entries(source: Path, done: Collected) -> Iterator[Entry]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_symlink():
                done.left_out.append(f"{name!r}: a link")
            elif path.is_file():
                yield Entry(name, path.stat().st_mtime, path.stat().st_size, path.read_bytes)
    else:
        yield from _archive(source.read_bytes(), source.name, done)


def _archive(raw: bytes, name: str, done: Collected) -> Iterator[Entry]:
    """Return the regular files of a zip or tar archive that stay inside it and within the limits."""
    try:
        found = list(_members(raw))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        OSError,
        ValueError,
        EOFError,
        NotImplementedError,
    ) as error:
        done.left_out.append(f"{name!r}: not an archive that can be read ({error})")
        return
    for number, (entry, is_regular) in enumerate(found):
        path = entry.path.replace("\\", "/")
        parts = PurePosixPath(path).parts
        if number >= MOST_FILES:
            done.left_out.append(f"{name!r}: more than {MOST_FILES} files; the rest was left out")
            return
        if not is_regular:
            done.left_out.append(f"{path!r}: a link or a device")
        elif path.startswith("/") or ".." in parts or (parts and ":" in parts[0]) or "\0" in path:
            done.left_out.append(f"{path!r}: points outside the archive")
        elif entry.size > LARGEST_FILE:
            done.left_out.append(
                f"{path!r}: {entry.size:,} bytes, and {LARGEST_FILE:,} are allowed"
            )
        else:
            yield Entry(path, entry.when, entry.size, entry.read)


def _members(raw: bytes) -> Iterator[tuple[Entry, bool]]:
    if zipfile.is_zipfile(io.BytesIO(raw)):
        archive = zipfile.ZipFile(io.BytesIO(raw))
        for info in archive.infolist():
            if info.is_dir():
                continue
            kind = info.external_attr >> 16
            regular = not kind or stat.S_ISREG(kind) or stat.S_IFMT(kind) == 0
            size = info.file_size
            if size > 1 << 20 and size > RATIO * max(info.compress_size, 1):
                size = LARGEST_FILE + 1  # a bomb by its own account
            when = time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else 0.0
            read = partial(_limited, archive.open, info)
            yield Entry(info.filename, when, size, read), regular
    else:
        packed = tarfile.open(fileobj=io.BytesIO(raw))  # noqa: SIM115  (read later, from memory)
        for member in packed:
            if not member.isdir():
                read = partial(_limited, packed.extractfile, member)
                yield Entry(member.name, member.mtime, member.size, read), member.isreg()


def _limited(opened: Callable[[Member], IO[bytes] | None], member: Member) -> bytes:
    """Return a file of an archive. Raises ValueError where it has no contents or is too large."""
    stream = opened(member)
    if stream is None:
        raise ValueError("it has no contents")
    with stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError("it unpacks to more than it says")
    return data


def _unpack(entry: Entry, rest: str, folder: Path, done: Collected, depth: int) -> None:
    """Write a file into the student's staging folder; an archive is opened there."""
    try:
        raw = entry.read()
    except Exception as error:  # archives lie in many ways; each is left out with its reason
        done.left_out.append(f"{entry.path!r}: cannot be read ({error})")
        return
    if rest.lower().endswith((".zip", ".tar", ".tar.gz", ".tgz")):
        if depth >= DEEPEST:
            done.left_out.append(f"{entry.path!r}: archives nested more than {DEEPEST} deep")
            return
        held = [0, 0]
        for inner in _archive(raw, entry.path, done):
            held[0], held[1] = held[0] + inner.size, held[1] + 1
            if held[0] > LARGEST_STUDENT or held[1] > MOST_OF_STUDENT:
                done.left_out.append(
                    f"{entry.path!r}: unpacks to more than one submission may hold"
                )
                return
            _unpack(inner, inner.path, folder, done, depth + 1)
        return
    parts = [part for part in PurePosixPath(rest).parts if part not in ("/", "..", ".")][-8:]
    parts = [part.encode("utf-8", "replace").decode()[:120] or "_" for part in parts]
    target = folder.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.stat().st_mtime > entry.when:
            return
        target.write_bytes(raw)
        os.utime(target, (max(entry.when, 0), max(entry.when, 0)))
    except (OSError, ValueError) as error:
        done.left_out.append(f"{entry.path!r}: cannot be written ({error})")


def _place(course: Course, assignment: str, folder: Path, done: Collected) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    target = course.submitted / folder.name / assignment
    if target.exists():
        kept = (
            course.root / ".cnnbook" / "replaced" / folder.name / assignment / str(time.time_ns())
        )
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.replace(target, kept)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, target)
    done.students[folder.name] = len(files)
