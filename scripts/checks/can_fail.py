"""Proof that the checks can fail: each damage to a copy of the project turns its check red."""

from scripts.checks.families import DAMAGES
from scripts.checks.pytests import by_function, run_pytest
from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit


def units() -> list[Unit]:
    """Return a unit for each damage."""
    return [unit for file in DAMAGES for unit in by_function(file, seconds=20)]


def prove(unit: Unit) -> Outcome:
    """Do one damage."""
    return run_pytest(str(ROOT / unit.name))
