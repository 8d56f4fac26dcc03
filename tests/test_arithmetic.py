"""The arithmetic of convolutions, against PyTorch's own layers and sums done by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from cnnbook.arithmetic import (
    conv_macs,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
    effective_kernel_size,
    same_padding,
)

sizes = st.integers(1, 40)
small = st.integers(1, 5)


@given(sizes, st.integers(1, 7), small, st.integers(0, 4), small)
def test_output_size_is_what_pytorch_returns(n, k, s, p, d):
    assume(d * (k - 1) + 1 <= n + 2 * p)
    real = F.conv1d(torch.zeros(1, 1, n), torch.zeros(1, 1, k), None, s, p, d).shape[-1]
    assert conv_output_size(n, k, stride=s, padding=p, dilation=d) == real


@given(sizes, st.integers(1, 7), small, st.integers(0, 3), st.integers(0, 4), small)
def test_transposed_output_size_is_what_pytorch_returns(n, k, s, p, extra, d):
    assume(extra < max(s, d))
    assume((n - 1) * s - 2 * p + d * (k - 1) + extra + 1 > 0)
    layer = nn.ConvTranspose1d(1, 1, k, s, p, extra, dilation=d)
    real = layer(torch.zeros(1, 1, n)).shape[-1]
    ours = conv_transpose_output_size(n, k, stride=s, padding=p, output_padding=extra, dilation=d)
    assert ours == real


@given(st.integers(1, 9), small)
def test_same_padding_keeps_the_size_as_pytorch_does(k, d):
    layer = nn.Conv1d(1, 1, k, dilation=d, padding="same", padding_mode="circular", bias=False)
    x = torch.randn(1, 1, 50)
    padded = F.pad(x, same_padding(k, d), mode="circular")
    assert torch.equal(F.conv1d(padded, layer.weight, dilation=d), layer(x))


@given(small, small, st.integers(1, 5), small, st.booleans())
def test_parameters_are_those_of_a_real_layer(a, b, k, g, bias):
    layer = nn.Conv2d(a * g, b * g, k, groups=g, bias=bias)
    real = sum(p.numel() for p in layer.parameters())
    assert conv_parameters(a * g, b * g, kernel_size=k, groups=g, bias=bias) == real


@given(small, small, st.tuples(small, small), small)
def test_macs_are_half_of_what_the_flop_counter_counts(a, b, kernel, g):
    from torch.utils.flop_counter import FlopCounterMode

    layer = nn.Conv2d(a * g, b * g, kernel, groups=g, device="meta")
    with FlopCounterMode(display=False) as counter:
        out = layer(torch.zeros(1, a * g, 11, 12, device="meta"))
    ours = conv_macs(a * g, b * g, kernel_size=kernel, output_size=tuple(out.shape[2:]), groups=g)
    assert 2 * ours == counter.get_total_flops()


def test_three_axes_are_counted_by_tuples():
    layer = nn.Conv3d(4, 8, (3, 5, 5))
    assert conv_parameters(4, 8, kernel_size=(3, 5, 5)) == sum(
        p.numel() for p in layer.parameters()
    )


@pytest.mark.parametrize(
    ("k", "d", "span"), [(1, 7, 1), (3, 1, 3), (3, 2, 5), (3, 4, 9), (7, 3, 19)]
)
def test_a_dilated_kernel_spans_its_gaps_too(k, d, span):
    assert effective_kernel_size(k, d) == span


def test_numpy_and_torch_integers_are_whole_numbers():
    assert conv_output_size(np.int64(224), torch.tensor(3), stride=np.int32(2)) == 111


NOT_WHOLE = [2.0, 2.5, "3", None, True, float("nan")]
CALLS = {
    "effective_kernel_size": (effective_kernel_size, {"kernel_size": 3, "dilation": 1}),
    "conv_output_size": (
        conv_output_size,
        {"input_size": 9, "kernel_size": 3, "stride": 1, "padding": 1, "dilation": 1},
    ),
    "conv_transpose_output_size": (
        conv_transpose_output_size,
        {
            "input_size": 9,
            "kernel_size": 3,
            "stride": 2,
            "padding": 1,
            "output_padding": 1,
            "dilation": 1,
        },
    ),
    "same_padding": (same_padding, {"kernel_size": 3, "dilation": 1}),
    "conv_parameters": (
        conv_parameters,
        {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "groups": 1},
    ),
    "conv_macs": (
        conv_macs,
        {"in_channels": 4, "out_channels": 4, "kernel_size": 3, "output_size": 5, "groups": 1},
    ),
}
ARGUMENTS = [(name, argument) for name, (_, good) in CALLS.items() for argument in good]


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
@pytest.mark.parametrize("value", NOT_WHOLE, ids=repr)
def test_anything_but_a_whole_number_is_refused_by_name(name, argument, value):
    function, good = CALLS[name]
    function(**good)  # the rest of the call is fine
    with pytest.raises(ValueError) as error:
        function(**{**good, argument: value})
    assert f"{argument}={value!r}" in str(error.value)
    assert "must be" in str(error.value)


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
def test_sizes_below_what_is_allowed_are_refused_by_name(name, argument):
    function, good = CALLS[name]
    value = -1 if "padding" in argument else 0
    with pytest.raises(ValueError, match=rf"{argument}={value} .*at least {value + 1}"):
        function(**{**good, argument: value})


def test_a_kernel_larger_than_the_padded_input_is_refused():
    with pytest.raises(ValueError, match="kernel_size=7 .*spans 7 .*has only 6 .*at most 6"):
        conv_output_size(4, 7, padding=1)
    assert conv_output_size(5, 7, padding=1) == 1
    with pytest.raises(ValueError, match="kernel_size=3 with dilation=4 spans 9"):
        conv_output_size(8, 3, dilation=4)


@pytest.mark.parametrize("function", [conv_parameters, conv_macs])
def test_groups_must_divide_both_numbers_of_channels(function):
    more = {"output_size": 5} if function is conv_macs else {}
    with pytest.raises(ValueError, match="groups=3 does not divide in_channels=4"):
        function(4, 6, kernel_size=3, groups=3, **more)
    with pytest.raises(ValueError, match="groups=3 does not divide out_channels=4"):
        function(6, 4, kernel_size=3, groups=3, **more)


def test_the_other_impossible_settings_are_refused_by_name():
    with pytest.raises(ValueError, match="output_padding=2 .*stride=2 and dilation=1"):
        conv_transpose_output_size(4, 3, stride=2, output_padding=2)
    with pytest.raises(ValueError, match="padding=5 removes the whole output"):
        conv_transpose_output_size(4, 3, padding=5)
    with pytest.raises(ValueError, match="bias=1 .*True or False"):
        conv_parameters(1, 1, kernel_size=3, bias=1)
    with pytest.raises(ValueError, match="output_size.*one length for each of 3 axes"):
        conv_macs(1, 1, kernel_size=(3, 3, 3), output_size=(4, 4))
    with pytest.raises(ValueError, match="kernel_size="):
        conv_parameters(1, 1, kernel_size=())
