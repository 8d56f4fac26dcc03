"""Train chapter 10's plain and residual networks to the end of a longer schedule, and record the curves.

The networks are the chapter's own: the cells that define them are executed. Each runs at every rate, with
five seeds, so that each side can be compared at its own best rate. The record is made in results/, and
shortened in cnnbook/recorded/, where the page finds it.

    python -m scripts.record_degradation
"""

import json
import time
from dataclasses import asdict
from itertools import product
from typing import Any

import torch

from cnnbook import __version__, data
from cnnbook.training import Recipe, evaluate, train
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

CELLS = ("imports", "conv", "block", "network")
RECIPE = Recipe(epochs=20, batch_size=64)
RATES, SEEDS = (0.02, 0.05, 0.1, 0.2), range(5)
SETTINGS = [
    {"skip": skip, "blocks": blocks, "rate": rate, "seed": seed}
    for blocks, skip, rate, seed in product((4, 20), (False, True), RATES, SEEDS)
]


def main() -> None:
    """Train and record."""
    torch.set_num_threads(1)
    start, network = time.perf_counter(), chapter_names()["network"]
    runs = [run(network, settings) for settings in SETTINGS]
    about = {
        "what": "chapter 10's networks on its 1,000 digits; validation: its validation part",
        "cnnbook": __version__,
        "recipe": asdict(RECIPE),
        "hardware": describe_hardware(),
        "seconds": round(time.perf_counter() - start),
    }
    write("results", about, runs, indent=1)
    write("cnnbook/recorded", about, [short(run) for run in runs], separators=(",", ":"))


def chapter_names() -> dict[str, Any]:
    """Return what the chapter's cells of `CELLS` define."""
    path = ROOT / "chapters" / "10_residual_networks.ipynb"
    cells = {cell["id"]: cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]}
    names: dict[str, Any] = {}
    for name in CELLS:
        exec("".join(cells[name]["source"]), names)
    return names


def run(network: Any, settings: dict) -> dict:
    """Train one network; return its settings, history, and accuracy on the validation part."""
    training_set, validation_set, _ = data.digit_parts()
    net = network(settings["blocks"], settings["seed"], skip=settings["skip"])
    recipe = Recipe(**asdict(RECIPE) | {k: settings[k] for k in ("rate", "seed")})
    history = train(net, training_set, recipe)
    print(settings, f"loss {history[-1]['loss']:.3f}", flush=True)
    accuracy = evaluate(net, validation_set)["accuracy"]
    return {"settings": settings, "history": history, "validation_accuracy": accuracy}


def short(run: dict) -> dict:
    """Return a run with its training loss as a curve, in four digits after the point."""
    loss = [round(entry["loss"], 4) for entry in run["history"]]
    return {
        "settings": run["settings"],
        "loss": loss,
        "validation_accuracy": round(run["validation_accuracy"], 4),
    }


def write(folder: str, about: dict, runs: list[dict], **form: Any) -> None:
    """Write the record into a folder of the project."""
    text = json.dumps(about | {"runs": runs}, **form)
    (ROOT / folder / "degradation.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
