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
        (torch.tensor([1e-3, 1e3]), torch.tensor([1e-3, 1e3 + 0.1])),
        (torch.tensor([1, 10**6]), torch.tensor([1, 10**6 + 1])),
        (torch.tensor([1, 2]), torch.tensor([1.5, 2.0])),
        (torch.tensor([True, False]), torch.tensor([0.7, 0.0])),
        (torch.tensor([1.0, float("inf")]), torch.tensor([1.0, 2.0])),
        (torch.tensor([1.0 + 1.0j]), torch.tensor([1.0 - 1.0j])),
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


@pytest.mark.parametrize("kernel_size", [3, 11])
def test_another_order_of_summation_is_no_mistake(kernel_size):
    """What rounding does to numbers that nearly cancel depends on those that they were summed from."""
    torch.manual_seed(0)
    x, w = torch.randn(8, 16, 24, 24), torch.randn(32, 16, kernel_size, kernel_size)
    patches = F.unfold(x, kernel_size).double()
    exact = (w.flatten(1).double() @ patches).view(8, 32, 25 - kernel_size, 25 - kernel_size)
    expect(gives_back(F.conv2d(x, w)), gives=exact.float(), look_at="nothing")
    wrong = exact.float()
    wrong[3, 2, 1, 0] += 1e-2
    with pytest.raises(AssertionError, match="furthest off at"):
        expect(gives_back(wrong), gives=exact.float(), look_at="the sum")


def test_infinities_and_empty_tensors_can_be_expected():
    for value in (torch.tensor([1.0, float("inf")]), torch.empty(0, 3), torch.empty(0, dtype=int)):
        expect(gives_back(value.clone()), gives=value, look_at="nothing")


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


@pytest.mark.parametrize("got", [2.0, 2.02, 1.98])
def test_a_share_may_be_given_by_which_a_number_may_be_off(got):
    expect(gives_back(got), gives=2.0, within=0.0101, look_at="nothing")


@pytest.mark.parametrize(
    "got", [2.03, 1.97, float("nan"), float("inf"), 2, None, torch.tensor(2.0)]
)
def test_beyond_that_share_the_check_fails_and_says_so(got):
    remark = "more than 1% off" if type(got) is float else "not float"
    with pytest.raises(AssertionError, match=remark):
        expect(gives_back(got), gives=2.0, within=0.0101, look_at="nothing")
