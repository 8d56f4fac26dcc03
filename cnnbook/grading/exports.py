"""How learning management systems name what they export: whose a file is, and what tells namesakes apart.

A system is a function of a path in the export. It returns the file's owner, or None where the path
is not one of its own, and raises NotHandedIn for what a system exports beside the submissions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from cnnbook.grading.course import CourseError, is_student_id


@dataclass(frozen=True)
class Owner:
    """Whose a file is: the student's folder, the file's path in it, and who that is in the system."""

    student: str
    rest: str
    system: str
    key: str  # the system's own number, or else the name as the system writes it
    name: str
    late: bool = False

    def __str__(self) -> str:
        number = "" if self.key == self.name else f", number {self.key}"
        return f"{self.name!r} ({self.system}{number})"


class NotHandedIn(Exception):
    """A file that belongs to no submission; the message says why."""


System = Callable[[str], Owner | None]

# A name may hold nearly anything; the first number behind it is the system's. Canvas takes numbers
# between underscores out of names, and Moodle the underscores.
MOODLE = re.compile(
    r"(?P<student>[^/]+?)(_(?P<id>\d+))?_assignsubmission_(?P<kind>[a-z]+)(_?/|_)(?P<rest>.+)"
)
CANVAS = re.compile(r"(?P<student>[^/.\s]+?)(?P<late>_LATE)?_(?P<id>\d+)_\d+_(?P<rest>[^/]+)")
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<student>anon_(?P<id>(?=\d*[A-Za-z])[A-Za-z0-9]{5}))_\d+_(?P<rest>[^/]+)"
)
CANVAS_TEXT = re.compile(r"[^/.\s]+_(text|link)\.html")
FOLDER = re.compile(r"(?P<student>[^/]+)/(?P<rest>.+)")


def moodle(path: str) -> Owner | None:
    """Return the owner of a file of Moodle's, exported in folders or flat."""
    found = MOODLE.fullmatch(path)
    if found and found["kind"] != "file":
        raise NotHandedIn(f"Moodle's {found['kind']}, which is no file that was handed in")
    return found and _owner(found, "Moodle")


def canvas(path: str) -> Owner | None:
    """Return the owner of a file of Canvas's, which are all in one folder."""
    found = CANVAS_ANONYMOUS.fullmatch(path) or CANVAS.fullmatch(path)
    if not found and CANVAS_TEXT.fullmatch(path):
        raise NotHandedIn("text typed into Canvas, which is no file that was handed in")
    return found and _owner(found, "Canvas")


def folders(path: str) -> Owner | None:
    """Return the owner of a file in a folder that has its student's name."""
    found = FOLDER.fullmatch(path)
    return found and _owner(found, "a folder")


SYSTEMS: tuple[System, ...] = (moodle, canvas, folders)  # in the order in which they are asked


def by_pattern(pattern: str) -> System:
    """Return the system that a regular expression describes. Raises CourseError where it is none."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise CourseError(f"pattern {pattern!r} is not a regular expression: {error}") from None
    if "student" not in compiled.groupindex:
        raise CourseError(f"pattern {pattern!r} has no group named 'student': write (?P<student>…)")

    def system(path: str) -> Owner | None:
        found = compiled.fullmatch(path)
        return found and _owner(found, "--pattern")

    return system


def owner_of(path: str, systems: tuple[System, ...]) -> Owner:
    """Return the owner of a file by the first system that knows it. Raises NotHandedIn."""
    for system in systems:
        owner = system(path)
        if owner is not None and is_student_id(owner.student) and owner.student[0] != ".":
            return owner
    raise NotHandedIn("no student can be told from its name")


def _owner(found: re.Match, system: str) -> Owner:
    groups = found.groupdict()
    name = found["student"] or ""
    student = name.strip().replace(" ", "_")
    rest = groups.get("rest") or PurePosixPath(found[0]).name
    return Owner(student, rest, system, groups.get("id") or name, name, bool(groups.get("late")))
