"""Train ResNet-20 on CIFAR-10 from a folder of pictures, and record the run in results/.

The folder holds train/<class>/*.jpg and test/<class>/*.jpg. An interrupted run goes on where it was.

    python -m scripts.record_cifar PATH --epochs 3
"""

import argparse
import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch

from cnnbook import __version__
from cnnbook.augment import random_crop, random_flip
from cnnbook.data import image_folder
from cnnbook.models.resnet_cifar import resnet20
from cnnbook.recorded import normalised
from cnnbook.training import Recipe, train
from scripts.hardware import describe_hardware
from scripts.paths import ROOT


def main() -> None:
    """Train and record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", type=Path)
    options = parser.parse_args()
    start = time.perf_counter()
    training_set = normalised(image_folder(options.folder / "train", size=32))
    test_set = normalised(image_folder(options.folder / "test", size=32))
    loading = time.perf_counter() - start
    recipe = Recipe(
        epochs=options.epochs,
        batch_size=128,
        rate=0.1,
        warm_up=0.5,
        smoothing=0.0,
        seed=options.seed,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(options.seed)
    model = resnet20().to(device)
    start = time.perf_counter()
    history = train(
        model,
        training_set,
        recipe,
        validation_set=test_set,
        change=lambda x, y: (random_flip(random_crop(x)), y),
        checkpoint=options.checkpoint,
    )
    seconds = time.perf_counter() - start
    digest = hashlib.sha256(training_set.images.numpy().tobytes()).hexdigest()[:16]
    record = {
        "what": "ResNet-20 on CIFAR-10 re-encoded as JPEG; the validation set is the test set",
        "pictures": {"train": len(training_set), "test": len(test_set), "sha256": digest},
        "cnnbook": __version__,
        "recipe": asdict(recipe),
        "augmentation": "random_crop(4), random_flip",
        "hardware": describe_hardware(),
        "seconds": {"loading": round(loading, 1), "training": round(seconds, 1)},
        "history": history,
    }
    target = ROOT / "results" / f"resnet20_cifar10_{device}.json"
    target.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{target.relative_to(ROOT)}: {history[-1]}")


if __name__ == "__main__":
    main()
