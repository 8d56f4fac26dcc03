"""Prove that exercises/ is, byte for byte, what nbgrader generates from solutions/."""

import filecmp
import sys
import tempfile
from pathlib import Path

from scripts.paths import ROOT
from scripts.release_exercises import release


def differences(committed: Path, generated: Path) -> list[str]:
    """Return one line for each file that is missing, extra or different."""
    ours = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
    theirs = {path.relative_to(generated) for path in generated.rglob("*") if path.is_file()}
    lines = [f"exercises/{path}: is not generated from any solution" for path in ours - theirs]
    lines += [f"exercises/{path}: is missing" for path in theirs - ours]
    for path in ours & theirs:
        if not filecmp.cmp(committed / path, generated / path, shallow=False):
            lines.append(f"exercises/{path}: differs from what nbgrader generates")
    return sorted(lines)


def main() -> int:
    """Compare, and say what to do where they differ."""
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "exercises"
        release(ROOT / "solutions", generated, ROOT / "nbgrader_config.py")
        lines = differences(ROOT / "exercises", generated)
    for line in lines:
        print(f"{line}; run make exercises, and edit solutions/ only")
    print(f"release check: {len(lines)} differences")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
