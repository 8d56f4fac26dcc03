"""Trainings that take longer than a page may: recorded curves, and the code that made them.

`scripts/record_curves.py` makes the records; in full they lie in the project's `results/`.
"""

import json
from dataclasses import asdict
from importlib.resources import files

import torch

from cnnbook.augment import random_crop, random_flip
from cnnbook.data import LabelledImages
from cnnbook.models.small import small_cnn
from cnnbook.runtime import device
from cnnbook.training import Recipe, evaluate, train

__all__ = [
    "RECORDS",
    "Laboratory",
    "about",
    "degradation",
    "norm_digits",
    "normalised",
    "rates",
    "runs",
    "timm_tags",
    "transfer",
]

RECORDS = ("augmentation_cifar10", "clinic_cifar10")
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # of CIFAR-10's training set
VALIDATION = slice(40_000, 42_000)  # of the training set, in random order


def runs(name: str) -> list[dict]:
    """Return the recorded runs, one dictionary each.

    It holds `settings`, `test_accuracy`, and the curves `loss`, `accuracy`, `validation_loss` and
    `validation_accuracy`, one number for each epoch, None for what is not a number.
    """
    return _read(name)["runs"]


def about(name: str) -> dict:
    """Return what the record says of itself: data, recipe, hardware, version."""
    return {key: value for key, value in _read(name).items() if key != "runs"}


class Laboratory:
    """CIFAR-10, split once: the first of a random order for training, 2,000 others for validation.

    `training` and `test` are its pictures as `cnnbook.online_data.cifar10` returns them.
    """

    def __init__(self, training: LabelledImages, test: LabelledImages):
        self._training, self._test = training, normalised(test)
        seed = torch.Generator().manual_seed(0)
        self._order = torch.randperm(len(training), generator=seed)

    def run(self, settings: dict, recipe: Recipe) -> dict:
        """Train the small CNN as `settings` say; return them, the history, and the test accuracy.

        `pictures` is how many to train on, `augmentation` whether they are cropped and flipped at
        random, `rate` and `seed` are the recipe's; the rest goes to the network.
        """
        network = dict(settings)
        pictures, augmentation = network.pop("pictures"), network.pop("augmentation")
        changed = {name: network.pop(name) for name in ("rate", "seed")}
        recipe = Recipe(**asdict(recipe) | changed)
        torch.manual_seed(recipe.seed)
        model = small_cnn(**network).to(device())
        history = train(
            model,
            self._part(self._order[:pictures]),
            recipe,
            validation_set=self._part(self._order[VALIDATION]),
            change=_moved if augmentation else None,
        )
        test_accuracy = evaluate(model, self._test)["accuracy"]
        return {"settings": settings, "history": history, "test_accuracy": test_accuracy}

    def repeat(self, name: str) -> list[dict]:
        """Return the runs of a record, trained anew, in the form of `runs`."""
        recipe = Recipe(**about(name)["recipe"])
        return [curves(self.run(recorded["settings"], recipe)) for recorded in runs(name)]

    def _part(self, chosen) -> LabelledImages:
        whole = self._training
        return normalised(LabelledImages(whole.images[chosen], whole.labels[chosen], whole.classes))


def degradation() -> dict:
    """Return the record of `scripts/record_degradation.py`: what was done, where, and its `runs`."""
    return _load("degradation")


def timm_tags() -> dict:
    """Return what `scripts/record_timm.py` counted in timm: version, architectures, weights, tags."""
    return _load("timm_tags")


def transfer() -> dict:
    """Return the record of `scripts/record_transfer.py`: what was done, where, and its `runs`."""
    return _load("transfer")


def rates(comparison: str) -> dict[str, float]:
    """Return each side's best learning rate, as `scripts/record_rates.py` found it."""
    return _load("rates")[comparison]


def norm_digits() -> dict[tuple[str, int, float], list[float]]:
    """Return what `scripts/record_norm.py` found: (norm, passes, rate) → accuracies of five seeds."""
    found: dict[tuple[str, int, float], list[float]] = {}
    for run in _load("norm_digits")["runs"]:
        settings = run["settings"]
        key = settings["norm"], settings["epochs"], settings["rate"]
        found.setdefault(key, []).append(run["validation_accuracy"])
    return found


def curves(run: dict) -> dict:
    """Return a run with its history as curves, in three digits after the point."""
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    made = {
        name: [None if e[name] != e[name] else round(e[name], 3) for e in run["history"]]
        for name in names
    }
    return {"settings": run["settings"], "test_accuracy": round(run["test_accuracy"], 3)} | made


def _moved(images, labels):
    return random_flip(random_crop(images)), labels


def normalised(pictures: LabelledImages) -> LabelledImages:
    """Return the pictures with each channel's mean 0 and standard deviation 1, as over CIFAR-10."""
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (MEAN, DEVIATION))
    return LabelledImages((pictures.images - mean) / deviation, pictures.labels, pictures.classes)


def _read(name: str) -> dict:
    if name not in RECORDS:
        raise ValueError(f"name={name!r} is not allowed: it must be one of {', '.join(RECORDS)}")
    return _load(name)


def _load(name: str) -> dict:
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
