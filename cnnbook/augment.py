"""Augmentation of whole batches on tensors, on the device where they are.

Every function takes pictures (N, C, H, W) with values in [0, 1] and draws for each picture anew, from
torch's global generator. Those that move or colour pictures return pictures. `mixup` and `cutmix`
change what is in them, and so return the labels as shares of classes as well. The pictures given
are left alone; each function makes one copy of them and works in it.
"""

import torch
import torch.nn.functional as F
from torch.distributions import Beta

__all__ = [
    "color_jitter",
    "cutmix",
    "cutout",
    "mixup",
    "one_hot",
    "random_crop",
    "random_flip",
    "random_rotation",
    "smooth",
]


def random_crop(images: torch.Tensor, padding: int = 4) -> torch.Tensor:
    """Return each picture shifted by up to `padding` pixels along both axes, mirrored at its border.

    The same as padding by reflection and cropping a random window of the old size.
    """
    n, _, height, width = images.shape
    if not 0 <= padding < min(height, width):
        raise ValueError(
            f"padding={padding!r} is not allowed: it must be at least 0 and less than {min(height, width)}"
        )
    down, right = torch.randint(0, 2 * padding + 1, (2, n, 1, 1), device=images.device) - padding
    rows = _mirrored(
        down + torch.arange(height, device=images.device)[:, None], height
    )  # (N, H, 1)
    columns = _mirrored(right + torch.arange(width, device=images.device), width)  # (N, 1, W)
    picture = torch.arange(n, device=images.device)[:, None, None]
    return images.permute(0, 2, 3, 1)[picture, rows, columns].permute(0, 3, 1, 2)


def random_flip(images: torch.Tensor, probability: float = 0.5) -> torch.Tensor:
    """Return the pictures, each mirrored from left to right with this probability."""
    chosen, result = _chance(images, probability), images.flip(-1)
    return torch.where(chosen, result, images, out=result)


def color_jitter(
    images: torch.Tensor, *, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2
) -> torch.Tensor:
    """Return the pictures with brightness, contrast and saturation each times 1 ± up to its amount."""
    images = images * _factor(images, brightness)
    mean = _luma(images).mean((2, 3), keepdim=True)
    images.sub_(mean).mul_(_factor(images, contrast)).add_(mean)
    luma = _luma(images)
    return images.sub_(luma).mul_(_factor(images, saturation)).add_(luma).clamp_(0, 1)


def random_rotation(images: torch.Tensor, degrees: float = 15) -> torch.Tensor:
    """Return each picture turned about its middle by up to ± `degrees`; bilinear, zeros outside."""
    n, _, height, width = images.shape
    angle = torch.deg2rad((2 * torch.rand(n, device=images.device) - 1) * degrees).to(images.dtype)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    ratio = height / width
    matrices = torch.stack([cos, -sin * ratio, zero, sin / ratio, cos, zero], 1).reshape(n, 2, 3)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def cutout(images: torch.Tensor, size: int = 8) -> torch.Tensor:
    """Return the pictures, each with one size × size square set to zero (DeVries and Taylor 2017).

    The square's middle is anywhere in the picture, so part of it may fall outside.
    """
    return images * ~_squares(images, torch.full((len(images),), float(size), device=images.device))


def mixup(
    images: torch.Tensor, labels: torch.Tensor, *, num_classes: int, alpha: float = 0.2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return pictures mixed with each other, and labels mixed alike, (N, num_classes).

    One share for each picture, from Beta(alpha, alpha). Zhang et al. 2018, arXiv:1710.09412.
    """
    share = _shares(images, alpha)
    partner = torch.randperm(len(images), device=images.device)
    mixed = images[partner].lerp_(images, share[:, None, None, None])
    return mixed, _mixed_labels(labels, partner, share, num_classes)


def cutmix(
    images: torch.Tensor, labels: torch.Tensor, *, num_classes: int, alpha: float = 1.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return pictures with a square of another, and labels by the shares of area, (N, num_classes).

    The square's planned area comes from Beta(alpha, alpha); what falls outside the picture does not
    count. Yun et al. 2019, arXiv:1905.04899.
    """
    height, width = images.shape[2:]
    side = ((1 - _shares(images, alpha)) * height * width).sqrt()
    squares = _squares(images, side)
    partner = torch.randperm(len(images), device=images.device)
    kept = 1 - squares.to(images.dtype).mean((1, 2, 3))
    mixed = images[partner]
    torch.where(squares, mixed, images, out=mixed)
    return mixed, _mixed_labels(labels, partner, kept, num_classes)


def one_hot(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Return labels as shares of classes, (N, num_classes): all for one."""
    return F.one_hot(labels, num_classes).float()


def smooth(shares: torch.Tensor, amount: float = 0.1) -> torch.Tensor:
    """Return shares of classes with this amount spread evenly over all of them (label smoothing)."""
    if not 0 <= amount < 1:
        raise ValueError(f"amount={amount!r} is not allowed: it must be at least 0 and less than 1")
    return (1 - amount) * shares + amount / shares.shape[1]


def _mirrored(places, size) -> torch.Tensor:
    """Return places beyond either border as seen in a mirror that stands on the border's pixel."""
    places = places.abs()
    return torch.minimum(places, 2 * (size - 1) - places)


def _luma(images) -> torch.Tensor:
    """Return the brightness, (N, 1, H, W), of pictures in colour; the sum of any other channels."""
    if images.shape[1] != 3:
        return images.sum(1, keepdim=True)
    red, green, blue = images.unbind(1)
    return (0.299 * red).add_(green, alpha=0.587).add_(blue, alpha=0.114)[:, None]


def _chance(images, probability) -> torch.Tensor:
    if not 0 <= probability <= 1:
        raise ValueError(f"probability={probability!r} is not allowed: it must be from 0 to 1")
    return torch.rand(len(images), 1, 1, 1, device=images.device) < probability


def _factor(images, amount) -> torch.Tensor:
    draws = 2 * torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype) - 1
    return 1 + amount * draws


def _shares(images, alpha) -> torch.Tensor:
    if alpha <= 0:
        raise ValueError(f"alpha={alpha!r} is not allowed: it must be positive")
    return Beta(alpha, alpha).sample((len(images),)).to(images)


def _mixed_labels(labels, partner, share, num_classes) -> torch.Tensor:
    shares = one_hot(labels, num_classes)
    return share[:, None] * shares + (1 - share[:, None]) * shares[partner]


def _squares(images, side) -> torch.Tensor:
    """Return which pixels lie in a square of each picture's own side, (N, 1, H, W)."""
    n, _, height, width = images.shape
    middle = torch.rand(2, n, 1, device=images.device)

    def span(length, position):
        axis = torch.arange(length, device=images.device)
        start = (position * length - side[:, None] / 2).round()
        return (axis >= start) & (axis < start + side[:, None].round())

    rows, columns = span(height, middle[0]), span(width, middle[1])
    return (rows[:, :, None] & columns[:, None, :])[:, None]
