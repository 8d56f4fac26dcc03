"""The checks, in the order of their table.

A check is not listed before those in `after` have ended: it looks at what they made.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """Where a check is, and what must have ended before its units can be listed.

    sees_memory: its `units` takes the memory of passes, to find what others made.
    proved_by: another check with the same units, whose pass is more than a pass of this.
    has_kernels: it runs notebooks, for which kernels are forked.
    """

    module: str
    after: tuple[str, ...] = ()
    sees_memory: bool = False
    proved_by: str = ""
    has_kernels: bool = False


CHECKS = {
    "lint": Check("scripts.checks.lint"),
    "unit": Check("scripts.checks.unit_tests"),
    "chapters": Check("scripts.checks.chapters", has_kernels=True),
    "solutions": Check("scripts.checks.solutions", has_kernels=True),
    "release": Check("scripts.checks.release"),
    "validate": Check("scripts.checks.validate", has_kernels=True),
    "grading": Check("scripts.checks.grading_tests"),
    "misconceptions": Check("scripts.checks.misconceptions"),
    "mutants": Check("scripts.checks.mutants"),
    "class": Check("scripts.checks.class_by_nbgrader", has_kernels=True),
    "book": Check("scripts.checks.book", after=("chapters", "outputs"), sees_memory=True),
    "pages": Check("scripts.checks.pages", after=("book",)),
    "browser": Check("scripts.checks.browser", after=("book",)),
    "can-fail": Check("scripts.checks.can_fail"),
}
# The chapters' outputs, where only the book is wanted.
OUTPUTS = Check("scripts.checks.outputs", proved_by="chapters", has_kernels=True)
