"""What must hold before a change lands: one module for each check.

Each has `units()`, the list of what it proves one by one, and `prove(unit)`, which runs in a process of
its own. A check is not listed before those in `after` have ended: it looks at what they made.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """Where a check is, and what must have ended before its units can be listed.

    sees_memory: its `units` takes the memory of passes, to find what others made.
    proved_by: another check with the same units, whose pass is more than a pass of this.
    """

    module: str
    after: tuple[str, ...] = ()
    sees_memory: bool = False
    proved_by: str = ""


CHECKS = {
    "lint": Check("scripts.checks.lint"),
    "unit": Check("scripts.checks.unit_tests"),
    "chapters": Check("scripts.checks.chapters"),
    "solutions": Check("scripts.checks.solutions"),
    "release": Check("scripts.checks.release"),
    "validate": Check("scripts.checks.validate"),
    "grading": Check("scripts.checks.grading_tests"),
    "misconceptions": Check("scripts.checks.misconceptions"),
    "mutants": Check("scripts.checks.mutants"),
    "class": Check("scripts.checks.class_by_nbgrader"),
    "book": Check("scripts.checks.book", after=("chapters", "outputs"), sees_memory=True),
    "pages": Check("scripts.checks.pages", after=("book",)),
    "browser": Check("scripts.checks.browser", after=("book",)),
    "can-fail": Check("scripts.checks.can_fail"),
}
OUTPUTS = Check(
    "scripts.checks.outputs", proved_by="chapters"
)  # of the chapters, where only the book is wanted
