"""The checks of the exercises: what they accept, and what they say when they do not."""

import sys
import warnings

import pytest
import torch
import torch.nn.functional as F

from cnnbook.checks import expect, no_convolutions


def gives_back(value):
    def student(*args, **kwargs):
        return value

    return student


@pytest.mark.parametrize(
    "value",
    [3, "same", (1, 2), [1, (2, 3)], {"a": [1]}, torch.arange(4.0), None, True],
    ids=repr,
)
def test_the_expected_value_passes(value):
    expect(gives_back(value), gives=value, look_at="nothing")


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (3, 4),
        (3, 3.0),
        (1, True),
        ((1, 2), [1, 2]),
        ((1, 2), (1, 2, 3)),
        ([(1, 2)], [(1, 3)]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": 2}),
        (3, None),
        (torch.zeros(2), [0.0, 0.0]),
        (torch.zeros(2, 1), torch.zeros(1, 2)),
        (torch.zeros(2), torch.tensor([0.0, 0.001])),
        (torch.zeros(2), torch.tensor([0.0, float("nan")])),
        (torch.zeros(2, dtype=torch.float64), torch.tensor([0.0, 1e-8]).double()),
    ],
    ids=repr,
)
def test_anything_else_fails_and_says_where_to_look(expected, got):
    with pytest.raises(AssertionError) as error:
        expect(gives_back(got), 5, size=2, gives=expected, look_at="the sum")
    message = str(error.value)
    assert message.startswith("student(5, size=2)\n  expected ")
    assert "\n  got      " in message
    assert message.endswith("\n  look at  the sum")


def test_a_message_says_which_entry_differs():
    with pytest.raises(AssertionError, match="first difference in entry 1"):
        expect(gives_back([1, 3]), gives=[1, 2], look_at="x")
    with pytest.raises(AssertionError, match=r"furthest off at \(1,\): expected 0, got 5"):
        expect(gives_back(torch.tensor([1.0, 5.0])), gives=torch.zeros(2), look_at="x")


def test_warnings_and_stderr_of_a_right_answer_reach_nobody(capsys):
    def noisy():
        warnings.warn("careful", stacklevel=1)
        print("to stderr", file=sys.stderr)
        return 1

    expect(noisy, gives=1, look_at="x")
    assert capsys.readouterr().err == ""


def test_an_error_in_the_answer_is_shown_as_it_is():
    def broken():
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        expect(broken, gives=1, look_at="x")


@pytest.mark.parametrize(
    "convolve",
    [
        lambda x, w: F.conv2d(x, w),
        lambda x, w: torch.conv2d(x, w),
        lambda x, w: torch.convolution(x, w, None, (1, 1), (0, 0), (1, 1), False, (0, 0), 1),
        lambda x, w: torch.nn.Conv2d(1, 1, 2)(x),
        lambda x, w: F.conv_transpose2d(x, w),
    ],
)
def test_no_convolutions_stops_every_way_to_call_one(convolve):
    x, w = torch.rand(1, 1, 3, 3), torch.rand(1, 1, 2, 2)
    convolve(x, w)
    with pytest.raises(AssertionError, match="your own sum"), no_convolutions():
        convolve(x, w)
    with no_convolutions():
        assert (x * x).sum() > 0
