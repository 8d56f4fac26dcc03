"""Bring what a learning management system exports into `submitted/`, one folder a student.

Takes a folder, or a zip of it, and archives inside. Nothing is written outside the student's own
folder, and nobody's files go into another's: where a name stands for two people, neither is brought
in. What is left out is reported; what was there before is kept in `.cnnbook/replaced/`.
"""

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cnnbook.grading.archives import Entry, entries_in, entries_of
from cnnbook.grading.course import Course, CourseError, write_whole
from cnnbook.grading.exports import SYSTEMS, NotHandedIn, Owner, by_pattern, owner_of

LARGEST_TOTAL, LARGEST_STUDENT, MOST_OF_STUDENT, DEEPEST = 2 << 30, 200 << 20, 1_000, 3
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")


@dataclass
class Collected:
    """What was brought in and what was left out, with reasons."""

    students: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)  # those whom the system marks as late


class TooMuch(Exception):
    """A submission is larger than one may be."""


@dataclass
class Budget:
    """What one student's archives may still unpack to, however they are nested."""

    files: int = MOST_OF_STUDENT
    kept: int = LARGEST_STUDENT  # bytes of files
    opened: int = 4 * LARGEST_STUDENT  # bytes of archives that are read and not kept

    def spend(self, size: int, *, kept: bool) -> None:
        """Count a file of that size before it is read. Raises TooMuch."""
        left = self.kept if kept else self.opened
        if self.files < 1 or size > left:
            raise TooMuch("more than one submission may hold")
        self.files -= 1
        if kept:
            self.kept -= size
        else:
            self.opened -= size


def collect(course: Course, assignment: str, source: Path, pattern: str | None = None) -> Collected:
    """Bring in an export. Raises CourseError where it cannot be read or the pattern is not one."""
    systems = SYSTEMS if pattern is None else (by_pattern(pattern),)
    if not source.exists():
        raise CourseError(f"{source} does not exist: give the zip file or folder that was exported")
    done = Collected()
    found: dict[str, list[tuple[Entry, Owner]]] = {}
    for entry in entries_of(source, done.left_out.append):
        try:
            owner = owner_of(entry.path, systems)
        except NotHandedIn as why:
            done.left_out.append(f"{entry.path!r}: {why}")
        else:
            found.setdefault(owner.student, []).append((entry, owner))
    owners = _without_namesakes(course, assignment, found, done)
    with tempfile.TemporaryDirectory(dir=_made(course.root / ".cnnbook")) as staging:
        _stage(Path(staging), {student: found[student] for student in owners}, done)
        for folder in sorted(Path(staging).iterdir()):
            _place(course, assignment, folder, done)
    done.late = sorted(s for s in done.students if any(owner.late for _, owner in found[s]))
    _remember(course, assignment, {student: owners[student] for student in done.students})
    return done


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# --- whose a folder is


def _without_namesakes(
    course: Course, assignment: str, found: dict[str, list[tuple[Entry, Owner]]], done: Collected
) -> dict[str, Owner]:
    """Return the owner of each student's folder; folders that two people would share are left out."""
    earlier, owners = _remembered(course, assignment), {}
    for student, files in found.items():
        people = list({(owner.system, owner.key): owner for _, owner in files}.values())
        before = earlier.get(student)
        there = (course.submitted / student / assignment).exists()
        if len(people) > 1:
            told = " and ".join(str(owner) for owner in people)
            done.left_out.append(
                f"{student!r}: this would be the folder of {told}; nobody's files were brought in: "
                f"give --pattern a group 'student' that tells them apart, such as by their numbers"
            )
        elif there and before and before[0] == people[0].system and before[1] != people[0].key:
            done.left_out.append(
                f"{student!r}: this is the folder of {before[2]}, and {people[0]} is somebody else, "
                f"whose files were not brought in: tell them apart with --pattern, or move "
                f"{course.submitted / student / assignment} away"
            )
        else:
            owners[student] = people[0]
    return owners


def _record_of(course: Course, assignment: str) -> Path:
    return course.root / ".cnnbook" / f"collected-{assignment}.json"


def _remembered(course: Course, assignment: str) -> dict[str, list[str]]:
    """Return whose files were brought in last: student → system, key and how they are called."""
    try:
        return json.loads(_record_of(course, assignment).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(course: Course, assignment: str, owners: dict[str, Owner]) -> None:
    known = _remembered(course, assignment)
    known |= {student: [o.system, o.key, str(o)] for student, o in owners.items()}
    write_whole(_record_of(course, assignment), json.dumps(known, indent=1))


# --- files


def _stage(staging: Path, found: dict[str, list[tuple[Entry, Owner]]], done: Collected) -> None:
    """Write each student's files into a folder of the student's own."""
    total = 0
    for student, files in found.items():
        budget = Budget()
        for entry, owner in files:
            total += entry.size
            try:
                if total > LARGEST_TOTAL:
                    raise TooMuch("more than one export may hold")
                _unpack(entry, owner.rest, staging / student, done, budget)
            except TooMuch as error:
                done.left_out.append(f"{entry.path!r}: {error}")


def _unpack(
    entry: Entry, rest: str, folder: Path, done: Collected, budget: Budget, depth: int = 0
) -> None:
    """Write a file into the student's staging folder; an archive is opened there. Raises TooMuch."""
    is_archive = rest.lower().endswith(ARCHIVES)
    if is_archive and depth >= DEEPEST:
        done.left_out.append(f"{entry.path!r}: archives nested more than {DEEPEST} deep")
        return
    budget.spend(entry.size, kept=not is_archive)
    try:
        raw = entry.read()
        if not is_archive:
            _write(entry, raw, rest, folder, done)
            return
    except Exception as error:  # archives lie in many ways; each file is left out with its reason
        done.left_out.append(f"{entry.path!r}: cannot be read or written ({error})")
        return
    most = {"most": MOST_OF_STUDENT, "largest": LARGEST_STUDENT}
    for inner in entries_in(raw, entry.path, done.left_out.append, **most):
        _unpack(inner, inner.path, folder, done, budget, depth + 1)


def _write(entry: Entry, raw: bytes, rest: str, folder: Path, done: Collected) -> None:
    parts = [part for part in PurePosixPath(rest).parts if part not in ("/", "..", ".")][-8:]
    parts = [part.encode("utf-8", "replace").decode()[:120] or "_" for part in parts]
    if parts == ["timestamp.txt"]:
        done.left_out.append(f"{entry.path!r}: no submission says itself when it was handed in")
        return
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.stat().st_mtime > entry.when:
        return
    target.write_bytes(raw)
    os.utime(target, (entry.when, entry.when))


def _place(course: Course, assignment: str, folder: Path, done: Collected) -> None:
    """Put a staged folder into `submitted/`, and keep what was there before."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    home, target = course.submitted / folder.name, course.submitted / folder.name / assignment
    for place in (home, target):
        if place.is_symlink():
            done.left_out.append(f"{folder.name!r}: {place} is a link: remove it and collect again")
            return
    try:
        if target.exists():
            kept = course.root / ".cnnbook" / "replaced" / folder.name / assignment
            os.replace(target, _made(kept) / str(time.time_ns()))
        shutil.move(folder, _made(home) / assignment)
    except OSError as error:
        done.left_out.append(f"{folder.name!r}: cannot be written ({error})")
        return
    done.students[folder.name] = len(files)
