"""Strict nbval of the chapters; what it executed is what the book shows."""

from scripts.checks.notebook import code_cells, validate
from scripts.paths import chapters
from scripts.proof.unit import Outcome, Unit


def units() -> list[Unit]:
    """Return a unit for each chapter."""
    return [Unit(path.stem, code_cells(path), seconds=60) for path in chapters()]


def prove(unit: Unit) -> Outcome:
    """Execute a chapter, compare, and keep what came out."""
    return validate(unit, keep=True)
