"""What a few seeds allow to say: means with their scatter, gains with their interval, many looks at once."""

from collections.abc import Mapping, Sequence

import torch
from scipy.stats import t as student

__all__ = ["holm", "paired", "paired_gain", "spread"]


def spread(values: Sequence[float]) -> str:
    """Return the mean and the standard deviation of one run.

    >>> spread([0.9, 0.94])
    '0.92 ± 0.03'
    """
    numbers = torch.tensor(values)
    return f"{numbers.mean():.2f} ± {numbers.std():.2f}"


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


def paired_gain(after: Sequence[float], before: Sequence[float]) -> str:
    """Return what `paired` finds as a page prints it. Raises ValueError as it does.

    >>> paired_gain([0.9, 0.9, 0.9], [0.8, 0.7, 0.6])
    '+0.200 ± 0.248'
    """
    mean, half = paired(after, before)
    return f"{mean:+.3f} ± {half:.3f}"


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """Return p-values corrected for their number, as in Holm 1979.

    >>> holm({"a": 0.01, "b": 0.5, "c": 0.03})
    {'a': 0.03, 'b': 0.5, 'c': 0.06}
    """
    corrected, worst = {}, 0.0
    for rank, name in enumerate(sorted(chances, key=chances.__getitem__)):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[name]))
        corrected[name] = worst
    return {name: corrected[name] for name in chances}
