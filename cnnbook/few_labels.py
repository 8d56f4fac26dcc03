"""Learning from few labels: draw some pictures of each class, tune a network, score it on others.

Four small data sets that need no download stand for the task that one really has. The networks to
start from are those of `cnnbook.weights`. Rates are chosen on one part of a task and reported on another.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook import augment, data, shapes, weights
from cnnbook.data import LabelledImages
from cnnbook.runtime import device
from cnnbook.tracing import evaluating
from cnnbook.transfer import (
    backbone_features,
    layerwise_groups,
    linear_probe,
    replace_head,
)

__all__ = [
    "TARGETS",
    "Tuning",
    "convnext_features",
    "draw",
    "measured",
    "prepared",
    "probe",
    "scores",
    "target",
    "tune",
]

TARGETS = ("faces", "textures", "digits", "shapes")


@dataclass(frozen=True)
class Tuning:
    """How to tune: `steps` of SGD with momentum along a cosine, with batches of random crops.

    rate: of the head; decay: by how much smaller the rate is one layer further down; smoothing: of
    the labels; mixup: the alpha of its Beta distribution, 0 for none; flips: mirror pictures at random.
    """

    rate: float = 0.02
    steps: int = 60
    batch_size: int = 32
    decay: float = 1.0
    smoothing: float = 0.0
    mixup: float = 0.0
    flips: bool = True


def target(name: str, *, choosing: bool = False) -> LabelledImages:
    """Return one of `TARGETS`, with values in [0, 1]: the part to report on, or that to choose on.

    The two share no picture. Of the digits they are the training and the validation part of
    `digit_parts`, of the textures the lower and the upper half of each photograph, of the shapes two
    seeds. The 200 faces are too few to be parted: nothing is chosen on them. (Only rates were chosen so;
    the numbers of steps had been settled before, after looks at all digits and textures.)
    """
    if name not in TARGETS:
        raise ValueError(f"name={name!r} is not allowed: it must be one of {', '.join(TARGETS)}")
    if name == "digits":
        return data.digit_parts()[choosing]
    if name == "textures":
        tiles = data.textures()  # 16 rows of 16 tiles a photograph
        upper = torch.arange(len(tiles)) % 256 < 128
        return tiles[upper == choosing]
    if name == "shapes":
        drawn = shapes.shapes(600, seed=4) if choosing else shapes.shapes(1200, seed=3)
        return LabelledImages(drawn.images, drawn.labels, shapes.CLASSES)
    if choosing:
        raise ValueError("the faces have no part to choose on: take digits, textures or shapes")
    return data.faces()


def draw(
    pictures: LabelledImages, per_class: int, seed: int, *, most: int = 300
) -> tuple[LabelledImages, LabelledImages]:
    """Return `per_class` random pictures of each class, and at most `most` of all the others."""
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    labels = pictures.labels[order]
    places = [(labels == label).nonzero()[:, 0] for label in range(len(pictures.classes))]
    least = min(map(len, places))
    if not 1 <= per_class < least:
        raise ValueError(
            f"per_class={per_class!r} is not allowed: it must be from 1 to {least - 1}, "
            "since the smallest class must keep a picture to test on"
        )
    chosen = torch.cat([place[:per_class] for place in places])
    others = torch.ones(len(order), dtype=torch.bool)
    others[chosen] = False
    return pictures[order[chosen]], pictures[order[others][:most]]


def prepared(name: str, pictures: LabelledImages) -> LabelledImages:
    """Return the pictures as the network `name` of `cnnbook.weights` reads them."""
    images = weights.prepare(name, pictures.images)
    return LabelledImages(images, pictures.labels, pictures.classes)


def probe(network: nn.Module, few: LabelledImages, *, penalty: float = 1e-3) -> nn.Linear:
    """Return the best new head on frozen features, and put it into the network."""
    head = replace_head(network, len(few.classes))
    features = backbone_features(network, few.images)
    best = linear_probe(features, few.labels, num_classes=len(few.classes), penalty=penalty)
    head.load_state_dict(best.state_dict())
    return head


def tune(network: nn.Module, few: LabelledImages, tuning: Tuning, *, seed: int) -> None:
    """Train the network, as it is and head included, on few pictures."""
    torch.manual_seed(seed)
    groups = layerwise_groups(network, rate=tuning.rate, decay=tuning.decay)
    optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, tuning.steps)
    count = len(few.classes)
    network.train()
    for _ in range(tuning.steps):
        batch = torch.randint(len(few), (tuning.batch_size,))
        images, labels = augment.random_crop(few.images[batch]), few.labels[batch]
        if tuning.flips:
            images = augment.random_flip(images)
        if tuning.mixup:
            images, labels = augment.mixup(images, labels, num_classes=count, alpha=tuning.mixup)
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images), labels, label_smoothing=tuning.smoothing)
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()


def scores(network: nn.Module, pictures: LabelledImages) -> torch.Tensor:
    """Return the logits, (N, classes), in evaluation mode."""
    with evaluating(network), torch.no_grad():
        return torch.cat([network(part) for part in pictures.images.split(256)])


def convnext_features(images: torch.Tensor, *, pretrained: bool = True) -> torch.Tensor:
    """Return a ConvNeXt-T's 768 features for each picture (N, 3, H, W) in [0, 1].

    Its weights, timm's tag fb_in1k, are fetched from the hub once; timm must be installed.
    """
    import timm

    network = timm.create_model("convnext_tiny.fb_in1k", pretrained=pretrained, num_classes=0)
    network = network.to(device()).eval()
    settings = timm.data.resolve_model_data_config(network)
    mean, deviation = (images.new_tensor(settings[key])[:, None, None] for key in ("mean", "std"))
    with torch.no_grad():
        batches = ((batch - mean) / deviation for batch in images.split(64))
        return torch.cat([network(batch.to(device())).float().cpu() for batch in batches])


def measured(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    """Return accuracy, mean confidence, and the expected calibration error in ten bins.

    The last is the mean difference of confidence and accuracy over the bins (Guo et al. 2017,
    arXiv:1706.04599).
    """
    confidence, answers = logits.softmax(1).max(1)
    right = (answers == labels).float()
    bins = (10 * confidence).ceil().long().clamp(1, 10)
    apart = [(confidence - right)[bins == b].sum().abs() for b in range(1, 11)]
    return {
        "accuracy": right.mean().item(),
        "confidence": confidence.mean().item(),
        "calibration_error": (torch.stack(apart).sum() / len(labels)).item(),
    }
