"""Train the small networks whose weights the package ships, and record the runs.

`cifar10` and `wide_kernels` read train/<class>/*.jpg and test/<class>/*.jpg; `omniglot` reads
<set>/<alphabet>/<character>/NNNN_DD.png, DD being the drawer; `shapes` draws its pictures.

    python -m scripts.pretrain cifar10 PATH            writes results/ and cnnbook/weights/
    python -m scripts.pretrain cifar10 PATH --check    trains again and compares with the record
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load, save
from torch import nn

from cnnbook import __version__, weights
from cnnbook.augment import color_jitter, random_crop, random_flip, random_rotation
from cnnbook.data import LabelledImages, image_folder
from cnnbook.models.resnet_cifar import resnet14
from cnnbook.shapes import CLASSES, shapes
from cnnbook.training import Change, Recipe, evaluate, train
from cnnbook.transfer import find_head
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

FOLDER = ROOT / "cnnbook" / "weights"
TOLERANCE = 0.01  # of accuracy, between the record and a rerun with its seed


@dataclass(frozen=True)
class Task:
    """What to train on: pictures in [0, 1], and how a batch is changed."""

    parts: Callable[[Path], tuple[LabelledImages, LabelledImages]]
    change: Change
    recipe: Recipe
    data: str
    augmentation: str
    trained_with: Callable[[], nn.Module] | None = (
        None  # where more classes are trained than shipped
    )


def cifar10(folder: Path) -> tuple[LabelledImages, LabelledImages]:
    """Return CIFAR-10's pictures to train and to test on."""
    return image_folder(folder / "train", size=32), image_folder(folder / "test", size=32)


def omniglot(folder: Path) -> tuple[LabelledImages, LabelledImages]:
    """Return the characters, and each turned by a quarter, a half and three quarters as new classes.

    Ink is 1. The drawings of the last four of a character's twenty drawers are for testing. A
    character that stands in both sets of files is one class, and its drawings count once.
    """
    characters: dict[str, list[Path]] = {}
    for place in sorted(folder.glob("*/*/character*")):
        characters.setdefault(f"{place.parent.name}/{place.name}", sorted(place.glob("*.png")))
    drawings = {name: torch.stack([_ink(file) for file in f]) for name, f in characters.items()}
    return _turned(drawings, slice(0, 16)), _turned(drawings, slice(16, 20))


