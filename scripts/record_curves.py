"""Train the small CNN on CIFAR-10 pictures in many ways, and record the curves.

The folder holds train/<class>/*.jpg and test/<class>/*.jpg. Two records are made in results/, and
shortened in cnnbook/recorded/, where the book's pages find them:

- augmentation: 5,000 pictures, with and without random crops and flips, three seeds;
- clinic: every combination of a few rates, sizes and amounts of data, one seed, for the curve clinic.

    python -m scripts.record_curves PATH
"""

import argparse
import itertools
import json
import time
from dataclasses import asdict
from pathlib import Path

from cnnbook import __version__
from cnnbook.data import image_folder
from cnnbook.recorded import Laboratory, curves
from cnnbook.training import Recipe
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

CLINIC = {
    "rate": (0.001, 0.05, 1.0),
    "pictures": (500, 3000),
    "augmentation": (False, True),
    "width": (4, 32),
}
EXPERIMENTS = {
    "augmentation_cifar10": (
        Recipe(epochs=30, batch_size=64),
        [
            {"pictures": 5000, "augmentation": on, "rate": 0.05, "seed": seed}
            for on in (False, True)
            for seed in range(3)
        ],
    ),
    "clinic_cifar10": (
        Recipe(epochs=30, batch_size=32),
        [
            dict(zip(CLINIC, values, strict=True)) | {"seed": 0, "norm": False}
            for values in itertools.product(*CLINIC.values())
        ],
    ),
}


def main() -> None:
    """Train and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=EXPERIMENTS)
    options = parser.parse_args()
    parts = [image_folder(options.folder / part, size=32) for part in ("train", "test")]
    laboratory = Laboratory(*parts)
    for name, (recipe, settings) in EXPERIMENTS.items():
        if options.only in (None, name):
            start = time.perf_counter()
            runs = [laboratory.run(chosen, recipe) for chosen in settings]
            record(name, recipe, runs, time.perf_counter() - start)


def record(name: str, recipe: Recipe, runs: list[dict], seconds: float) -> None:
    """Write a record to results/, and its curves to cnnbook/recorded/."""
    about = {
        "what": "small_cnn on CIFAR-10 re-encoded as JPEG; validation: 2,000 pictures of the training set",
        "cnnbook": __version__,
        "recipe": asdict(recipe),
        "hardware": describe_hardware(),
        "seconds": round(seconds),
    }
    curved = [curves(run) for run in runs]
    for run in runs:  # JSON knows no NaN
        run["history"] = [{k: v if v == v else None for k, v in e.items()} for e in run["history"]]
    whole = json.dumps(about | {"runs": runs}, indent=1)
    (ROOT / "results" / f"{name}.json").write_text(whole + "\n")
    short = json.dumps(about | {"runs": curved}, separators=(",", ":"))
    (ROOT / "cnnbook" / "recorded" / f"{name}.json").write_text(short + "\n")
    print(f"{name}: {len(runs)} runs in {seconds:.0f} s")


if __name__ == "__main__":
    main()
