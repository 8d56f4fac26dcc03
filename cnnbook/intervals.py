"""What a few seeds allow to say: means with their scatter, gains with their interval, many looks at once."""

from collections.abc import Mapping, Sequence

import torch

__all__ = ["holm", "paired_gain", "spread"]

# Student's t at 97.5 percent, by the number of differences (degrees of freedom and one).
T975 = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def spread(values: Sequence[float]) -> str:
    """Return the mean and the standard deviation of one run.

    >>> spread([0.9, 0.94])
    '0.92 ± 0.03'
    """
    numbers = torch.tensor(values)
    return f"{numbers.mean():.2f} ± {numbers.std():.2f}"


def paired_gain(after: Sequence[float], before: Sequence[float]) -> str:
    """Return the mean difference of pairs, and half of its interval of 95 percent, by Student's t.

    Raises ValueError for fewer than 3 or more than 10 pairs.

    >>> paired_gain([0.9, 0.9, 0.9], [0.8, 0.7, 0.6])
    '+0.200 ± 0.248'
    """
    differences = torch.tensor(after) - torch.tensor(before)
    count = len(differences)
    if count not in T975:
        raise ValueError(f"{count} pairs were given: it must be 3 to 10")
    half = T975[count] * differences.std() / count**0.5
    return f"{differences.mean():+.3f} ± {half:.3f}"


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
