"""How sure a difference between two ways of training is, from a few seeds."""

from collections.abc import Sequence

import torch
from scipy.stats import t as student

__all__ = ["paired"]


def paired(after: Sequence[float], before: Sequence[float]) -> tuple[float, float]:
    """Return the mean of `after - before`, seed by seed, and half the width of its 95 % interval.

    Both hold one number for each seed, in the same order; there must be at least two. The interval is
    Student's, for differences that scatter like a bell curve.

    >>> paired([3.0, 5.0], [1.0, 3.0])
    (2.0, 0.0)
    """
    if len(after) != len(before) or len(after) < 2:
        raise ValueError(
            f"{len(after)} and {len(before)} numbers are not allowed: there must be one for each of "
            "at least two seeds, the same on both sides"
        )
    change = torch.tensor(after, dtype=torch.float64) - torch.tensor(before, dtype=torch.float64)
    reach = float(student.ppf(0.975, len(change) - 1)) / len(change) ** 0.5
    return change.mean().item(), reach * change.std().item()
