"""Passes that are remembered: a proof holds as long as everything that it read is as it was.

Each unit has a file of records, outside the repository, under the hash of what it is: its name, its
payload, the Python, the settings and `requirements.txt`. A record names everything that was read,
with hashes. Failures are never kept. A folder may serve several checkouts and branches, and can be
deleted at any time.
"""

import dataclasses
import functools
import hashlib
import json
import os
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit

RECORDS = 8  # of one unit: as many branches can be proved side by side
SETTINGS = ("CNNBOOK_MODE", "CUDA_VISIBLE_DEVICES", "CNNBOOK_COLD_KERNELS", "CI")
MADE = {  # by tools, not by people
    "_build", "build", "dist", "__pycache__", ".git", ".venv", ".pytest_cache", ".hypothesis",
    ".ruff_cache", ".mypy_cache", ".ipynb_checkpoints", ".nbgrader.log", "gradebook.db",
}  # fmt: skip


def default_folder() -> Path:
    """Return the folder for passes: $CNNBOOK_PROOFS, or one in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("CNNBOOK_PROOFS") or cache / "cnnbook" / "proofs")


@dataclass
class Pass:
    """A pass that was remembered."""

    passed: int
    notes: list[str]
    artifact: Path | None


class Memory:
    """The passes in a folder, as seen from one checkout; those from before `since` are not believed."""

    def __init__(self, folder: Path | None = None, root: Path = ROOT, since: float = 0.0):
        self.folder, self.root, self.since = folder or default_folder(), root, since
        self.state = functools.cache(self._state)  # nothing is hashed twice in one run

    def recall(self, check: str, unit: Unit) -> Pass | None:
        """Return the pass of a unit that still holds, or None."""
        for record in self._records(check, unit):
            if record["when"] >= self.since and all(
                self.state(kind, name) == was for kind, name, was in record["sources"]
            ):
                artifact = self.folder / record["artifact"] if record["artifact"] else None
                if artifact is None or artifact.exists():
                    return Pass(record["passed"], record["notes"], artifact)
        return None

    def remember(
        self, check: str, unit: Unit, outcome: Outcome, read: set[tuple[str, str]], began: float
    ) -> bool:
        """Keep a pass with what was read, and return whether; not what was changed after it `began`.

        Raises ValueError where the outcome is no pass.
        """
        if outcome.failed or outcome.skipped or not outcome.passed:
            raise ValueError(f"{check} {unit.name} did not pass: {outcome}")
        if outcome.made is not None:
            unit = dataclasses.replace(unit, payload=outcome.made)
        sources = sorted({(kind, name) for kind, name in read if is_source(name)})
        for kind, name in sources:
            path = self.root / name
            if kind == "R" and path.exists() and path.stat().st_mtime > began:
                return False
        record = {
            "when": time.time(),
            "passed": outcome.passed,
            "notes": outcome.notes,
            "sources": [[kind, name, self.state(kind, name)] for kind, name in sources],
            "artifact": self._keep(outcome.artifact),
        }
        kept = [r for r in self._records(check, unit) if r["sources"] != record["sources"]]
        for old in kept[RECORDS - 1 :]:
            if old["artifact"]:
                (self.folder / old["artifact"]).unlink(missing_ok=True)
        self._write(self._path(check, unit), [record, *kept[: RECORDS - 1]])
        return True

    def seconds(self, check: str, unit: Unit) -> float:
        """Return how long a unit took the last time, or what it says of itself."""
        return self._durations().get(f"{check} {unit.name}", unit.seconds)

    def note_seconds(self, times: dict[str, float]) -> None:
        """Remember how long units took: `check unit` → seconds."""
        self._write(self.folder / "seconds.json", self._durations() | times)

    def _durations(self) -> dict[str, float]:
        try:
            return json.loads((self.folder / "seconds.json").read_text())
        except (OSError, ValueError):
            return {}

    def _records(self, check: str, unit: Unit) -> list[dict]:
        try:
            return json.loads(self._path(check, unit).read_text())
        except (OSError, ValueError):
            return []

    def _path(self, check: str, unit: Unit) -> Path:
        files = [(pattern, self.state("G", pattern)) for pattern in unit.sources]
        settings = [(name, os.environ.get(name)) for name in SETTINGS]
        python = [
            platform.python_version(),
            platform.machine(),
            self.state("R", "requirements.txt"),
        ]
        own = self.state("G", "scripts/proof/**/*.py"), self.state("R", "cnnbook/forked/trace.py")
        key = json.dumps([check, unit.name, unit.payload, files, settings, python, own])
        return self.folder / f"{check}-{hashlib.sha256(key.encode()).hexdigest()}.json"

    def _state(self, kind: str, name: str) -> str:
        """Return what stands for a file's content, a folder's names, or whether something is there."""
        path = self.root / name
        if kind == "G":
            found = sorted(p.relative_to(self.root).as_posix() for p in self.root.glob(name))
            return digest(*(f"{n} {self.state('R', n)}" for n in found if is_source(n)))
        if kind == "?":
            return "file" if path.is_file() else "folder" if path.is_dir() else "nothing"
        try:
            if kind == "L":
                return digest(*sorted(n for n in os.listdir(path) if is_source(n)))
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return "nothing"

    def _keep(self, artifact: Path | None) -> str | None:
        if artifact is None:
            return None
        name = f"{hashlib.sha256(artifact.read_bytes()).hexdigest()}{artifact.suffix}"
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact, self.folder / f"{name}.new")
        os.replace(self.folder / f"{name}.new", self.folder / name)
        return name

    def _write(self, path: Path, content: object) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(content))
        os.replace(new, path)


def is_source(name: str) -> bool:
    """Return whether a path in the repository is one that people write.

    >>> is_source("cnnbook/data.py"), is_source("_build/html/index.html"), is_source(".git/HEAD")
    (True, False, False)
    """
    return not MADE & set(name.split("/")) and ".egg-info" not in name and name[-4:] != ".pyc"


def digest(*texts: str) -> str:
    """Return a hash of texts in their order."""
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
