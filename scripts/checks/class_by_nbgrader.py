"""A small class, graded by nbgrader's own commands: every score is the deserved one."""

from scripts import grade_demo
from scripts.proof.unit import Outcome, Unit


def units() -> list[Unit]:
    """Return the class."""
    return [Unit(grade_demo.ASSIGNMENT, seconds=60)]


def prove(unit: Unit) -> Outcome:
    """Grade the class and compare."""
    students = grade_demo.the_class()
    wrong = grade_demo.grade_and_compare(students)
    return Outcome(passed=len(students) - wrong, failed=wrong)
