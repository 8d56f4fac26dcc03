"""The files in a folder or an archive that somebody else made, read as data and within limits.

Links, devices, absolute and climbing paths are left out; so is what claims or turns out to be too
large. Every left out file is reported with its reason.
"""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

LARGEST_FILE, LARGEST_ARCHIVE, MOST_FILES, RATIO = 200 << 20, 2 << 30, 100_000, 200
LATEST = 4_102_444_800.0  # 2100: what claims to be younger has no time
Report = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """A file in an export: its path in it, when it was written, and how to read it."""

    path: str
    when: float
    size: int
    read: Callable[[], bytes]


def entries_of(source: Path, report: Report) -> Iterator[Entry]:
    """Return the files of an export, which is a folder or an archive."""
    if not source.is_dir():
        yield from entries_in(source.read_bytes(), source.name, report)
        return
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink():
            report(f"{name!r}: a link")
        elif path.is_file():
            held = path.stat()
            yield Entry(name, _moment(held.st_mtime), held.st_size, path.read_bytes)


def entries_in(
    raw: bytes, name: str, report: Report, *, most: int = MOST_FILES, largest: int = LARGEST_ARCHIVE
) -> Iterator[Entry]:
    """Return the regular files of a zip or tar archive that stay inside it and within the limits."""
    try:
        found = list(_members(raw, largest))
    except Exception as error:  # archives can be damaged in many ways; each is left out
        report(f"{name!r}: not an archive that can be read ({error})")
        return
    for number, (entry, is_regular) in enumerate(found):
        path = entry.path.replace("\\", "/")
        parts = PurePosixPath(path).parts
        if number >= most:
            report(f"{name!r}: more than {most} files; the rest was left out")
            return
        if not is_regular:
            report(f"{path!r}: a link or a device")
        elif path.startswith("/") or ".." in parts or (parts and ":" in parts[0]) or "\0" in path:
            report(f"{path!r}: points outside the archive")
        elif entry.size > LARGEST_FILE:
            report(f"{path!r}: {entry.size:,} bytes, and {LARGEST_FILE:,} are allowed")
        else:
            yield Entry(path, entry.when, entry.size, entry.read)


def _members(raw: bytes, largest: int) -> Iterator[tuple[Entry, bool]]:
    if zipfile.is_zipfile(io.BytesIO(raw)):
        archive = zipfile.ZipFile(io.BytesIO(raw))
        yield from (_zipped(archive, info) for info in archive.infolist() if not info.is_dir())
        return
    whole = io.BytesIO(_decompressed(raw, largest))
    tar = tarfile.open(fileobj=whole, mode="r:")  # noqa: SIM115  (read later, from memory)
    for member in tar:
        if not member.isdir():
            read = lambda member=member: _limited(tar.extractfile(member))  # noqa: E731
            yield Entry(member.name, _moment(member.mtime), member.size, read), member.isreg()


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[Entry, bool]:
    kind = info.external_attr >> 16
    size = info.file_size
    if size > 1 << 20 and size > RATIO * max(info.compress_size, 1):
        size = LARGEST_FILE + 1  # a bomb by its own account
    when = time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else 0.0
    entry = Entry(info.filename, _moment(when), size, lambda: _limited(archive.open(info)))
    return entry, not kind or stat.S_ISREG(kind) or stat.S_IFMT(kind) == 0


def _decompressed(raw: bytes, largest: int) -> bytes:
    """Return a tar archive without its compression. Raises ValueError where it becomes too large."""
    for mark, opened in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open)):
        if raw.startswith(mark):
            with opened(io.BytesIO(raw)) as stream:
                data = stream.read(largest + 1)
            if len(data) > largest:
                raise ValueError(f"it unpacks to more than {largest:,} bytes")
            return data
    return raw


def _moment(when: float) -> float:
    """Return seconds that a file system can hold; 0 for what no clock showed."""
    return float(when) if 0 < when < LATEST else 0.0


def _limited(stream) -> bytes:
    with stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError("it unpacks to more than it says")
    return data
