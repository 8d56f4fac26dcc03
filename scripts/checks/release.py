"""Proof that exercises/ is, byte for byte, what nbgrader generates from solutions/."""

import filecmp
import tempfile
from pathlib import Path

from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit
from scripts.release_exercises import assignments, release


def units() -> list[Unit]:
    """Return a unit for each assignment, and for each release of none."""
    released = {path.name for path in (ROOT / "exercises").iterdir() if path.is_dir()}
    names = sorted({*assignments(ROOT / "solutions"), *released})
    return [
        Unit(name, sources=(f"solutions/{name}/**/*", f"exercises/{name}/**/*"), seconds=4)
        for name in names
    ]


def prove(unit: Unit) -> Outcome:
    """Release one assignment and compare it with the committed release."""
    generated = Path(tempfile.mkdtemp()) / "exercises"
    if (ROOT / "solutions" / unit.name).is_dir():
        release(ROOT / "solutions", generated, ROOT / "nbgrader_config.py", [unit.name])
    lines = differences(ROOT / "exercises" / unit.name, generated / unit.name, unit.name)
    for line in lines:
        print(f"{line}; run make exercises, and edit solutions/ only")
    return Outcome(passed=int(not lines), failed=len(lines))


def differences(committed: Path, generated: Path, name: str) -> list[str]:
    """Return one line for each file that is missing, extra or different."""
    ours = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
    theirs = {path.relative_to(generated) for path in generated.rglob("*") if path.is_file()}
    lines = [f"exercises/{name}/{p}: is not generated from any solution" for p in ours - theirs]
    lines += [f"exercises/{name}/{path}: is missing" for path in theirs - ours]
    for path in ours & theirs:
        if not filecmp.cmp(committed / path, generated / path, shallow=False):
            lines.append(f"exercises/{name}/{path}: differs from what nbgrader generates")
    return sorted(lines)
