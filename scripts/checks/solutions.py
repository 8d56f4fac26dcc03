"""Strict nbval of the solutions."""

from scripts.checks.notebook import code_cells, validate
from scripts.paths import solutions
from scripts.proof.unit import Outcome, Unit


def units() -> list[Unit]:
    """Return a unit for each solution."""
    return [Unit(f"{p.parent.name}/{p.stem}", code_cells(p), seconds=20) for p in solutions()]


def prove(unit: Unit) -> Outcome:
    """Execute a solution and compare."""
    return validate(unit, keep=False)
