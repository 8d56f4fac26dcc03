"""Learn four small tasks from few labels, from scratch and from the weights that are shipped.

For each task, number of labels and draw: accuracy, mean confidence and calibration error on other
pictures of the task. The rates were chosen among 0.01, 0.02 and 0.05 on draws 100 to 102 of digits and
textures. The record goes to results/ and cnnbook/recorded/. An interrupted run goes on
where it was.

    python -m scripts.record_transfer
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context

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
TUNINGS = {
    "from scratch": Tuning(rate=0.05, steps=60),
    "fine-tuned": Tuning(rate=0.05, steps=40),
    "probe, then fine-tuned": Tuning(rate=0.02, steps=40),
}
VARIED = ("textures", "digits")
VARIANTS = {  # of fine-tuning, with ten labels a class, on these two
    "rates fall by 0.9": {"decay": 0.9},
    "rates fall by 0.7": {"decay": 0.7},
    "label smoothing 0.1": {"smoothing": 0.1},
    "mixup 0.2": {"mixup": 0.2},
}


def settings() -> list[dict]:
    """Return every run: task, weights, labels a class, draw, method."""
    listed = []
    for task, starts in STARTS.items():
        for number, start in enumerate(starts):
            methods = ["linear probe", *TUNINGS]
            if number:
                methods.remove("from scratch")  # it does not depend on the weights
            for labels in COUNTS:
                chosen = methods + (
                    list(VARIANTS) if labels == 10 and task in VARIED and number == 0 else []
                )
                listed += [
                    {"task": task, "weights": start, "labels": labels, "draw": draw, "method": m}
                    for m in chosen
                    for draw in DRAWS
                ]
    return listed


def run(task: str, weights_name: str, labels: int, draw: int, method: str) -> dict:
    """Return what one run reached."""
    pictures = few_labels.prepared(weights_name, few_labels.target(task))
    few, rest = few_labels.draw(pictures, labels, draw)
    torch.manual_seed(draw)
    scratch = method == "from scratch"
    network = weights.build(weights_name) if scratch else weights.pretrained(weights_name)
    few_labels.replace_head(network, len(few.classes))
    if method in ("linear probe", "probe, then fine-tuned"):
        few_labels.probe(network, few)
    if method != "linear probe":
        base = TUNINGS.get(method, TUNINGS["fine-tuned"])
        tuning = replace(base, flips=task != "digits", **VARIANTS.get(method, {}))
        few_labels.tune(Bfloat16(network), few, tuning, seed=draw)
    return few_labels.measured(few_labels.scores(network, rest), rest.labels)


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
    runs = json.loads(TARGET.read_text())["runs"] if TARGET.exists() else []
    done = {json.dumps(r["settings"], sort_keys=True) for r in runs}
    left = [s for s in settings() if json.dumps(s, sort_keys=True) not in done]
    about = {
        "what": "small tasks learned from few labels; intervals come from five draws of labels",
        "cnnbook": __version__,
        "hardware": describe_hardware() | {"threads": 1},
        "precision": "bfloat16 while tuning, float32 when measured",
        "tunings": {name: asdict(tuning) for name, tuning in TUNINGS.items()},
        "variants": VARIANTS,
    }
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        for result in pool.map(timed, left):
            runs.append(result)
            TARGET.write_text(json.dumps(about | {"runs": runs}, indent=1) + "\n")
    short = json.dumps(about | {"runs": runs}, separators=(",", ":"))
    (ROOT / "cnnbook" / "recorded" / "transfer.json").write_text(short + "\n")
    print(f"{len(runs)} runs in {sum(r['seconds'] for r in runs):.0f} s")


if __name__ == "__main__":
    main()
