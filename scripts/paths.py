"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
HTML = BUILD / "html"


def chapters(root: Path = ROOT) -> list[Path]:
    """Return the chapter notebooks in reading order."""
    return sorted((root / "chapters").glob("*.ipynb"))


def solutions(root: Path = ROOT) -> list[Path]:
    """Return the solution notebooks, one or more for each assignment."""
    return sorted((root / "solutions").glob("*/*.ipynb"))


def exercises(root: Path = ROOT) -> list[Path]:
    """Return the released notebooks."""
    return sorted((root / "exercises").glob("*/*.ipynb"))
