"""Shifts, turns and flips of pictures, and how well a function respects them.

A function f is *equivariant* to a transformation T if f(T x) = T f(x), and *invariant* if
f(T x) = f(x). Pictures are (..., H, W). The group p4 is that of all shifts together with the
quarter turns: Cohen and Welling 2016, arXiv:1602.07576.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F

Transform = Callable[[torch.Tensor], torch.Tensor]


def translate(x: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Return the picture shifted by whole pixels, with zeros where nothing is known.

    >>> translate(torch.tensor([[1, 2], [3, 4]]), 0, 1)
    tensor([[0, 1],
            [0, 3]])
    """
    return F.pad(x, (right, -right, down, -down))


def translate_circular(x: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Return the picture shifted by whole pixels; what leaves on one side enters on the other."""
    return x.roll((down, right), dims=(-2, -1))


def rotate90(x: torch.Tensor, turns: int = 1) -> torch.Tensor:
    """Return the picture turned anticlockwise by quarter turns."""
    return x.rot90(turns, dims=(-2, -1))


def flip(x: torch.Tensor) -> torch.Tensor:
    """Return the picture mirrored from left to right."""
    return x.flip(-1)


def equivariance_error(
    function: Transform,
    x: torch.Tensor,
    transform: Transform,
    *,
    of_output: Transform | None = None,
) -> float:
    """Return the largest |f(T x) - T' f(x)|, as a share of the largest |f(x)|.

    T' is `of_output`, or T itself where it is not given; the identity tests for invariance.
    Raises ValueError where the two sides have different shapes.
    """
    with torch.no_grad():
        plain = function(x)
        moved_first, moved_last = function(transform(x)), (of_output or transform)(plain)
    if moved_first.shape != moved_last.shape:
        raise ValueError(
            f"f(T x) has shape {tuple(moved_first.shape)} and T f(x) {tuple(moved_last.shape)}: "
            f"give the transformation of the output as of_output"
        )
    scale = plain.abs().max().clamp_min(torch.finfo(plain.dtype).tiny)
    return float((moved_first - moved_last).abs().max() / scale)


def shift_consistency(
    classifier: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
    *,
    largest: int = 4,
    pairs: int = 8,
    seed: int = 0,
) -> float:
    """Return how often two shifted copies of an image get the same class, from 0 to 1.

    images: (N, C, H, W). Each of `pairs` rounds shifts every image twice, circularly, by up to
    `largest` pixels along both axes. The measure is Zhang's (2019, arXiv:1904.11486).
    """
    generator = torch.Generator().manual_seed(seed)
    same = 0.0
    with torch.no_grad():
        for _ in range(pairs):
            shifts = torch.randint(-largest, largest + 1, (2, 2), generator=generator).tolist()
            first, second = (
                classifier(translate_circular(images, down, right)).argmax(1)
                for down, right in shifts
            )
            same += (first == second).float().mean().item()
    return same / pairs


def blur_pool(x: torch.Tensor, *, stride: int = 2, circular: bool = False) -> torch.Tensor:
    """Return the map (N, C, H, W) blurred with 1 2 1 along each axis, then every `stride`-th value.

    Behind a maximum at stride 1 it takes the place of max pooling: Zhang 2019, arXiv:1904.11486.
    The border repeats its last values, or continues on the other side.
    """
    weights = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype, device=x.device) / 4
    kernel = torch.outer(weights, weights).expand(x.shape[1], 1, 3, 3)
    padded = F.pad(x, (1, 1, 1, 1), mode="circular" if circular else "replicate")
    return F.conv2d(padded, kernel, stride=stride, groups=x.shape[1])


def rotated_kernels(weight: torch.Tensor) -> torch.Tensor:
    """Return every kernel in its four orientations: (C_out, C_in, K, K) to (4 C_out, C_in, K, K).

    The four of one kernel stand together. A convolution with them *lifts* a picture to p4.
    """
    turned = torch.stack([rotate90(weight, turns) for turns in range(4)], dim=1)
    return turned.flatten(0, 1)


def p4_kernels(weight: torch.Tensor) -> torch.Tensor:
    """Return the kernels of a p4 convolution: (C_out, C_in, 4, K, K) to (4 C_out, 4 C_in, K, K).

    To turn a function on p4, turn its pictures and move them on by one orientation.
    """
    turned = [rotate90(weight, turns).roll(turns, dims=2) for turns in range(4)]
    return torch.stack(turned, dim=1).flatten(0, 1).flatten(1, 2)


def rotate_p4(x: torch.Tensor, turns: int = 1) -> torch.Tensor:
    """Return a map on p4, (N, 4 C, H, W), turned by quarter turns, orientations included."""
    n, channels, height, width = x.shape
    by_orientation = rotate90(x.reshape(n, channels // 4, 4, height, width), turns)
    return by_orientation.roll(turns, dims=2).flatten(1, 2)
