"""`nbgrader validate` must pass every solution and fail every release."""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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
    """Validate all, or the notebooks that are named, and print what is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all, when none is named")
    known = {**dict.fromkeys(solutions(), PASSES), **dict.fromkeys(exercises(), FAILS)}
    notebooks = [path.resolve() for path in parser.parse_args().notebooks] or list(known)
    if strangers := [str(path) for path in notebooks if path not in known]:
        parser.error(f"neither a solution nor a release: {', '.join(strangers)}")
    problems = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for notebook, words in zip(notebooks, pool.map(validate, notebooks), strict=True):
            if known[notebook] not in words:
                name = notebook.relative_to(ROOT)
                problems.append(f"{name}: expected {known[notebook]!r}, got\n{words}")
    for problem in problems:
        print(problem)
    print(f"nbgrader validate: {len(notebooks)} notebooks, {len(problems)} not as they must be")
    return int(bool(problems) or not notebooks)


if __name__ == "__main__":
    sys.exit(main())
