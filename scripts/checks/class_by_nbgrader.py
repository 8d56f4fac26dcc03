"""A small class, graded by nbgrader's own commands: every score is the deserved one."""

from scripts import grade_demo
from scripts.proof.unit import Outcome, Unit

PARTS = 2  # of the class, each in a course folder of its own


def units() -> list[Unit]:
    """Return the parts of the class."""
    return [Unit(f"{grade_demo.ASSIGNMENT}, part {n + 1}", n, seconds=30) for n in range(PARTS)]


def prove(unit: Unit) -> Outcome:
    """Grade a part of the class and compare."""
    students = dict(list(grade_demo.the_class().items())[unit.payload :: PARTS])
    wrong = grade_demo.grade_and_compare(students)
    return Outcome(passed=len(students) - wrong, failed=wrong)
