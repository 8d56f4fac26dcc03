"""What one output of a network can see: the receptive field, exactly and effectively.

Sizes and positions are in input pixels along one axis. Sources: Araujo, Norris and Sim 2019,
"Computing receptive fields of convolutional neural networks"; Luo et al. 2016,
arXiv:1701.04128, for the effective field.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn

from cnnbook.arithmetic import effective_kernel_size
from cnnbook.field_following import FieldFollower
from cnnbook.fields import Layer, ReceptiveField
from cnnbook.tracing import run_on_shapes


def receptive_field(layers: Iterable[Layer]) -> ReceptiveField:
    """Return the receptive field of a chain of layers.

    >>> receptive_field([Layer(3)] * 5).size
    11
    >>> receptive_field([Layer(7, stride=2, padding=3), Layer(3, stride=2, padding=1)])
    ReceptiveField(size=11, jump=4, start=-5, whole_input=False)
    """
    field = ReceptiveField()
    for layer in layers:
        field = field.after(layer)
    return field


def receptive_field_of(module: nn.Module, input_shape: tuple[int, ...]) -> ReceptiveField:
    """Return the field of the last map that a network makes, along the last spatial axis.

    Follows the operations themselves, so branches and skips are seen, and the largest path
    counts. Global pooling ends the search: the last map is the one before it.
    Raises ValueError at an operation whose field is not a regular grid (a transposed convolution).
    """
    follower = FieldFollower()
    run_on_shapes(module, input_shape, follower)
    return follower.last_map


def effective_receptive_field(
    module: nn.Module, input_shape: tuple[int, ...], *, samples: int = 16, seed: int = 0
) -> torch.Tensor:
    """Return how strongly each input pixel moves the middle output, (H, W), adding up to 1.

    Mean over `samples` random inputs of the absolute gradient of the middle position of the
    module's output map, summed over channels with random signs.
    """
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(input_shape[1:])
    for _ in range(samples):
        x = torch.randn(1, *input_shape, generator=generator, requires_grad=True)
        y = module(x)
        middle = y[0, :, y.shape[2] // 2, y.shape[3] // 2]
        signs = torch.randint(0, 2, middle.shape, generator=generator) * 2.0 - 1
        (gradient,) = torch.autograd.grad((middle * signs).sum(), x)
        total += gradient[0].abs().sum(0)
    return total / total.sum()


def effective_width(profile: Sequence[float], *, mass: float = 0.9545) -> int:
    """Return the width of the smallest window around the middle that holds this share of a profile.

    0.9545 is what lies within two standard deviations of a Gaussian.
    """
    shares = np.asarray(profile, dtype=float)
    if shares.ndim != 1 or shares.size == 0 or not 0 < mass <= 1:
        raise ValueError(f"mass={mass!r} must be in (0, 1], and the profile one axis with values")
    length = len(shares)
    for width in range(
        2 - length % 2, length, 2
    ):  # both sides alike: as odd or even as the profile
        first = (length - width) // 2
        if shares[first : first + width].sum() >= mass * shares.sum() - 1e-12:
            return width
    return length


def growth_exponent(depths: Sequence[float], widths: Sequence[float]) -> float:
    """Return the slope of log width over log depth: 1 for linear growth, 1/2 for a square root."""
    return float(np.polyfit(np.log(depths), np.log(widths), 1)[0])


def tap_counts(dilations: Sequence[int], kernel_size: int = 3) -> np.ndarray:
    """Return by how many paths a stack of dilated layers reaches each position of its field.

    Raises ValueError where the stack is so deep that there are more paths than an int64 can count.

    >>> tap_counts([2, 2])
    array([1, 0, 2, 0, 3, 0, 2, 0, 1])
    """
    if kernel_size ** len(dilations) >= 2**63:
        raise ValueError(
            f"{len(dilations)} layers of kernel {kernel_size} have more paths than an int64 counts: "
            "use covers_all, or average kernels of weight 1 / kernel_size"
        )
    counts = np.ones(1, dtype=np.int64)
    for dilation in dilations:
        counts = np.convolve(counts, _comb(dilation, kernel_size))
    return counts


def covers_all(dilations: Sequence[int], kernel_size: int = 3) -> bool:
    """Return whether a stack of dilated layers sees every position of its field.

    >>> covers_all([1, 2, 5]), covers_all([2, 2, 2])
    (True, False)
    """
    reached = np.ones(1, dtype=np.int64)
    for dilation in dilations:
        reached = np.convolve(reached, _comb(dilation, kernel_size)).clip(max=1)
    return bool(reached.all())


def _comb(dilation: int, kernel_size: int) -> np.ndarray:
    """Return a dilated kernel of ones."""
    comb = np.zeros(effective_kernel_size(kernel_size, dilation), dtype=np.int64)
    comb[::dilation] = 1
    return comb
