"""The rendered book, warnings as errors."""

import hashlib
from pathlib import Path

from scripts import build_book
from scripts.checks import chapters
from scripts.paths import HTML
from scripts.proof.memory import Memory
from scripts.proof.unit import Outcome, Unit


def units(memory: Memory) -> list[Unit]:
    """Return the book: what the chapters printed, and what stands in _build/html."""
    return [Unit("html", {"outputs": executed(memory), "html": stamp()}, seconds=40)]


def executed(memory: Memory) -> dict[str, str]:
    """Return the file with the outputs of each chapter that was executed as it is now."""
    found = {}
    for unit in chapters.units():
        for check in ("chapters", "outputs"):
            if (held := memory.recall(check, unit)) and held.artifact:
                found[unit.name] = str(held.artifact)
                break
    return found


def stamp(folder: Path = HTML) -> str:
    """Return what changes when a built file does: names, sizes and times."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{path} {(stat := path.stat()).st_size} {stat.st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def prove(unit: Unit) -> Outcome:
    """Build it."""
    ok = build_book.render({n: Path(path) for n, path in unit.payload["outputs"].items()})
    made = {**unit.payload, "html": stamp()}
    return Outcome(passed=int(ok), failed=int(not ok), made=made if ok else None)
