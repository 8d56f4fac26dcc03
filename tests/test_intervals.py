"""The intervals that pages print, against SciPy's."""

import re

import numpy as np
import pytest
from scipy import stats

from cnnbook.intervals import holm, paired, paired_gain, spread


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_a_paired_gain_has_the_interval_of_students_t(count):
    after, before = np.random.default_rng(count).random((2, count))
    low, high = stats.ttest_rel(after, before).confidence_interval()
    mean, half = map(float, re.findall(r"[-+]?\d\.\d+", paired_gain(after, before)))
    assert mean == pytest.approx((low + high) / 2, abs=6e-4)
    assert half == pytest.approx((high - low) / 2, abs=1e-3)


def test_a_spread_is_that_of_runs_and_not_of_their_mean():
    assert spread([0.0, 1.0, 0.0, 1.0]) == "0.50 ± 0.58"


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert holm({"x": 0.02, "y": 0.02, "z": 0.9}) == {"x": 0.06, "y": 0.06, "z": 0.9}
    assert holm({"x": 0.6, "y": 0.7}) == {"x": 1.0, "y": 1.0}


def test_the_interval_of_five_differences_by_a_printed_table():
    """Differences 1 to 5: mean 3, deviation the square root of 2.5; Student's factor for 4 is 2.776."""
    mean, half = paired([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])
    assert mean == pytest.approx(3)
    assert half == pytest.approx(2.776 * 2.5**0.5 / 5**0.5, rel=1e-3)


def test_what_both_sides_share_does_not_widen_a_paired_interval():
    assert paired([11.0, 101.0, 1001.0], [10.0, 100.0, 1000.0]) == pytest.approx((1, 0))


@pytest.mark.parametrize("before", [[1.0], [1.0, 2.0, 3.0]])
def test_sides_of_different_lengths_are_refused(before):
    with pytest.raises(ValueError, match="the same on both sides"):
        paired([1.0, 2.0], before)
