"""`nbgrader validate` must pass every solution and fail every release."""

import subprocess
import sys
from pathlib import Path

from scripts.paths import ROOT, exercises, solutions

PASSES = "Success! Your notebook passes all the tests."
FAILS = "VALIDATION FAILED"


def validate(notebook: Path) -> str:
    """Return what nbgrader says about a notebook."""
    command = ["nbgrader", "validate", str(notebook.relative_to(ROOT))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout + done.stderr


def main() -> int:
    """Validate all, and print what is not as it must be."""
    problems = []
    for notebooks, wanted in ((solutions(), PASSES), (exercises(), FAILS)):
        for notebook in notebooks:
            words = validate(notebook)
            if wanted not in words:
                problems.append(f"{notebook.relative_to(ROOT)}: expected {wanted!r}, got\n{words}")
    for problem in problems:
        print(problem)
    count = len(solutions()) + len(exercises())
    print(f"nbgrader validate: {count} notebooks, {len(problems)} not as they must be")
    return int(bool(problems) or count == 0)


if __name__ == "__main__":
    sys.exit(main())
