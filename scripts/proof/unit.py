"""The smallest thing that is proved, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Unit:
    """Something that is proved by itself: a question's mutants, a chapter, a test file.

    payload: what is proved where that is less than a file, such as the code cells of a notebook;
        anything that JSON holds. The proof must read it here, not from the file.
    sources: patterns of files that the proof's tools read without Python's knowledge, such as
        "chapters/*.ipynb". What Python reads need not be named: it is seen.
    seconds: about how long it takes; long ones begin first.
    """

    name: str
    payload: Any = None
    sources: tuple[str, ...] = ()
    seconds: float = 5.0


@dataclass
class Outcome:
    """What one proof, or all of a check, came to.

    artifact: a file that was made on the way and is kept with the pass.
    made: what stands for things that were made in the repository; the pass holds while the unit's
        payload is this.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)
    artifact: Path | None = None
    made: Any = None

    def __iadd__(self, other: "Outcome") -> "Outcome":
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes
        return self
