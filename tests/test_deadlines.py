"""Deadlines: seconds are those that a submission computes, and the clock on the wall is patient."""

import os
import signal
import socket
import time
from dataclasses import replace

import pytest

from cnnbook.grading import deadlines, workers
from cnnbook.grading.deadlines import Clock, Deadline
from cnnbook.grading.limits import TimeLimit, TooLong
from tests.one_question import LIMITS, score_of

SHORT = replace(LIMITS, cell_seconds=1)
ENDLESS = "while True:\n        pass"


@pytest.fixture(scope="module", autouse=True)
def one_warm_parent():
    yield
    workers.stop_warm_parent()


def test_an_answer_may_wait_longer_than_it_may_compute():
    answer = "import time\ndef f():\n    time.sleep(1.5)\n    return 1"
    assert score_of(answer, "assert f() == 1", limits=SHORT)[0] == 1


@pytest.mark.parametrize(
    "body",
    [ENDLESS, f"import os\n    os.fork()\n    os.fork()\n    {ENDLESS}",
     f"import os, time\n    if os.fork():\n        time.sleep(99)\n    {ENDLESS}"],
    ids=["itself", "with others", "by others"],
)  # fmt: skip
def test_what_computes_too_long_is_ended_and_told_so(body):
    limits = replace(SHORT, patience=60)
    start = time.monotonic()
    score, question = score_of(f"def f():\n    {body}", "f()", limits=limits)
    assert (score, question["state"]) == (0, "timeout")
    assert "computed for longer than the 1 seconds that it may" in question["reason"]
    assert time.monotonic() - start < 50  # not by the clock


def test_what_only_waits_is_ended_by_the_clock_and_told_so():
    limits = replace(SHORT, patience=2)
    _, question = score_of("import time\ndef f():\n    time.sleep(99)", "f()", limits=limits)
    assert question["state"] == "timeout"
    assert "not ended after 2 seconds, though it computed for less than 1" in question["reason"]


def test_a_cell_that_is_ended_says_by_which_limit():
    _, question = score_of(f"if True:\n    {ENDLESS}\ndef f(): pass", "f()", limits=SHORT)
    assert "computed for longer" in question["reason"]
    assert "f is not defined" in question["reason"]


def test_all_cells_together_have_a_limit_that_restarts_do_not_renew():
    burn = "import time\nwhile time.process_time() < 0.8:\n    pass\ndef f():\n    import os\n    os._exit(1)"
    limits = replace(SHORT, total_seconds=2)
    _, question = score_of(burn, "f()", limits=limits)
    start = deadlines.Allowance(limits)
    start.spent = 1.5
    assert start.deadline().seconds == pytest.approx(0.5)
    start.spent = 2
    assert start.is_over
    assert question["score"] == 0


def test_without_a_group_each_process_below_is_counted():
    reading, into = os.pipe()
    child = os.fork()
    if child == 0:
        if os.fork() == 0:
            while time.process_time() < 0.3:
                pass
            os._exit(0)
        os.wait()
        while time.process_time() < 0.2:
            pass
        os.write(into, b"x")
        signal.pause()
    os.read(reading, 1)
    try:
        assert 0.4 < deadlines._seconds_below(os.getpid()) < 5
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_deadline_does_not_pass_while_nothing_is_computed():
    ours, theirs = socket.socketpair()
    still = Deadline(Clock(lambda: 7.0), 0.2, 100)
    alarm_clock = Deadline(Clock(lambda: 7.0), 0.2, 0.4)
    with pytest.raises(TimeoutError, match=r"not ended after 0\.4 seconds"):
        alarm_clock.wait(ours)
    theirs.send(b"x")
    still.wait(ours)  # the clock on the wall has passed what it may compute
    with ours, theirs:
        assert ours.recv(1) == b"x"


def test_what_can_no_longer_be_read_counts_as_last_seen():
    readings = iter([1.0, 3.0])
    clock = Clock(lambda: next(readings, None) or int("gone"))
    assert [clock.now() for _ in range(3)] == [1.0, 3.0, 3.0]


def test_a_test_too_has_its_time_in_what_it_computes():
    with TimeLimit(0.1, 5):
        time.sleep(0.3)
    with pytest.raises(TooLong), TimeLimit(0.1, 50):
        while True:
            pass
    with pytest.raises(TooLong), TimeLimit(50, 0.1):
        time.sleep(5)
