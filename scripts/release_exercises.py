"""Generate exercises/ from solutions/ with nbgrader. Run by `make exercises`."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.paths import ROOT


def release(solutions: Path, target: Path, config: Path, names: list[str] | None = None) -> None:
    """Write into `target` what nbgrader releases of each assignment in `solutions`, or of those named.

    Works in a temporary course folder, so that no gradebook and no log are left behind.
    Raises RuntimeError with nbgrader's own words where it refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        shutil.copy(config, course / "nbgrader_config.py")
        for assignment in assignments(solutions) if names is None else names:
            shutil.copytree(solutions / assignment, course / "solutions" / assignment)
            command = ["nbgrader", "generate_assignment", assignment, "--force", "--create"]
            done = subprocess.run(command, cwd=course, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"nbgrader did not release {assignment}:\n{done.stderr}")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(course / "exercises", target)


def assignments(solutions: Path) -> list[str]:
    """Return the names of the assignments: the folders in solutions/ that hold a notebook."""
    return sorted(path.parent.name for path in solutions.glob("*/*.ipynb"))


def main() -> int:
    """Release every assignment of the book, and of the small book on which checks are tried."""
    for book in (ROOT, ROOT / "tests" / "small"):
        release(book / "solutions", book / "exercises", ROOT / "nbgrader_config.py")
    print("exercises/ is what nbgrader generates from solutions/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
