"""A fingerprint of the engine: what it graded before it changed is graded again."""

from importlib.metadata import version
from pathlib import Path

from cnnbook.forked import trace
from cnnbook.grading.course import digest


def engine_mark(package: Path = Path(__file__).parents[1]) -> str:
    """Return a fingerprint of all that scores depend on beside the course: this package and its libraries."""
    with trace.unseen():
        code = [path.read_bytes() for path in sorted(package.rglob("*.py"))]
    return digest(*code, *(version(name) for name in ("torch", "numpy")))


ENGINE = engine_mark()
