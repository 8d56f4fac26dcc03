"""Time strict nbval and a cold build of the book, with kernels as usual and forked. `make bench-book`.

The book shows what nbval executed; a build that executes the chapters itself is timed too. The pages
and pictures of all three builds must be the same.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from scripts.hardware import describe_hardware
from scripts.paths import BUILD, HTML, ROOT, chapters, solutions

PROOFS = BUILD / "bench-proofs"
MEASURED = "03_algorithms"  # this chapter shows times, which differ from run to run
BUILD_BOOK = [sys.executable, "-m", "scripts.build_book"]
NBVAL = [sys.executable, "-m", "scripts.run_checks", "chapters", "solutions"]


def seconds_of(command: list[str], cold_kernels: bool) -> tuple[float, str]:
    """Run a command; return its seconds, and its last words where it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "CNNBOOK_COLD_KERNELS"}
    environment["CNNBOOK_PROOFS"] = str(PROOFS)
    if cold_kernels:
        environment["CNNBOOK_COLD_KERNELS"] = "1"
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    return seconds, done.stdout[-1500:] + done.stderr[-1500:] if done.returncode else ""


def forget() -> None:
    """Remove the book and all outputs that are kept for it."""
    for folder in (
        BUILD / ".jupyter_cache",
        BUILD / ".doctrees",
        BUILD / "jupyter_execute",
        HTML,
        PROOFS,
    ):
        shutil.rmtree(folder, ignore_errors=True)


def pages_and_pictures() -> dict[str, bytes]:
    """Return each page and picture of the book, by name."""
    files = [*HTML.rglob("*.html"), *(HTML / "_images").glob("*")]
    of_times = (HTML / "chapters" / f"{MEASURED}.html").read_text(encoding="utf-8")
    kept = [path for path in files if MEASURED not in path.name and path.name not in of_times]
    return {path.relative_to(HTML).as_posix(): comparable(path) for path in kept}


def comparable(path: Path) -> bytes:
    """Return a file without the times that a build writes into it."""
    if path.suffix != ".html":
        return path.read_bytes()
    return re.sub(rb"\d+(\.\d+)? ?(s|ms|seconds)\b", b"", path.read_bytes())


def main() -> int:
    """Measure by turns, compare the outputs, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {}
    pages: dict[str, dict[str, bytes]] = {}
    failed: list[str] = []

    def measure(name: str, command: list[str]) -> None:
        seconds, words = seconds_of(command, cold_kernels=name.startswith("usual"))
        times.setdefault(name, []).append(seconds)
        print(f"{name:20s} {seconds:6.0f} s {words}", flush=True)
        failed.extend([name] if words else [])

    for _ in range(rounds):
        for kernels in ("usual", "forked"):
            forget()
            measure(f"{kernels} nbval", NBVAL)
            measure(f"{kernels} book", BUILD_BOOK)
            pages[kernels] = pages_and_pictures()
        forget()
        measure("forked book alone", BUILD_BOOK)
        pages["alone"] = pages_and_pictures()
    best = {name: round(min(seconds), 3) for name, seconds in times.items()}
    usual = best["usual nbval"] + best["usual book"]
    names = sorted(set().union(*pages.values()))
    differing = [n for n in names if len({built.get(n) for built in pages.values()}) > 1]
    result = {
        "notebooks": len(chapters()) + len(solutions()),
        **{f"{name}, seconds": seconds for name, seconds in best.items()},
        "ratio": round((best["forked nbval"] + best["forked book"]) / usual, 3),
        "pages and pictures": len(pages["usual"]),
        "differing": differing,
        "failed": failed,
    }
    for key, value in result.items():
        print(f"{key:40s} {value}")
    record = {"hardware": describe_hardware(), "rounds": rounds, "result": result}
    (ROOT / "results" / "book.json").write_text(json.dumps(record, indent=1) + "\n")
    return int(bool(differing or failed))


if __name__ == "__main__":
    sys.exit(main())
