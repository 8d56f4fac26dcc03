"""A course folder as nbgrader lays it out: where everything lies, and what must not be lost."""

import hashlib
import json
import os
import re
import shutil
import sysconfig
import tempfile
from pathlib import Path

from cnnbook.grading.assignment import released_cells

STUDENT_ID = re.compile(r"[^/\\\0\x00-\x1f\x7f]{1,120}")


class CourseError(Exception):
    """Something about the course that its instructor can mend; the message says how."""


class Course:
    """The folders and the gradebook of one course, after its own `nbgrader_config.py`."""

    source: Path
    release: Path
    submitted: Path
    autograded: Path
    feedback: Path

    def __init__(self, root: Path):
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config, PyFileConfigLoader

        _find_own_commands()
        self.root = root.resolve()
        config = Config()
        if (self.root / "nbgrader_config.py").is_file():
            loader = PyFileConfigLoader("nbgrader_config.py", path=str(self.root))
            config = loader.load_config()
        config.CourseDirectory.root = str(self.root)
        self.config = config
        self.nbgrader = CourseDirectory(config=config)
        for kind in ("source", "release", "submitted", "autograded", "feedback"):
            setattr(self, kind, self.root / getattr(self.nbgrader, f"{kind}_directory"))

    @property
    def db_url(self) -> str:
        """Return the address of the gradebook."""
        return self.nbgrader.db_url

    def assignments(self) -> list[str]:
        """Return the names of the assignments that have a notebook."""
        return sorted({path.parent.name for path in self.source.glob("*/*.ipynb")})

    def require(self, assignment: str | None) -> str:
        """Return the assignment of that name, or the only one. Raises CourseError."""
        known = self.assignments()
        if assignment is None and len(known) == 1:
            return known[0]
        if assignment not in known:
            raise CourseError(
                f"assignment {assignment!r} is not in {self.source}: there are "
                f"{', '.join(known) or 'none'}; name one of them"
            )
        return assignment

    def notebooks(self, assignment: str) -> list[str]:
        """Return the file names of an assignment's notebooks."""
        return sorted(path.name for path in (self.source / assignment).glob("*.ipynb"))

    def release_of(self, assignment: str, name: str) -> dict:
        """Return a notebook with and without its solutions. Raises CourseError where one is missing."""
        solution, release = (folder / assignment / name for folder in (self.source, self.release))
        if not release.is_file():
            raise CourseError(f"{release} is missing: run `cnnbook release {assignment}`")
        pair = {
            "solution": json.loads(solution.read_text(encoding="utf-8")),
            "release": json.loads(release.read_text(encoding="utf-8")),
        }
        try:
            released_cells(pair["solution"], pair["release"])
        except ValueError as error:
            raise CourseError(f"{assignment}/{name}: {error}") from None
        return pair

    def students(self, assignment: str) -> dict[str, Path]:
        """Return the folder of each student who handed the assignment in; links are not followed."""
        folders = self._handed_in(assignment)
        return {name: folder for name, folder in folders.items() if is_student_id(name)}

    def without_id(self, assignment: str) -> list[str]:
        """Return the names of folders that hold the assignment, and that no student can have."""
        return [name for name in self._handed_in(assignment) if not is_student_id(name)]

    def _handed_in(self, assignment: str) -> dict[str, Path]:
        found = {}
        for entry in sorted(self.submitted.glob("*"), key=lambda path: path.name):
            folder = entry / assignment
            if folder.is_dir() and not entry.is_symlink() and not folder.is_symlink():
                found[entry.name] = folder
        return found


def _find_own_commands() -> None:
    """Put this environment's commands first on PATH, as its activation does.

    nbgrader runs `alembic` by name, and leaves half a gradebook where it is not found.
    """
    scripts = sysconfig.get_path("scripts")
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if places[0] != scripts:
        os.environ["PATH"] = os.pathsep.join([scripts, *places])


def is_student_id(name: str) -> bool:
    """Return whether gradebook, files and pages can hold this name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(STUDENT_ID.fullmatch(name))


def digest(*parts: bytes | str) -> str:
    """Return a short fingerprint of some contents."""
    total = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        total.update(len(raw).to_bytes(8, "big") + raw)
    return total.hexdigest()[:32]


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there in full or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)  # an interrupt may come when it has its name
        raise


def require_space(folder: Path, least: int = 50 << 20) -> None:
    """Raise CourseError where a folder cannot be written or its disk is nearly full."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be written ({error.strerror}): allow it and run again"
        ) from None
    free = shutil.disk_usage(folder).free
    if free < least:
        raise CourseError(
            f"the disk of {folder} has {free >> 20} MiB left, and {least >> 20} are needed: make room"
        )
