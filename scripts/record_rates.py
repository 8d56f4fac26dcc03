"""Find the best rate of each side of a chapter's comparison, on pictures kept back from training.

The cells that make the networks and train them are those of the chapter itself. Each side is trained
three times at each rate, on the first 900 training pictures, and tried on the 300 others; the rate
with the best mean is its own. The record goes to results/ and cnnbook/recorded/.

    python -m scripts.record_rates
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean
from typing import Any

import torch

from cnnbook import __version__
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

SEEDS = range(3)
Names = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Which cells of which chapter make the sides, and the score of one of them.

    keep_back(names) moves the last 300 training pictures to where the chapter tests; it is given what
    the cells defined, as score(names, side, seed, rate) is.
    """

    chapter: str
    cells: tuple[str, ...]
    sides: tuple[str, ...]
    rates: tuple[float, ...]
    keep_back: Callable[[Names], None]
    score: Callable[[Names, str, int, float], float]

    def names(self) -> Names:
        """Return what the chapter's cells define, with the pictures kept back."""
        path = ROOT / "chapters" / f"{self.chapter}.ipynb"
        found = {c["id"]: c for c in json.loads(path.read_text(encoding="utf-8"))["cells"]}
        names: Names = {}
        for cell in self.cells:
            exec("".join(found[cell]["source"]), names)
        self.keep_back(names)
        return names


def _parts(names: Names) -> None:
    names["train_part"], names["test_part"] = names["train_part"].split((900, 300))


def _parts_anywhere(names: Names) -> None:
    _parts(names)
    names["test_set"] = names["anywhere"](names["test_part"], 98)


def _turned(names: Names, side: str, seed: int, rate: float) -> float:
    """Return the accuracy on digits as the side saw them in training."""
    upright, turned = names["accuracies"](side, seed, rate)
    return turned if side.startswith("turned") else upright


def _few(names: Names, side: str, seed: int, rate: float) -> float:
    """Return the mean of the accuracies with few and with many pictures."""
    return mean(names["accuracy_with"](count, side, seed, rate) for count in (75, 900))


COMPARISONS = {
    "turned digits": Comparison(
        "04_symmetry",
        (
            "imports",
            "noise",
            "figure",
            "rotation",
            "turned-sets",
            "turned-nets",
            "turned-plain",
            "turned-kinds",
            "turned-run",
            "norm-kinds",
        ),
        ("plain", "turned", "p4", "p4 + norm", "plain − norm"),
        (0.02, 0.05, 0.1, 0.2, 0.4),
        _parts,
        _turned,
    ),
    "few pictures": Comparison(
        "01_why_convolution",
        ("imports", "canvas", "local", "networks", "flat-make", "anywhere", "few-one"),
        ("dense", "convolutional", "dense head"),
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.4),
        _parts_anywhere,
        _few,
    ),
}


def main() -> None:
    """Sweep the comparisons that are named, or all; keep what the record says of the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=COMPARISONS)
    only = parser.parse_args().only
    target = ROOT / "results" / "rates.json"
    found = json.loads(target.read_text())["comparisons"] if target.exists() else {}
    for name in [only] if only else COMPARISONS:
        start = time.perf_counter()
        made = {"sides": sweep(COMPARISONS[name]), "cnnbook": __version__}
        found[name] = made | {"hardware": describe_hardware(), "seconds": passed(start)}
    about = {"what": "accuracies of seeds 0 to 2 on 300 pictures kept back, for each rate"}
    target.write_text(json.dumps(about | {"comparisons": found}, indent=1) + "\n")
    short = {name: best(made["sides"]) for name, made in found.items()}
    (ROOT / "cnnbook" / "recorded" / "rates.json").write_text(json.dumps(short) + "\n")


def sweep(comparison: Comparison) -> dict[str, dict[str, list[float]]]:
    """Return for each side and rate the score of each seed."""
    torch.set_num_threads(1)
    names = comparison.names()
    return {
        side: {str(r): scores(comparison, names, side, r) for r in comparison.rates}
        for side in comparison.sides
    }


def scores(comparison: Comparison, names: Names, side: str, rate: float) -> list[float]:
    """Return the score of each seed, and print them."""
    found = [round(comparison.score(names, side, seed, rate), 4) for seed in SEEDS]
    print(f"{side:16s}{rate:6}", found, flush=True)
    return found


def best(sides: dict[str, dict[str, Iterable[float]]]) -> dict[str, float]:
    """Return each side's rate with the best mean; the smallest of equals."""
    return {s: float(max(tried, key=lambda r: mean(tried[r]))) for s, tried in sides.items()}


def passed(start: float) -> int:
    """Return the seconds since then."""
    return round(time.perf_counter() - start)


if __name__ == "__main__":
    main()
