"""Larger data sets by name. They need the network once, and torchvision to read them.

Each is fetched into a cache, `~/.cache/cnnbook` unless a folder is given. Sources: Krizhevsky 2009
(CIFAR-10 and -100), Xiao, Rasul and Vollgraf 2017 (Fashion-MNIST, arXiv:1708.07747), Parkhi et al.
2012 (Oxford-IIIT Pet).
"""

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from cnnbook.data import LabelledImages
from cnnbook.downloads import fetch
from cnnbook.torchvision_import import imported_torchvision

__all__ = ["cifar10", "cifar100", "fashion_mnist", "oxford_pets"]


def cifar10(folder: str | Path | None = None, *, train: bool = True) -> LabelledImages:
    """Return CIFAR-10: 50,000 pictures for training or 10,000 for testing, 3×32×32, 10 classes."""
    return _cifar("CIFAR10", folder, train)


def cifar100(folder: str | Path | None = None, *, train: bool = True) -> LabelledImages:
    """Return CIFAR-100: 50,000 pictures for training or 10,000 for testing, 3×32×32, 100 classes."""
    return _cifar("CIFAR100", folder, train)


def fashion_mnist(folder: str | Path | None = None, *, train: bool = True) -> LabelledImages:
    """Return Fashion-MNIST: 60,000 pictures for training or 10,000 for testing, 1×28×28, 10 classes."""
    made_by = _torchvision_datasets().FashionMNIST
    archives = [
        (made_by.mirrors[0] + name, f"FashionMNIST/raw/{name}", md5)
        for name, md5 in made_by.resources
    ]
    home = _home("fashion-mnist", folder, archives, lambda root: made_by(root, download=True))
    loaded = made_by(home, train=train)
    return LabelledImages(loaded.data[:, None].float() / 255, loaded.targets, tuple(loaded.classes))


def oxford_pets(
    folder: str | Path | None = None, *, train: bool = True, size: int = 224
) -> LabelledImages:
    """Return the Oxford-IIIT pets: 3,680 pictures for training or 3,669 for testing, 37 breeds.

    The middle square of each picture is resized to size × size pixels.
    """
    from PIL import ImageOps

    made_by = _torchvision_datasets().OxfordIIITPet
    archives = [
        (url, f"oxford-iiit-pet/{url.rsplit('/', 1)[1]}", md5) for url, md5 in made_by._RESOURCES
    ]
    home = _home("oxford-pets", folder, archives, lambda root: made_by(root, download=True))
    loaded = made_by(home, split="trainval" if train else "test")
    pictures = [np.array(ImageOps.fit(picture, (size, size))) for picture, _ in loaded]
    labels = torch.tensor([label for _, label in loaded])
    return LabelledImages(_as_images(np.stack(pictures)), labels, tuple(loaded.classes))


def _cifar(name: str, folder: str | Path | None, train: bool) -> LabelledImages:
    made_by = getattr(_torchvision_datasets(), name)
    archives = [(made_by.url, made_by.filename, made_by.tgz_md5)]
    home = _home(name.lower(), folder, archives, lambda root: made_by(root, download=True))
    loaded = made_by(home, train=train)
    return LabelledImages(
        _as_images(loaded.data), torch.tensor(loaded.targets), tuple(loaded.classes)
    )


def _as_images(pixels: np.ndarray) -> torch.Tensor:
    """Return (N, 3, H, W) floats in [0, 1] of (N, H, W, 3) bytes."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255


def _torchvision_datasets():
    try:
        return imported_torchvision().datasets
    except ImportError as error:
        raise ImportError(
            f"torchvision cannot be imported ({error}): install the release that goes with your "
            f"torch, or use the data of cnnbook.data, which needs neither it nor the network"
        ) from error


def _home(
    name: str,
    folder: str | Path | None,
    archives: Iterable[tuple[str, str, str]],
    unpack: Callable[[Path], object],
) -> Path:
    """Return the folder of a data set, which exists only once all of it is there.

    `archives` are (address, place in the folder, MD5 sum); torchvision finds them in their places
    and has only to unpack them.
    """
    cache = Path(folder) if folder else Path.home() / ".cache" / "cnnbook"
    home, kept, unpacking = (cache / f"{name}{end}" for end in ("", ".archives", ".unpacking"))
    if home.is_dir():
        return home
    shutil.rmtree(unpacking, ignore_errors=True)
    for url, place, md5 in archives:
        archive = fetch(url, kept / place, md5)
        (unpacking / place).parent.mkdir(parents=True, exist_ok=True)
        os.link(archive, unpacking / place)
    unpack(unpacking)
    unpacking.rename(home)
    shutil.rmtree(kept)
    return home
