"""Train a small network with and without normalisation on the digits, and record the accuracies.

It is chapter 7's network of six layers, with a cosine schedule, at six rates and five seeds:

- `BN`, `GN` and `none` for three passes, and `GN` for twelve;
- `BN, all pictures`: three passes of the same batches, but in every step the means and variances are
  those of all thousand pictures, so that no neighbour brings noise.

    python -m scripts.record_norm
"""

import json
import time

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook import __version__, data, training
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SEEDS = range(5)
NORMS = {
    "BN": nn.BatchNorm2d,
    "BN, all pictures": nn.BatchNorm2d,
    "GN": lambda width: nn.GroupNorm(4, width),
    "none": None,
}
EXPERIMENTS = [("BN", 3), ("BN, all pictures", 3), ("GN", 3), ("GN", 12), ("none", 3)]


def network(norm, depth: int = 6, width: int = 16) -> nn.Sequential:
    """Return a classifier of (N, 1, 8, 8) digits; `norm` makes a layer of so many channels, or is None."""
    layers: list[nn.Module] = []
    channels = 1
    for _ in range(depth):
        conv = nn.Conv2d(channels, width, 3, padding=1)
        nn.init.kaiming_normal_(conv.weight)
        layers += [conv, *([norm(width)] if norm else []), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def train_without_noise(model: nn.Module, pictures, recipe: training.Recipe) -> None:
    """Train as `training.train` does, on its batches, with the statistics of all pictures."""
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.rate,
        momentum=recipe.momentum,
        nesterov=True,
        weight_decay=recipe.weight_decay,
    )
    for epoch in range(recipe.epochs):
        torch.manual_seed(1_000_003 * recipe.seed + epoch)
        batches = torch.randperm(len(pictures)).split(recipe.batch_size)
        for step, batch in enumerate(batches):
            share = training.schedule(epoch + step / len(batches), recipe)
            optimizer.param_groups[0]["lr"] = recipe.rate * share
            optimizer.zero_grad()
            logits = model(pictures.images)[batch]
            F.cross_entropy(logits, pictures.labels[batch]).backward()
            optimizer.step()


def run(name: str, epochs: int, rate: float, seed: int) -> dict:
    """Train once; return the settings and the validation accuracy."""
    pictures, validation, _ = data.digit_parts()
    torch.manual_seed(seed)
    model = network(NORMS[name])
    recipe = training.Recipe(epochs, 32, rate, seed=seed)
    train = train_without_noise if name == "BN, all pictures" else training.train
    train(model, pictures, recipe)
    settings = {"norm": name, "epochs": epochs, "rate": rate, "seed": seed}
    right = training.evaluate(model, validation)["accuracy"]
    return {"settings": settings, "validation_accuracy": round(right, 4)}


def main() -> None:
    """Train all and write the record to results/ and to cnnbook/recorded/."""
    torch.set_num_threads(1)
    start, runs = time.perf_counter(), []
    for name, epochs in EXPERIMENTS:
        runs += [run(name, epochs, rate, seed) for rate in RATES for seed in SEEDS]
        print(f"{name}, {epochs} passes: {time.perf_counter() - start:.0f} s", flush=True)
    about = {
        "what": "six layers of 16 channels on 1,000 8×8 digits, batches of 32, cosine; 598 to validate on",
        "cnnbook": __version__,
        "hardware": describe_hardware(),
        "seconds": round(time.perf_counter() - start),
    }
    whole = json.dumps(about | {"runs": runs}, indent=1, ensure_ascii=False)
    for folder in (ROOT / "results", ROOT / "cnnbook" / "recorded"):
        (folder / "norm_digits.json").write_text(whole + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
