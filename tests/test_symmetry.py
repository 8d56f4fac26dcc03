"""Symmetries, against pictures moved by hand and against the definition of a group."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.symmetry import (
    blur_pool,
    equivariance_error,
    flip,
    p4_kernels,
    rotate90,
    rotate_p4,
    rotated_kernels,
    shift_consistency,
    translate,
    translate_circular,
)

PICTURE = torch.arange(1, 10).reshape(3, 3)


def test_translate_fills_with_zeros():
    assert translate(PICTURE, 1, 0).tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert translate(PICTURE, -1, 1).tolist() == [[0, 4, 5], [0, 7, 8], [0, 0, 0]]


def test_circular_translation_loses_nothing():
    assert translate_circular(PICTURE, 1, 0).tolist() == [[7, 8, 9], [1, 2, 3], [4, 5, 6]]
    assert torch.equal(translate_circular(PICTURE, 3, 3), PICTURE)


def test_turns_go_anticlockwise_and_four_are_none():
    assert rotate90(PICTURE).tolist() == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]
    assert torch.equal(rotate90(PICTURE, 4), PICTURE)
    assert flip(PICTURE).tolist() == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]


def circular(stride=1):
    torch.manual_seed(0)
    return nn.Conv2d(2, 3, 3, stride, padding=1, padding_mode="circular").double()


def picture(size=12, channels=2):
    torch.manual_seed(1)
    return torch.randn(2, channels, size, size, dtype=torch.float64)


def test_a_circular_convolution_is_equivariant_to_shifts_and_not_to_turns():
    shift = lambda x: translate_circular(x, 2, 5)  # noqa: E731
    assert equivariance_error(circular(), picture(), shift) < 1e-12
    assert equivariance_error(circular(), picture(), rotate90) > 0.1


def test_stride_two_halves_even_shifts_and_spoils_odd_ones():
    def error(pixels):
        return equivariance_error(
            circular(stride=2),
            picture(),
            lambda x: translate_circular(x, pixels, 0),
            of_output=lambda y: translate_circular(y, pixels // 2, 0),
        )

    assert error(4) < 1e-12
    assert error(3) > 0.1


def test_invariance_is_equivariance_with_the_identity():
    pooled = nn.Sequential(circular(), nn.AdaptiveAvgPool2d(1))
    shift = lambda x: translate_circular(x, 1, 1)  # noqa: E731
    assert equivariance_error(pooled, picture(), shift, of_output=lambda y: y) < 1e-12


def test_sides_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="of_output"):
        equivariance_error(lambda x: x[..., 1:], torch.rand(1, 1, 4, 6), rotate90)


def test_a_lifting_convolution_commutes_with_turns():
    weight = torch.randn(3, 2, 3, 3, dtype=torch.float64)

    def lift(x):
        return F.conv2d(x, rotated_kernels(weight), padding=1)

    assert rotated_kernels(weight).shape == (12, 2, 3, 3)
    for turns in (1, 2, 3):
        error = equivariance_error(
            lift,
            picture(),
            lambda x, turns=turns: rotate90(x, turns),
            of_output=lambda y, turns=turns: rotate_p4(y, turns),
        )
        assert error < 1e-12


def test_a_p4_convolution_commutes_with_turns():
    weight = torch.randn(3, 2, 4, 3, 3, dtype=torch.float64)

    def convolve(x):
        return F.conv2d(x, p4_kernels(weight), padding=1)

    x = picture(channels=8)
    assert p4_kernels(weight).shape == (12, 8, 3, 3)
    for turns in (1, 2, 3):
        error = equivariance_error(convolve, x, lambda v, turns=turns: rotate_p4(v, turns))
        assert error < 1e-12
    plain = torch.randn(12, 8, 3, 3, dtype=torch.float64)
    assert equivariance_error(lambda v: F.conv2d(v, plain, padding=1), x, rotate_p4) > 0.1


def test_turning_a_p4_map_four_times_is_the_identity():
    x = picture(channels=8)
    assert torch.equal(rotate_p4(rotate_p4(x, 1), 3), x)
    assert not torch.equal(rotate_p4(x, 1), rotate90(x, 1))


def test_shift_consistency_is_one_for_an_invariant_classifier_and_less_for_a_pixel():
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert shift_consistency(lambda x: x.mean((2, 3)), images) == 1
    by_pixel = shift_consistency(lambda x: x[:, :, 0, 0], images)
    assert by_pixel < 0.8
    assert by_pixel == shift_consistency(lambda x: x[:, :, 0, 0], images), "the seed decides"


def test_blurring_keeps_a_constant_map_and_softens_a_spike():
    assert torch.allclose(blur_pool(torch.ones(2, 3, 6, 5)), torch.ones(2, 3, 3, 3))
    spike = torch.zeros(1, 1, 5, 5)
    spike[..., 2, 2] = 16
    assert blur_pool(spike, stride=1)[0, 0, 1:4, 1:4].tolist() == [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    assert blur_pool(spike)[0, 0].tolist() == [[0, 0, 0], [0, 4, 0], [0, 0, 0]]


def test_circular_blurring_continues_on_the_other_side():
    corner = torch.zeros(1, 1, 4, 4)
    corner[..., 0, 0] = 16
    assert blur_pool(corner, stride=1, circular=True)[0, 0, 3].tolist() == [2, 1, 0, 1]
