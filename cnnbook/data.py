"""Pictures that come with the installed packages; nothing is downloaded."""

import numpy as np
import torch
import torch.nn.functional as F

_SKIMAGE = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "rocket")
_SKLEARN = ("china", "flower")
PHOTOS = tuple(sorted(_SKIMAGE + _SKLEARN))


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
