"""Small pretrained networks that come with the package: no download, no pickle.

`scripts/pretrain.py` makes them; README.md beside this file is their model card. The weights are
stored in half precision and loaded as float32.
"""

import hashlib
import json
from importlib.resources import files

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from cnnbook.models.resnet_cifar import resnet14
from cnnbook.models.small import small_cnn

__all__ = ["WEIGHTS", "about", "build", "prepare", "pretrained"]

SIZE = 32  # pixels


def wide_kernels() -> nn.Sequential:
    """Return the small CNN behind a first layer of 32 kernels of 7×7, wide enough to see stripes."""
    first = nn.Conv2d(3, 32, 7, padding=3, bias=False)
    return nn.Sequential(
        first, nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), *small_cnn(in_channels=32)
    )


WEIGHTS = {  # name: (network, what it was trained on)
    "cifar10": (resnet14, "photographs of 10 classes, in colour"),
    "omniglot": (lambda: resnet14(242, in_channels=1), "drawings of 242 characters, in grey"),
    "shapes": (lambda: small_cnn(width=16), "`cnnbook.shapes`"),
    "wide_kernels": (wide_kernels, "photographs of 10 classes, in colour"),
}


def build(name: str) -> nn.Module:
    """Return the network `name` untrained, its weights drawn at random."""
    _check(name)
    return WEIGHTS[name][0]()


def pretrained(name: str) -> nn.Module:
    """Return the network `name` with its weights, on the CPU and in evaluation mode.

    `WEIGHTS` lists the names. It reads what `prepare` returns. Raises ValueError where the file is
    damaged.
    """
    record = about(name)
    stored = files(__name__).joinpath(f"{name}.safetensors").read_bytes()
    found = hashlib.sha256(stored).hexdigest()
    if found != record["sha256"]:
        raise ValueError(
            f"{name}.safetensors is damaged: its SHA-256 begins with {found[:12]}, expected "
            f"{record['sha256'][:12]}; install cnnbook again"
        )
    try:
        tensors = load(stored)
    except SafetensorError as error:
        raise ValueError(f"{name}.safetensors cannot be read ({error})") from error
    network = build(name)
    network.load_state_dict(tensors)
    return network.eval()


def prepare(name: str, images: torch.Tensor) -> torch.Tensor:
    """Return pictures (N, C, H, W) with values in [0, 1] as the network `name` reads them.

    They get its size, 32×32, and its number of channels (grey is repeated, colours are averaged),
    and the mean and the deviation of the data that it was trained on.
    """
    record = about(name)
    if images.dim() != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"images have shape {tuple(images.shape)}: expected (N, 1 or 3, H, W)")
    if images.shape[1] != record["channels"]:
        images = images.mean(1, keepdim=True).expand(-1, record["channels"], -1, -1)
    if images.shape[2:] != (SIZE, SIZE):
        images = F.interpolate(images, (SIZE, SIZE), mode="bilinear", antialias=True)
    mean, deviation = (
        images.new_tensor(record[key])[:, None, None] for key in ("mean", "deviation")
    )
    return (images - mean) / deviation


def about(name: str) -> dict:
    """Return what is known of weights: data, classes, recipe, accuracy, hash."""
    _check(name)
    return json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def _check(name: str) -> None:
    if name not in WEIGHTS:
        raise ValueError(f"name={name!r} is not allowed: it must be one of {', '.join(WEIGHTS)}")
