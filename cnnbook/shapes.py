"""`shapes`: pictures of one marked object among clutter, drawn from a seed, with the truth known.

Ten classes, ten outlines. Every picture has one object whose class is the label, with random
position, size, angle and colour, on a random background with smaller clutter. The object's mask
and box are exact. The same seed gives the same pictures on every machine: all draws are made in
float64 by torch's CPU generator, and all edges are decided by comparing polynomials of them.
"""

from dataclasses import dataclass

import torch

CLASSES = (
    "circle", "square", "triangle", "diamond", "cross",
    "ring", "half disc", "bar", "pentagon", "star",
)  # fmt: skip
PIECES_OF_CLUTTER = 3
CHUNK = 256  # pictures drawn at once


@dataclass(frozen=True)
class Shapes:
    """Pictures with labels and truth.

    images: (N, 3, S, S) floats in [0, 1]; labels: (N,) ints; masks: (N, S, S) bools;
    boxes: (N, 4) ints, (left, top, right, bottom) in pixels, the last two excluded.
    """

    images: torch.Tensor
    labels: torch.Tensor
    masks: torch.Tensor
    boxes: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


def shapes(count: int, *, size: int = 32, seed: int = 0) -> Shapes:
    """Return `count` pictures of `size` × `size` pixels; the classes are drawn evenly.

    Raises ValueError where a number is not one of whole pictures or pixels.
    """
    for name, value, least in (("count", count, 1), ("size", size, 16), ("seed", seed, 0)):
        if type(value) is not int or value < least:
            raise ValueError(
                f"{name}={value!r} is not allowed: it must be a whole number ≥ {least}"
            )
    chunks = [
        _draw(
            min(CHUNK, count - start), size, torch.Generator().manual_seed(seed * 1_000_003 + start)
        )
        for start in range(0, count, CHUNK)
    ]
    images, labels, masks = (torch.cat(parts) for parts in zip(*chunks, strict=True))
    return Shapes(images, labels, masks, _boxes(masks))


def _draw(count, size, generator):
    def uniform(low, high, *shape):
        numbers = torch.rand(count, *shape, generator=generator, dtype=torch.float64)
        return low + (high - low) * numbers

    labels = torch.randint(0, len(CLASSES), (count,), generator=generator)
    axis = (torch.arange(size, dtype=torch.float64) + 0.5) / size * 2 - 1  # pixel centres
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    background = uniform(0.1, 0.9, 3, 1, 1)
    slope = uniform(-0.15, 0.15, 2, 3, 1, 1)
    images = background + slope[:, 0] * x + slope[:, 1] * y
    for _ in range(PIECES_OF_CLUTTER):
        radius, centre = uniform(0.06, 0.14), uniform(-0.9, 0.9, 2)
        kinds = torch.randint(0, len(CLASSES), (count,), generator=generator)
        piece = _inside(kinds, x, y, centre, radius, uniform(-1, 1))
        images = torch.where(piece[:, None], uniform(0, 1, 3, 1, 1), images)
    radius, centre = uniform(0.3, 0.5), uniform(-0.45, 0.45, 2)
    masks = _inside(labels, x, y, centre, radius, uniform(-1, 1))
    # Far enough from the background in at least one channel to be seen.
    away = uniform(0.35, 0.5, 3, 1, 1)
    colour = torch.where(background < 0.5, background + away, background - away)
    images = torch.where(masks[:, None], colour, images)
    noise = uniform(-0.04, 0.04, 3, size, size)
    return (images + noise).clamp(0, 1).float(), labels, masks


def _inside(labels, x, y, centre, radius, turn) -> torch.Tensor:
    """Return which pixels lie in each picture's outline, (N, S, S)."""
    # (c, s) is a point of the unit circle, found without sines, whose last digits differ by machine.
    t = turn * 0.4142135623730951  # tan(pi / 8): the angle goes from -45 to 45 degrees
    c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    dx = (x - centre[:, 0, None, None]) / radius[:, None, None]
    dy = (y - centre[:, 1, None, None]) / radius[:, None, None]
    u = c[:, None, None] * dx + s[:, None, None] * dy  # in the outline's own axes, radius 1
    v = c[:, None, None] * dy - s[:, None, None] * dx
    result = torch.zeros(u.shape, dtype=torch.bool)
    for label, outline in enumerate(OUTLINES):
        chosen = labels == label
        result[chosen] = outline(u[chosen], v[chosen])
    return result


def _polygon(*corners):
    """Return the outline of a convex polygon whose corners run clockwise on the screen."""

    def inside(u, v):
        result = torch.ones(u.shape, dtype=torch.bool)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            result &= (bx - ax) * (v - ay) - (by - ay) * (u - ax) >= 0
        return result

    return inside


_TRIANGLE = _polygon((0, -1), (0.866, 0.5), (-0.866, 0.5))
_UPSIDE_DOWN = _polygon((0, 1), (-0.866, -0.5), (0.866, -0.5))
_PENTAGON = _polygon((0, -1), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309))

OUTLINES = (
    lambda u, v: u * u + v * v <= 0.81,
    lambda u, v: (u.abs() <= 0.72) & (v.abs() <= 0.72),
    _TRIANGLE,
    lambda u, v: u.abs() * 1.7 + v.abs() <= 1,
    lambda u, v: ((u.abs() <= 0.25) & (v.abs() <= 0.9)) | ((v.abs() <= 0.25) & (u.abs() <= 0.9)),
    lambda u, v: (u * u + v * v <= 0.9) & (u * u + v * v >= 0.3),
    lambda u, v: (u * u + v * v <= 0.95) & (v >= 0),
    lambda u, v: (u.abs() <= 0.95) & (v.abs() <= 0.28),
    _PENTAGON,
    lambda u, v: _TRIANGLE(u, v) | _UPSIDE_DOWN(u, v),
)


def _boxes(masks) -> torch.Tensor:
    size = masks.shape[-1]
    columns, rows = masks.any(1), masks.any(2)
    left, top = columns.int().argmax(1), rows.int().argmax(1)
    right = size - columns.flip(1).int().argmax(1)
    bottom = size - rows.flip(1).int().argmax(1)
    return torch.stack([left, top, right, bottom], dim=1)