def _turned(drawings: dict[str, torch.Tensor], drawers: slice) -> LabelledImages:
    """Return what some of the drawers drew, in four turns, each turn of a character as a class."""
    images = torch.cat(
        [drawing[drawers].rot90(turn, (2, 3)) for turn in range(4) for drawing in drawings.values()]
    )
    names = tuple(f"{name} turned {90 * turn}" for turn in range(4) for name in drawings)
    labels = torch.arange(len(names)).repeat_interleave(len(images) // len(names))
    return LabelledImages(images, labels, names)


def drawn(folder: Path) -> tuple[LabelledImages, LabelledImages]:
    """Return 20,000 pictures of `shapes` to train on and 2,000 others; no folder is read."""
    training, test = (
        LabelledImages(part.images, part.labels, CLASSES)
        for part in (shapes(20_000, seed=1), shapes(2_000, seed=2))
    )
    return training, test


def _ink(file: Path) -> torch.Tensor:
    with Image.open(file) as picture:
        small = picture.convert("L").resize((32, 32), Image.Resampling.BOX)
    return 1 - torch.from_numpy(np.array(small)).float()[None] / 255


def _photographs(images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return color_jitter(random_flip(random_crop(images)), saturation=1.0), labels


def _drawings(images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return redrawn(random_crop(random_rotation(images))), labels


def redrawn(images: torch.Tensor) -> torch.Tensor:
    """Return the drawings, half of them with a pen up to five pixels wide, at 8 to 32 pixels a side.

    Both are drawn once for a batch. Every batch holds both kinds: batch normalisation stores one
    mean for all.
    """
    plain, thick = images.split(len(images) // 2 + 1)
    pen = 1 + 2 * int(torch.randint(0, 3, ()))
    thick = F.max_pool2d(thick, pen, stride=1, padding=pen // 2)
    side = (8, 11, 16, 32)[int(torch.randint(0, 4, ()))]
    thick = F.interpolate(F.interpolate(thick, side, mode="area"), 32, mode="bilinear")
    return torch.cat([plain, thick])


TASKS = {
    "cifar10": Task(
        cifar10,
        _photographs,
        Recipe(epochs=10, batch_size=128, rate=0.1, warm_up=1),
        "CIFAR-10 (Krizhevsky 2009), re-encoded as JPEG: 50,000 pictures, 10,000 to test on",
        "random_crop(4), random_flip, color_jitter(0.2, 0.2, 1.0)",
    ),
    "shapes": Task(
        drawn,
        lambda images, labels: (images, labels),
        Recipe(epochs=12, batch_size=64, rate=0.1, warm_up=1),
        "cnnbook.shapes: 20,000 pictures of seed 1, 2,000 of seed 2 to test on",
        "none",
    ),
    "omniglot": Task(
        omniglot,
        _drawings,
        Recipe(epochs=15, batch_size=128, rate=0.1, warm_up=1),
        "Omniglot, two small background sets (Lake et al. 2015, MIT licence): 242 characters, "
        "trained as 968 classes, turned four ways, shipped and tested upright",
        "random_rotation(15), random_crop(4), thicker pens and fewer pixels for half of each batch",
        lambda: resnet14(968, in_channels=1),
    ),
}


TASKS["wide_kernels"] = TASKS["cifar10"]


class Bfloat16(nn.Module):
    """A network that computes in bfloat16 while its weights stay float32."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x.contiguous(memory_format=torch.channels_last)).float()


def main() -> None:
    """Train, then record, or compare with the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=TASKS)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="the data set's files")
    parser.add_argument(
        "--check", action="store_true", help="compare with the record, write nothing"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--checkpoint", type=Path, help="go on from here after an interruption")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    record, stored = pretrain(options.name, options.folder, options.checkpoint)
    if options.check:
        compare(record, json.loads((FOLDER / f"{options.name}.json").read_text()))
        return
    (FOLDER / f"{options.name}.safetensors").write_bytes(stored)
    (ROOT / "results" / f"pretrain_{options.name}.json").write_text(
        json.dumps(record, indent=1) + "\n"
    )
    card = {key: value for key, value in record.items() if key not in ("history", "hardware")}
    (FOLDER / f"{options.name}.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"{options.name}: {len(stored):,} bytes, test accuracy {record['test_accuracy']:.4f}")


def pretrain(name: str, folder: Path, checkpoint: Path | None) -> tuple[dict, bytes]:
    """Return the record of a run and its weights, as a safetensors file in half precision."""
    task = TASKS[name]
    training, test = task.parts(folder)
    axes = (0, 2, 3)
    mean, deviation = training.images.mean(axes), training.images.std(axes)

    def normalise(images: torch.Tensor) -> torch.Tensor:
        return (images - mean[:, None, None]) / deviation[:, None, None]

    def change(images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        images, labels = task.change(images, labels)
        return normalise(images), labels

    torch.manual_seed(task.recipe.seed)
    network = task.trained_with() if task.trained_with else weights.build(name)
    start = time.perf_counter()
    history = train(Bfloat16(network), training, task.recipe, change=change, checkpoint=checkpoint)
    seconds = time.perf_counter() - start
    shipped = weights.build(name)
    classes = find_head(shipped)[1].out_features
    stored = save(halves(network, classes))
    shipped.load_state_dict(load(stored))  # what is measured is what is shipped
    kept = test[test.labels < classes]
    seen = evaluate(shipped, LabelledImages(normalise(kept.images), kept.labels, kept.classes))
    digest = hashlib.sha256(training.images.numpy().tobytes()).hexdigest()
    record = {
        "data": task.data,
        "pictures": {"train": len(training), "test": len(kept), "sha256": digest[:16]},
        "classes": classes,
        "channels": training.images.shape[1],
        "mean": [round(m, 4) for m in mean.tolist()],
        "deviation": [round(d, 4) for d in deviation.tolist()],
        "augmentation": task.augmentation,
        "recipe": asdict(task.recipe),
        "precision": "bfloat16 in training; stored in half precision, tested so in float32",
        "cnnbook": __version__,
        "hardware": describe_hardware(),
        "seconds": round(seconds),
        "history": history,
        "test_accuracy": seen["accuracy"],
        "sha256": hashlib.sha256(stored).hexdigest(),
    }
    return record, stored


def halves(network: nn.Module, classes: int) -> dict[str, torch.Tensor]:
    """Return the weights in half precision; of the head, those of the first so many classes."""
    head, _ = find_head(network)
    state = network.state_dict()
    for name in (f"{head}.weight", f"{head}.bias"):
        state[name] = state[name][:classes]
    return {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in state.items()
    }


def compare(record: dict, recorded: dict) -> None:
    """Print both accuracies; exit with 1 where they differ by more than a hundredth."""
    new, old = record["test_accuracy"], recorded["test_accuracy"]
    print(f"test accuracy {new:.4f}, recorded {old:.4f}")
    if abs(new - old) > TOLERANCE:
        raise SystemExit(f"They differ by {abs(new - old):.4f}, more than {TOLERANCE}.")


if __name__ == "__main__":
    main()
