"""Learn four small tasks from few labels, from scratch and from the weights that are shipped.

First each method gets the one rate that is best on average over the parts of three tasks that are kept
for choosing. Then, for each task, number of labels and draw: accuracy, mean confidence and calibration
error on other pictures of the task. Two doubts have runs of their own: fine-tuning from characters at a
rate chosen for them, and the outlines learned from scratch for many more steps. The record goes to
results/ and cnnbook/recorded/. An interrupted run goes on where it was.

    python -m scripts.record_transfer
"""

import argparse
import json
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import product
from multiprocessing import get_context
from statistics import mean
from typing import Any

import torch

from cnnbook import __version__, few_labels, weights
from cnnbook.few_labels import Tuning
from scripts.hardware import describe_hardware
from scripts.paths import ROOT
from scripts.pretrain import Bfloat16

TARGET = ROOT / "results" / "transfer.json"
COUNTS, DRAWS = (1, 5, 10, 50), range(5)
STARTS = {  # which weights are tried on which task
    "faces": ("cifar10",), "textures": ("cifar10",), "digits": ("cifar10", "omniglot"),
    "shapes": ("cifar10",),
}  # fmt: skip
METHODS = {
    "from scratch": Tuning(steps=60),
    "fine-tuned": Tuning(steps=40),
    "probe, then fine-tuned": Tuning(steps=40),
}
RATES = (0.01, 0.02, 0.05, 0.1)
VARIED = ("textures", "digits")
VARIANTS: dict[str, dict[str, float]] = {  # of fine-tuning, with ten labels a class, on these two
    "rates fall by 0.9": {"decay": 0.9},
    "rates fall by 0.7": {"decay": 0.7},
    "label smoothing 0.1": {"smoothing": 0.1},
    "mixup 0.2": {"mixup": 0.2},
}
LONG = {  # steps and rates, on the outlines, with 50 labels a class
    "from scratch": (2000, (0.01, 0.02, 0.05)),
    "fine-tuned": (500, (0.02, 0.05, 0.1)),
}


def choices() -> list[dict]:
    """Return every run that the rates are chosen by."""
    return [
        {"task": task, "weights": "cifar10", "labels": labels, "draw": draw, "method": method}
        | {"rate": rate, "choosing": True}
        for method, rate in product(METHODS, RATES)
        for task, labels, draw in product(("textures", "digits", "shapes"), (1, 10), range(3))
    ]


def own_rate_choices() -> list[dict]:
    """Return the runs by which fine-tuning from characters gets its own rate."""
    chosen = {"task": "digits", "weights": "omniglot", "labels": 10, "method": "fine-tuned"}
    return [
        chosen | {"draw": draw, "rate": rate, "choosing": True}
        for rate, draw in product((0.002, 0.005, *RATES), range(3))
    ]


def own_rate_reports(rate: float) -> list[dict]:
    """Return fine-tuning from characters at that rate."""
    chosen = {"task": "digits", "weights": "omniglot", "method": "fine-tuned", "rate": rate}
    return [chosen | {"labels": n, "draw": draw} for n, draw in product(COUNTS, DRAWS)]


def long_choices() -> list[dict]:
    """Return the long runs that their rates are chosen by; the part to choose on has 40 a class."""
    chosen = {"task": "shapes", "weights": "cifar10", "labels": 40, "draw": 0, "choosing": True}
    return [
        chosen | {"method": method, "steps": steps, "rate": rate}
        for method, (steps, rates) in LONG.items()
        for rate in rates
    ]


def long_reports(rate: float) -> list[dict]:
    """Return the long runs to report, which are those from scratch."""
    steps, _ = LONG["from scratch"]
    chosen = {"task": "shapes", "weights": "cifar10", "labels": 50, "method": "from scratch"}
    return [chosen | {"draw": draw, "steps": steps, "rate": rate} for draw in DRAWS]


def accuracy_at_rates(runs: list[dict]) -> dict[str, dict[float, float]]:
    """Return each method's mean accuracy at each rate."""
    accuracies: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        settings = run["settings"]
        accuracies[settings["method"]][settings["rate"]].append(run["accuracy"])
    return {m: {r: mean(a) for r, a in at.items()} for m, at in accuracies.items()}


def best_rates(at_rates: dict[str, dict[float, float]]) -> dict[str, float]:
    """Return each method's rate with the highest mean accuracy."""
    return {method: max(at, key=at.__getitem__) for method, at in at_rates.items()}


