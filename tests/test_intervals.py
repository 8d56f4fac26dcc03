"""The intervals that pages print, against SciPy's."""

import re

import numpy as np
import pytest
from scipy import stats

from cnnbook.intervals import T975, holm, paired_gain, spread


@pytest.mark.parametrize("count", T975)
def test_a_paired_gain_has_the_interval_of_students_t(count):
    after, before = np.random.default_rng(count).random((2, count))
    low, high = stats.ttest_rel(after, before).confidence_interval()
    mean, half = map(float, re.findall(r"[-+]?\d\.\d+", paired_gain(after, before)))
    assert mean == pytest.approx((low + high) / 2, abs=6e-4)
    assert half == pytest.approx((high - low) / 2, abs=1e-3)


def test_two_pairs_are_too_few():
    with pytest.raises(ValueError, match="3 to 10"):
        paired_gain([1.0, 2.0], [0.0, 0.0])


def test_a_spread_is_that_of_runs_and_not_of_their_mean():
    assert spread([0.0, 1.0, 0.0, 1.0]) == "0.50 ± 0.58"


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert holm({"x": 0.02, "y": 0.02, "z": 0.9}) == {"x": 0.06, "y": 0.06, "z": 0.9}
    assert holm({"x": 0.6, "y": 0.7}) == {"x": 1.0, "y": 1.0}
