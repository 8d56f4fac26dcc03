"""Receptive fields, against the support of the gradient and against published tables."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from cnnbook.receptive_field import (
    Layer,
    ReceptiveField,
    covers_all,
    effective_receptive_field,
    effective_width,
    growth_exponent,
    receptive_field,
    receptive_field_of,
    tap_counts,
)

LENGTH = 160
layers = st.builds(
    Layer, st.integers(1, 5), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)
)


def gradient_support(module, length, output):
    """Return the first and last input position that a gradient of one output reaches."""
    x = torch.zeros(1, 1, length, dtype=torch.float64, requires_grad=True)
    y = module(x)
    (gradient,) = torch.autograd.grad(y[0, 0, output], x)
    reached = gradient[0, 0].nonzero().flatten().tolist()
    return reached[0], reached[-1]


def positive(layer):
    """Return a layer whose weights are all one, so that no gradients cancel."""
    module = nn.Conv1d(
        1, 1, layer.kernel_size, layer.stride, layer.padding, layer.dilation, bias=False
    ).double()
    nn.init.ones_(module.weight)
    return module


@settings(max_examples=2000)
@given(st.lists(layers, min_size=1, max_size=5))
def test_a_chain_sees_what_its_gradient_reaches(chain):
    field = receptive_field(chain)
    module = nn.Sequential(*map(positive, chain))
    assume(field.size < LENGTH // 2)
    outputs = module(torch.zeros(1, 1, LENGTH, dtype=torch.float64)).shape[-1]
    inside = [
        i
        for i in range(outputs)
        if field.start + i * field.jump >= 0 and field.start + i * field.jump + field.size <= LENGTH
    ]
    assume(inside)
    left = field.start + inside[0] * field.jump
    assert gradient_support(module, LENGTH, inside[0]) == (left, left + field.size - 1)
    assert receptive_field_of(module, (1, LENGTH)) == field


class Branches(nn.Module):
    """Branches side by side, added up, after and before other layers."""

    def __init__(self, before, branches, after):
        super().__init__()
        self.before, self.after = positive(before), positive(after)
        self.branches = nn.ModuleList(nn.Sequential(*map(positive, b)) for b in branches)

    def forward(self, x):
        x = self.before(x)
        maps = [branch(x) for branch in self.branches] + [x]  # a skip as well
        return self.after(torch.cat(maps).sum(0, keepdim=True))


same = st.builds(
    lambda half, d: Layer(2 * half + 1, 1, half * d, d), st.integers(0, 2), st.integers(1, 3)
)


@settings(max_examples=200)
@given(layers, st.lists(st.lists(same, max_size=3), min_size=1, max_size=3), layers)
def test_the_largest_of_several_branches_counts(before, branches, after):
    module = Branches(before, branches, after)
    field = receptive_field_of(module, (1, LENGTH))
    outputs = module(torch.zeros(1, 1, LENGTH, dtype=torch.float64)).shape[-1]
    middle = outputs // 2
    left = field.start + middle * field.jump
    assume(left >= 0 and left + field.size <= LENGTH)
    assert gradient_support(module, LENGTH, middle) == (left, left + field.size - 1)


def test_five_three_by_three_layers_see_eleven_pixels():
    assert [receptive_field([Layer(3)] * n).size for n in (5, 10, 50)] == [11, 21, 101]


def test_where_a_pool_stands_decides_what_it_adds():
    def with_pool_after(n):
        chain = [Layer(3)] * 5
        return receptive_field([*chain[:n], Layer(2, stride=2), *chain[n:]]).size

    assert [with_pool_after(n) for n in (1, 2, 3, 4, 5)] == [20, 18, 16, 14, 12]


def test_wavenet_sees_1024_samples():
    assert receptive_field([Layer(2, dilation=2**i) for i in range(10)]).size == 1024


def test_a_squeeze_sees_everything_and_the_local_path_is_reported():
    class Squeeze(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = nn.Conv2d(4, 4, 3, padding=1), nn.AdaptiveAvgPool2d(1)
            self.excite = nn.Conv2d(4, 4, 1)

        def forward(self, x):
            x = self.conv(x)
            return x * self.excite(self.pool(x)).sigmoid()

    assert receptive_field_of(Squeeze(), (4, 16, 16)) == ReceptiveField(3, 1, -1, True)


def test_padding_before_a_causal_convolution_moves_the_start():
    class Causal(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(1, 1, 3)

        def forward(self, x):
            return self.conv(nn.functional.pad(x, (2, 0)))

    assert receptive_field_of(Causal(), (1, 9)) == ReceptiveField(3, 1, -2)


def test_every_second_place_of_a_slice_doubles_the_jump():
    class Sliced(nn.Module):
        def forward(self, x):
            return F.avg_pool2d(x[:, :, ::2, ::2], 3, stride=1)

    field = receptive_field_of(Sliced(), (1, 15, 15))
    x = torch.rand(1, 1, 15, 15, requires_grad=True)
    Sliced()(x)[0, 0, 2, 2].backward()
    seen = x.grad[0, 0].sum(0).nonzero().flatten().tolist()
    assert (field.size, field.jump) == (5, 2) and seen == [4, 6, 8]


def test_an_operation_without_a_regular_field_is_refused():
    with pytest.raises(ValueError, match="conv_transpose2d has no regular receptive field"):
        receptive_field_of(nn.ConvTranspose2d(1, 1, 2), (1, 4, 4))


def test_the_network_is_left_as_it_was():
    module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1)).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    receptive_field_of(module, (1, 8, 8))
    assert module.training
    assert module[1].training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("shape", [(), (3, 0, 4), (3, 2.5, 4), (True, 4, 4)])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ValueError, match="input_shape="):
        receptive_field_of(nn.Conv2d(3, 3, 3), shape)


def test_combs_of_repeated_even_dilation_have_holes():
    assert tap_counts([2, 2, 2]).tolist() == [1, 0, 3, 0, 6, 0, 7, 0, 6, 0, 3, 0, 1]


@pytest.mark.parametrize(
    ("dilations", "reached", "of"),
    [
        ([2, 2, 2], 7, 13), ([2, 4, 8], 15, 29), ([1, 2, 9], 21, 25),
        ([1, 2, 5], 17, 17), ([1, 2, 3], 13, 13), ([1, 2, 4, 8], 31, 31), ([1, 3, 9], 27, 27),
    ],
)  # fmt: skip
def test_which_dilations_cover_their_field(dilations, reached, of):
    counts = tap_counts(dilations)
    assert (int((counts > 0).sum()), len(counts)) == (reached, of)
    assert covers_all(dilations) == (reached == of)


def uniform_profile(depth):
    return tap_counts([1] * depth) / 3.0**depth


def test_seven_layers_see_fifteen_pixels_and_nearly_all_comes_from_nine():
    assert len(uniform_profile(7)) == 15
    assert effective_width(uniform_profile(7)) == 9
    assert effective_width([1, 3, 3, 1], mass=0.75) == 2  # the middle lies between two positions
    assert effective_width([1, 3, 3, 1], mass=0.76) == 4


def test_the_effective_field_grows_with_the_square_root_of_depth():
    def deviation(depth):
        positions = np.arange(2 * depth + 1) - depth
        return float(np.sqrt((uniform_profile(depth) * positions**2).sum()))

    depths = (5, 10, 20, 30)
    deviations = [deviation(depth) for depth in depths]
    assert deviations == pytest.approx([np.sqrt(depth * 8 / 12) for depth in depths])
    assert growth_exponent(depths, deviations) == pytest.approx(0.5)
    assert growth_exponent(depths, depths) == pytest.approx(1)


def test_the_measured_effective_field_is_the_gradient_in_the_middle():
    module = nn.Conv2d(2, 3, 3, padding=1)
    field = effective_receptive_field(module, (2, 9, 9), samples=4)
    assert field.shape == (9, 9)
    assert field.sum() == pytest.approx(1)
    assert (field > 0).nonzero().min(0).values.tolist() == [3, 3]
    assert (field > 0).nonzero().max(0).values.tolist() == [5, 5]
    assert torch.equal(field, effective_receptive_field(module, (2, 9, 9), samples=4))


@pytest.mark.parametrize("mass", [0, 1.5, -1])
def test_a_share_that_is_none_is_refused(mass):
    with pytest.raises(ValueError, match="mass="):
        effective_width([1, 2, 1], mass=mass)


def test_a_stack_with_more_paths_than_can_be_counted_is_an_error_and_still_covers():
    assert tap_counts([1] * 39).sum() == 3**39
    with pytest.raises(ValueError, match="40 layers of kernel 3"):
        tap_counts([1] * 40)
    assert covers_all([1] * 200)
    assert not covers_all([2] * 200)