def reports(rates: dict[str, float]) -> list[dict]:
    """Return every run to report: task, weights, labels a class, draw, method, the method's rate."""
    listed = []
    for task, starts in STARTS.items():
        for (number, start), labels in product(enumerate(starts), COUNTS):
            methods: dict[str, dict[str, float]] = {"linear probe": {}} | {
                m: {"rate": rate} for m, rate in rates.items()
            }
            if number:
                del methods["from scratch"]  # it does not depend on the weights
            elif labels == 10 and task in VARIED:
                methods |= {m: {"rate": rates["fine-tuned"]} for m in VARIANTS}
            listed += [
                {"task": task, "weights": start, "labels": labels, "draw": draw, "method": m} | rate
                for m, rate in methods.items()
                for draw in DRAWS
            ]
    return listed


def run(
    task: str,
    weights_name: str,
    labels: int,
    draw: int,
    method: str,
    rate: float = 0.0,
    choosing: bool = False,
    steps: int = 0,
) -> dict:
    """Return what one run reached; with `steps`, also how often it is right on what it learned from."""
    pictures = few_labels.target(task, choosing=choosing)
    few, rest = few_labels.draw(few_labels.prepared(weights_name, pictures), labels, draw)
    torch.manual_seed(draw)
    scratch = method == "from scratch"
    network = weights.build(weights_name) if scratch else weights.pretrained(weights_name)
    few_labels.replace_head(network, len(few.classes))
    if method in ("linear probe", "probe, then fine-tuned"):
        few_labels.probe(network, few)
    if method != "linear probe":
        changes: dict[str, Any] = {"rate": rate, "flips": task != "digits"} | VARIANTS.get(
            method, {}
        )
        tuning = replace(METHODS.get(method, METHODS["fine-tuned"]), **changes)
        tuning = replace(tuning, steps=steps or tuning.steps)
        few_labels.tune(Bfloat16(network), few, tuning, seed=draw)
    reached = few_labels.measured(few_labels.scores(network, rest), rest.labels)
    if steps:
        fitted = few_labels.measured(few_labels.scores(network, few), few.labels)
        reached["training_accuracy"] = fitted["accuracy"]
    return reached


def timed(chosen: dict) -> dict:
    """Return a run with its settings and seconds."""
    torch.set_num_threads(1)
    start, values = time.perf_counter(), dict(chosen)
    result = run(values.pop("task"), values.pop("weights"), **values)
    return {"settings": chosen, **result, "seconds": round(time.perf_counter() - start, 1)}


def main() -> None:
    """Run all that is not in the record yet, and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    before = json.loads(TARGET.read_text()) if TARGET.exists() else {}
    here = describe_hardware() | {"threads": 1}
    record: dict[str, Any] = {
        "what": "small tasks learned from few labels; intervals come from five draws of labels",
        "cnnbook": __version__,
        "hardware": before.get("hardware", here),
        "hardware_of_later_runs": here,
        "precision": "bfloat16 while tuning, float32 when measured",
        "methods": {name: asdict(tuning) for name, tuning in METHODS.items()},
        "variants": VARIANTS,
    }
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:

        def add_to(part: str, wanted: list[dict]) -> list[dict]:
            record[part] = [r for r in before.get(part, ()) if r["settings"] in wanted]
            done = [r["settings"] for r in record[part]]
            for result in pool.map(timed, [s for s in wanted if s not in done]):
                record[part].append(result)
                TARGET.write_text(json.dumps(record, indent=1) + "\n")
            return record[part]

        at_rates = accuracy_at_rates(add_to("choices", choices()))
        add_to("runs", reports(best_rates(at_rates)))
        own = accuracy_at_rates(add_to("own_rate_choices", own_rate_choices()))
        add_to("own_rate", own_rate_reports(best_rates(own)["fine-tuned"]))
        long = accuracy_at_rates(add_to("long_choices", long_choices()))
        add_to("long", long_reports(best_rates(long)["from scratch"]))
    short = {key: value for key, value in record.items() if not key.endswith("choices")}
    short |= {"accuracy_at_rates": at_rates, "own_rate_at_rates": own, "long_at_rates": long}
    text = json.dumps(short, separators=(",", ":"))
    (ROOT / "cnnbook" / "recorded" / "transfer.json").write_text(text + "\n")
    print({part: len(record[part]) for part in ("runs", "own_rate", "long")}, "runs")


if __name__ == "__main__":
    main()
