"""Time a cold build of the book and strict nbval, with kernels as usual and forked. `make bench-book`.

The pages and pictures of both builds must be the same.
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
from scripts.paths import BUILD, HTML, ROOT

MEASURED = "03_algorithms"  # this chapter shows times, which differ from run to run
BUILD_BOOK = [sys.executable, "-m", "scripts.build_book"]
NBVAL = [sys.executable, "-m", "scripts.run_checks", "chapters", "solutions"]


def seconds_of(command: list[str], cold_kernels: bool) -> float:
    """Run a command and return its seconds. Raises RuntimeError with its words where it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "CNNBOOK_COLD_KERNELS"}
    if cold_kernels:
        environment["CNNBOOK_COLD_KERNELS"] = "1"
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - start


def built(cold_kernels: bool) -> tuple[float, dict[str, bytes]]:
    """Build the book from nothing; return the seconds, and each page and picture."""
    for folder in (BUILD / ".jupyter_cache", BUILD / ".doctrees", BUILD / "jupyter_execute", HTML):
        shutil.rmtree(folder, ignore_errors=True)
    seconds = seconds_of(BUILD_BOOK, cold_kernels)
    files = [*HTML.rglob("*.html"), *(HTML / "_images").glob("*")]
    of_times = (HTML / "chapters" / f"{MEASURED}.html").read_text(encoding="utf-8")
    kept = [path for path in files if MEASURED not in path.name and path.name not in of_times]
    return seconds, {path.relative_to(HTML).as_posix(): comparable(path) for path in kept}


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
    book, nbval, pages = {True: [], False: []}, {True: [], False: []}, {}
    for _ in range(rounds):
        for cold in (True, False):
            seconds, pages[cold] = built(cold)
            book[cold].append(seconds)
            nbval[cold].append(seconds_of(NBVAL, cold))
    differing = sorted(
        name for name in pages[True].keys() | pages[False].keys()
        if pages[True].get(name) != pages[False].get(name)
    )  # fmt: skip
    result = {
        "notebooks": len(
            list(ROOT.glob("chapters/*.ipynb")) + list(ROOT.glob("solutions/*/*.ipynb"))
        ),
        "book, kernels as usual": min(book[True]),
        "book, forked kernels": min(book[False]),
        "nbval, kernels as usual": min(nbval[True]),
        "nbval, forked kernels": min(nbval[False]),
        "ratio": (min(book[False]) + min(nbval[False])) / (min(book[True]) + min(nbval[True])),
        "pages and pictures": len(pages[True]),
        "differing": differing,
    }
    for key, value in result.items():
        print(f"{key:30s} {value}")
    record = {"hardware": describe_hardware(), "rounds": rounds, "result": result}
    (ROOT / "results" / "book.json").write_text(json.dumps(record, indent=1) + "\n")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
