import time

import pytest

from cnnbook.timing import shortest_time


def test_the_fastest_run_counts_and_the_first_one_does_not():
    waits = iter([0.0, 0.05, 0.02, 0.05])
    took = shortest_time(lambda: time.sleep(next(waits)), repeat=3)
    assert 0.02 <= took < 0.05
    assert next(waits, None) is None


def test_no_run_is_an_error():
    with pytest.raises(ValueError, match="repeat=0"):
        shortest_time(lambda: None, repeat=0)
