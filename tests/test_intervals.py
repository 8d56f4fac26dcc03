"""Intervals of paired differences."""

import pytest

from cnnbook.intervals import paired


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
