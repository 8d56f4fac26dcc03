"""Read one submission as data, whatever was handed in; nothing of it is executed or trusted."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from cnnbook.grading.outputs import without_outputs

LARGEST_FILE = 200 << 20  # bytes of a notebook with its outputs, which are not read
LARGEST = 20 << 20  # bytes, or characters, of the rest
MOST_FILES, DEEPEST = 2_000, 6
MOST_CELLS = 5_000


@dataclass
class HandedIn:
    """A student's notebook: its cells, what was found out about it, and whether it can be graded.

    cells: {"cell_type", "source", "grade_id"} in the student's order.
    """

    cells: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str | None = None  # why nothing can be graded, in one sentence


def find_notebooks(folder: Path, wanted: list[str]) -> dict[str, tuple[Path | None, list[str]]]:
    """Return, for each notebook of the assignment, the student's file for it and notes about it.

    The right name wins; else a name that differs by what browsers and people add to it; else the
    only notebook left for the only place left. Links are not followed.
    """
    found = _notebook_files(folder)
    left = dict(found)
    chosen: dict[str, tuple[Path | None, list[str]]] = {}
    for name in wanted:  # exact names first, the shallowest and newest of several
        same = [path for path in left if path.name == name]
        if same:
            best = min(same, key=lambda path: (len(path.parts), -left[path]))
            notes = [] if best.parent == folder else [f"found in {best.parent.relative_to(folder)}"]
            if len(same) > 1:
                notes.append(f"{len(same)} files have this name; this one was taken")
            chosen[name] = (best, notes)
            for path in same:
                del left[path]
    for name in wanted:
        if name not in chosen:
            alike = [path for path in left if _stem(path.name) == _stem(name)]
            missing = [other for other in wanted if other not in chosen]
            if not alike and len(missing) == 1 and len(left) == 1:
                alike = list(left)
            if alike:
                best = max(alike, key=lambda path: left[path])
                chosen[name] = (best, [f"the file was named {best.name!r}"])
                del left[best]
            else:
                chosen[name] = (None, [])
    return chosen


def _notebook_files(folder: Path) -> dict[Path, float]:
    """Return regular notebook files, at most so deep and so many, with their times."""
    files: dict[Path, float] = {}
    seen, waiting = 0, [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > MOST_FILES:
                return files
            if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
                if entry.name not in (".ipynb_checkpoints", "__MACOSX"):
                    waiting.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False) and _is_notebook(entry.name):
                files[Path(entry.path)] = entry.stat(follow_symlinks=False).st_mtime
    return files


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb") and not name.startswith("._")


def _stem(name: str) -> str:
    """Return a file's name without what was added to it: copies, numbers, students' names."""
    stem = name.lower().removesuffix(".ipynb")
    for word in ("copy of ", "kopie von ", "copie de ", "copia de "):
        stem = stem.removeprefix(word)
    for mark in (" (", "(", " - copy", "-copy", "_copy", " copy"):
        stem = stem.split(mark)[0]
    return "".join(letter for letter in stem if letter.isalnum())


def read_notebook(path: Path) -> HandedIn:
    """Return what is in a notebook file of any age; a file that cannot be read has a `problem`."""
    try:
        size = path.stat(follow_symlinks=False).st_size
        if path.is_symlink():
            return HandedIn(problem="the file is a link, and links are not followed")
        if size > LARGEST_FILE:
            return HandedIn(
                problem=f"the file has {size:,} bytes, and {LARGEST_FILE:,} are allowed"
            )
        raw = path.read_bytes()
    except OSError as error:
        return HandedIn(problem=f"the file cannot be opened ({error.strerror})")
    return parse_notebook(raw)


def parse_notebook(raw: bytes) -> HandedIn:
    """Return the cells in the bytes of a notebook."""
    if not raw.strip(b"\0 \r\n\t"):
        return HandedIn(problem="the file is empty")
    handed = HandedIn()
    text = _decode(raw, handed.notes)
    try:
        if len(text) > LARGEST:
            text = without_outputs(text)
        if len(text) > LARGEST:
            return HandedIn(
                problem=f"the file has {len(text):,} characters beside its outputs, "
                f"and {LARGEST:,} are allowed"
            )
        notebook = json.loads(text)
        cells = notebook.get("cells")
        if cells is None and isinstance(notebook.get("worksheets"), list):  # format 3 and older
            cells = [cell for sheet in notebook["worksheets"] for cell in sheet.get("cells", [])]
            handed.notes.append("the notebook has an old format, which was converted")
        if not isinstance(cells, list):
            return HandedIn(problem="the file is no notebook: it holds no cells")
        if len(cells) > MOST_CELLS:
            return HandedIn(
                problem=f"the notebook has {len(cells):,} cells; {MOST_CELLS:,} are allowed"
            )
        handed.cells = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        return HandedIn(problem=f"the file is damaged and cannot be read ({type(error).__name__})")
    if isinstance(notebook.get("nbformat"), int) and notebook["nbformat"] > 4:
        handed.notes.append("the notebook has a newer format than is known")
    language = notebook.get("metadata") or {}
    kernel = language.get("kernelspec") if isinstance(language, dict) else None
    if isinstance(kernel, dict) and str(kernel.get("language", "python")).lower() != "python":
        handed.notes.append(f"the notebook names another kernel, {str(kernel.get('name'))[:40]!r}")
    return handed


def _decode(raw: bytes, notes: list[str]) -> str:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    encoding = next((name for mark, name in marks.items() if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        notes.append("the file is not UTF-8; it was read as Windows-1252")
        return raw.decode("cp1252", errors="replace")


def _cell(cell: dict) -> dict:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return {
        "cell_type": cell.get("cell_type")
        if cell.get("cell_type") in ("code", "raw")
        else "markdown",
        "source": source.replace("\r\n", "\n") if isinstance(source, str) else "",
        "grade_id": name if isinstance(name, str) else None,
    }
