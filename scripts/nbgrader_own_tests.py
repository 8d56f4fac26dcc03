"""Run nbgrader's own tests, from the installed package, against this course's settings.

`make test-nbgrader`. The settings are those of nbgrader_config.py without the folders' names, which
these tests choose themselves; they reach nbgrader through JUPYTER_CONFIG_PATH.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbgrader

from scripts.paths import ROOT

TESTS = (
    "preprocessors/test_overwritecells.py",
    "preprocessors/test_saveautogrades.py",
    "preprocessors/test_savecells.py",
    "preprocessors/test_computechecksums.py",
    "apps/test_nbgrader_autograde.py",
    "apps/test_nbgrader_zip_collect.py",
)


def main() -> int:
    """Run the tests and return pytest's exit code."""
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    settings = re.sub(
        r"^c\.CourseDirectory\.(source|release)_directory.*\n", "", settings, flags=re.M
    )
    folder = Path(nbgrader.__file__).parent / "tests"
    with tempfile.TemporaryDirectory() as config:
        (Path(config) / "nbgrader_config.py").write_text(settings, encoding="utf-8")
        environment = {**os.environ, "JUPYTER_CONFIG_PATH": config, "PYTHONWARNINGS": "ignore"}
        command = [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "auto", "-rs",
            "--disable-warnings", "--confcutdir", str(folder), *sys.argv[1:],
        ]  # fmt: skip
        done = subprocess.run(
            [*command, *(str(folder / test) for test in TESTS)], cwd=folder, env=environment
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
