"""Pictures that come with the installed packages, and folders of your own; nothing is downloaded.

The procedural data set with known boxes and masks is in `cnnbook.shapes`.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

_SKIMAGE = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "rocket")
_SKLEARN = ("china", "flower")
PHOTOS = tuple(sorted(_SKIMAGE + _SKLEARN))


PICTURE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")


@dataclass(frozen=True)
class LabelledImages:
    """Pictures of one size with labels.

    images: (N, C, H, W), floats in [0, 1]; labels: (N,) ints, places in `classes`.
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, places: slice | torch.Tensor) -> "LabelledImages":
        """Return the pictures at `places`: a slice, or a tensor of places or of true and false."""
        return LabelledImages(self.images[places], self.labels[places], self.classes)


def digits() -> LabelledImages:
    """Return 1,797 handwritten digits of 8×8 pixels, from scikit-learn (originally UCI)."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = torch.from_numpy(loaded.images).float()[:, None] / 16
    return LabelledImages(images, torch.from_numpy(loaded.target), tuple("0123456789"))


def digit_parts() -> tuple[LabelledImages, LabelledImages, LabelledImages]:
    """Return `digits()` as 1,000 pictures to train on, 598 to validate on and 199 to test on.

    While the settings of chapters 6 to 8 were chosen, the digits were held out in two random orders,
    of which the first 600 were always for training. The test part is what stands among the first 600
    of both: none of those settings was chosen by looking at an accuracy on it. The others are split
    at random.
    """
    orders = [_random_order(1797, seed) for seed in (0, 1)]
    unseen = torch.isin(orders[0][:600], orders[1][:600])
    test = orders[0][:600][unseen]
    others = orders[0][~torch.isin(orders[0], test)]
    others = others[_random_order(len(others), seed=2)]
    everything = digits()
    return everything[others[:1000]], everything[others[1000:]], everything[test]


def _random_order(count: int, seed: int) -> torch.Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))


def faces() -> LabelledImages:
    """Return 100 faces and 100 other patches, 25×25 grey pixels, from scikit-image (LFW)."""
    from skimage.data import lfw_subset

    images = torch.from_numpy(lfw_subset()).float()[:, None]
    labels = torch.arange(200) // 100
    return LabelledImages(images, labels, ("face", "other"))


def textures(*, size: int = 32) -> LabelledImages:
    """Return all size × size tiles of the photographs of brick, grass and gravel, in grey."""
    if type(size) is not int or not 8 <= size <= 512:
        raise ValueError(f"size={size!r} is not allowed: it must be a whole number from 8 to 512")
    from skimage import data

    classes = ("brick", "grass", "gravel")
    images, labels = [], []
    for label, name in enumerate(classes):
        pixels = torch.from_numpy(getattr(data, name)()).float() / 255  # (512, 512)
        tiles = pixels.unfold(0, size, size).unfold(1, size, size).reshape(-1, 1, size, size)
        images.append(tiles)
        labels.append(torch.full((len(tiles),), label))
    return LabelledImages(torch.cat(images), torch.cat(labels), classes)


def image_folder(path: str | Path, *, size: int, workers: int = 4) -> LabelledImages:
    """Return your own pictures from `path/<class>/*.jpg` and the like, as RGB of size × size pixels.

    The middle square of each picture is resized. Classes are the folders, in alphabetical order, and
    so are the pictures in them. Raises FileNotFoundError where there is nothing to read and ValueError
    at a picture that cannot be read, with its name.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder: give one that holds a folder for each class")
    classes = tuple(sorted(folder.name for folder in root.iterdir() if folder.is_dir()))
    if not classes:
        raise FileNotFoundError(
            f"{root} holds no folders: make one for each class, with its pictures"
        )
    files = {name: _pictures_in(root / name) for name in classes}
    jobs = [(file, size) for name in classes for file in files[name]]
    with ThreadPoolExecutor(workers) as pool:
        images = torch.stack(list(pool.map(_read_picture, *zip(*jobs, strict=True))))
    labels = [label for label, name in enumerate(classes) for _ in files[name]]
    return LabelledImages(images.float() / 255, torch.tensor(labels), classes)


def photo(name: str, *, size: int | None = None, gray: bool = False) -> torch.Tensor:
    """Return a photograph as a float tensor (C, H, W) with values in [0, 1].

    `size` crops the middle square and averages it down to size × size pixels.
    `gray` returns one channel, the luma 0.2125 R + 0.7154 G + 0.0721 B (scikit-image's weights).
    The pictures are those that ship inside scikit-image and scikit-learn; `PHOTOS` lists them.
    """
    if name not in PHOTOS:
        raise ValueError(f"name={name!r} is not allowed: it must be one of {', '.join(PHOTOS)}")
    pixels = torch.from_numpy(_pixels(name).astype(np.float32) / 255)
    image = pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)  # (H, W, C) -> (C, H, W)
    if gray and len(image) == 3:
        image = (image * torch.tensor([0.2125, 0.7154, 0.0721])[:, None, None]).sum(0, keepdim=True)
    return image if size is None else _middle_square(image, size)


def zone_plate(size: int) -> torch.Tensor:
    """Return a (1, size, size) picture of rings that get finer towards the edge, in [0, 1].

    The value is (1 + cos(pi r² / size)) / 2. At radius r its local frequency is r / size cycles
    a pixel, so it reaches the sampling limit of 1/2 at the middle of each edge.
    """
    if not isinstance(size, int) or size < 2:
        raise ValueError(f"size={size!r} is not allowed: it must be a whole number of at least 2")
    axis = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    radius_squared = axis[:, None] ** 2 + axis[None, :] ** 2
    return ((1 + torch.cos(torch.pi * radius_squared / size)) / 2)[None]


def _pixels(name: str) -> np.ndarray:
    if name in _SKLEARN:
        from sklearn.datasets import load_sample_image

        return load_sample_image(f"{name}.jpg")
    from skimage import data

    return getattr(data, name)()


def _middle_square(image: torch.Tensor, size: int) -> torch.Tensor:
    height, width = image.shape[-2:]
    side = min(height, width)
    if not isinstance(size, int) or not 1 <= size <= side:
        raise ValueError(
            f"size={size!r} is not allowed: it must be a whole number from 1 to {side}"
        )
    top, left = (height - side) // 2, (width - side) // 2
    square = image[:, top : top + side, left : left + side]
    return F.interpolate(square[None], size=(size, size), mode="area")[0]


def _pictures_in(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES)
    if not files:
        raise FileNotFoundError(
            f"{folder} holds no pictures ({', '.join(PICTURE_SUFFIXES)}): add some or remove it"
        )
    return files


def _read_picture(file: Path, size: int) -> torch.Tensor:
    from PIL import Image, ImageOps

    try:
        with Image.open(file) as picture:
            fitted = ImageOps.fit(picture.convert("RGB"), (size, size))
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{file} cannot be read ({error}): replace it or remove it") from error
    return torch.from_numpy(np.array(fitted)).permute(2, 0, 1)  # (H, W, C) -> (C, H, W)
