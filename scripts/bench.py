"""Measure what the library promises about speed, as ratios in one run. Run by `make bench`.

Each pair is measured in turn, several times, and the least times are divided; absolute times depend on
the machine and are written down only beside it, in results/bench.json.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook import augment
from cnnbook.data import LabelledImages
from cnnbook.models.resnet import resnet152
from cnnbook.models.resnet_cifar import resnet20
from cnnbook.receptive_field import receptive_field_of
from cnnbook.shapes import shapes
from cnnbook.summary import summarize
from cnnbook.training import Recipe, train
from scripts.hardware import describe_hardware
from scripts.paths import ROOT

ROUNDS = 9
PICTURES = 512  # for one measured epoch: short, so that some round is left undisturbed


def least_seconds(*functions: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the least seconds that each function took: what it costs when nothing disturbs it.

    After one round for warmth they take turns, and each round begins with another, so that none
    always follows the same neighbour.
    """
    seconds: list[list[float]] = [[] for _ in functions]
    for round_number in range(rounds + 1):
        for turn in range(len(functions)):
            index = (turn + round_number) % len(functions)
            start = time.perf_counter()
            functions[index]()
            if round_number:
                seconds[index].append(time.perf_counter() - start)
    return [min(s) for s in seconds]


def summary_against_torchinfo() -> dict[str, float]:
    """ResNet-152 on the device meta, by both."""
    from torchinfo import summary

    with torch.device("meta"):
        network = resnet152()
    size = (1, 3, 224, 224)
    ours, theirs = least_seconds(
        lambda: str(summarize(network, size[1:])),
        lambda: str(summary(network, input_size=size, device="meta", verbose=0)),
    )
    return {"seconds": ours, "torchinfo": theirs, "ratio": ours / theirs}


def receptive_field_of_resnet152() -> dict[str, float]:
    """Seconds, to be below one."""
    with torch.device("meta"):
        network = resnet152()
    (seconds,) = least_seconds(lambda: receptive_field_of(network, (3, 224, 224)))
    return {"seconds": seconds}


def cifar_shaped() -> LabelledImages:
    """Return random pictures in CIFAR's shape."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(PICTURES, 3, 32, 32, generator=generator)
    labels = torch.randint(0, 10, (PICTURES,), generator=generator)
    return LabelledImages(images, labels, tuple("0123456789"))


def bare_epoch(model: nn.Module, data: LabelledImages, batch_size: int) -> None:
    """Train for one epoch as one would write it by hand."""
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    model.train()
    for batch in torch.randperm(len(data)).split(batch_size):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data.images[batch]), data.labels[batch])
        loss.backward()
        optimizer.step()


def epoch_against_bare_loop_and_lightning() -> dict[str, float]:
    """One epoch of ResNet-20 with `train`, by hand, and with Lightning's trainer."""
    import scripts.torchvision_on_cpu  # noqa: F401  (Lightning imports torchvision)
    import lightning  # isort: skip

    class Wrapped(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network = resnet20()

        def training_step(self, batch, index):
            return F.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.SGD(
                self.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4
            )

    data = cifar_shaped()
    recipe = Recipe(epochs=1, batch_size=128)
    tensors = torch.utils.data.TensorDataset(data.images, data.labels)
    loader = torch.utils.data.DataLoader(tensors, batch_size=128, shuffle=True)

    def with_lightning():
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Wrapped(), loader)

    ours, bare, theirs = least_seconds(
        lambda: train(resnet20(), data, recipe),
        lambda: bare_epoch(resnet20(), data, 128),
        with_lightning,
        rounds=3 * ROUNDS,
    )
    return {
        "seconds": ours,
        "bare loop": bare,
        "lightning": theirs,
        "ratio to bare loop": ours / bare,
        "ratio to lightning": ours / theirs,
    }


def augmentation_against_one_by_one() -> dict[str, float]:
    """Crop, flip and jitter of a batch at once, and of the same pictures one at a time."""
    images = torch.rand(256, 3, 32, 32)

    def change(pictures):
        return augment.color_jitter(augment.random_flip(augment.random_crop(pictures)))

    batch, single = least_seconds(
        lambda: change(images), lambda: [change(picture[None]) for picture in images]
    )
    return {"seconds": batch, "one by one": single, "times faster": single / batch}


def shapes_on_one_core() -> dict[str, float]:
    """Pictures a second, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (seconds,) = least_seconds(lambda: shapes(1024))
    finally:
        torch.set_num_threads(threads)
    return {"pictures a second": 1024 / seconds}


MEMORY = """
import torch
from pathlib import Path
from cnnbook.models.convnext import convnext_large
from cnnbook.summary import summarize
def peak():  # in KiB; getrusage would count what the parent held before the exec
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
with torch.device("meta"):
    network = convnext_large()
str(summarize(network, (3, 224, 224)))
print(before, peak())
"""


def memory_of_the_largest_summary() -> dict[str, float]:
    """ConvNeXt-L, 198 million parameters, summarised in a process of its own, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    before, peak = (int(kib) * 1024 / 1e6 for kib in done.stdout.split())
    return {"MB added": peak - before, "imports of torch": before}


GOALS = {  # what must hold of each result
    summary_against_torchinfo: ("ratio", lambda value: value <= 1.0, "at most 1"),
    receptive_field_of_resnet152: ("seconds", lambda value: value < 1.0, "below 1"),
    epoch_against_bare_loop_and_lightning: (
        "ratio to bare loop", lambda value: value <= 1.02, "at most 1.02",
    ),
    augmentation_against_one_by_one: ("times faster", lambda value: value >= 5, "at least 5"),
    memory_of_the_largest_summary: ("MB added", lambda value: value < 300, "below 300"),
    shapes_on_one_core: ("pictures a second", lambda value: value >= 2000, "at least 2,000"),
}  # fmt: skip


def main() -> int:
    """Measure all, print them with their goals, and write results/bench.json."""
    results, missed = {}, 0
    for measure, (key, holds, goal) in GOALS.items():
        found = measure()
        results[measure.__name__] = {name: round(value, 4) for name, value in found.items()}
        missed += not holds(found[key])
        verdict = "holds" if holds(found[key]) else "MISSED"
        print(f"{measure.__name__:40s} {key} {found[key]:.3f}, goal {goal}: {verdict}", flush=True)
    record = {"hardware": describe_hardware(), "rounds": ROUNDS, "results": results}
    (ROOT / "results" / "bench.json").write_text(json.dumps(record, indent=1) + "\n")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
