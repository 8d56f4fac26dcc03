"""Sizes, parameters and multiply-accumulates of a convolution, in integers.

Argument names are PyTorch's.
Every function answers a value it cannot use with a `ValueError` that names the
argument, the value given and what is allowed.
"""

import operator
from math import prod

__all__ = [
    "conv_macs",
    "conv_output_size",
    "conv_parameters",
    "conv_transpose_output_size",
    "effective_kernel_size",
    "same_padding",
]


def effective_kernel_size(kernel_size: int, dilation: int = 1) -> int:
    """Return how many input positions a dilated kernel spans, first tap to last.

    K taps with D - 1 skipped positions between neighbours span D (K - 1) + 1.

    >>> effective_kernel_size(3, dilation=2)
    5
    """
    kernel_size = _whole_number("kernel_size", kernel_size, at_least=1)
    dilation = _whole_number("dilation", dilation, at_least=1)
    return dilation * (kernel_size - 1) + 1


def conv_output_size(
    input_size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Return the output length along one axis, floor((H + 2P - D (K - 1) - 1) / S) + 1.

    All lengths are in positions (pixels for an image); `padding` is added on each side.
    Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic", relationship 15.

    >>> conv_output_size(224, 7, stride=2, padding=3)
    112
    """
    input_size = _whole_number("input_size", input_size, at_least=1)
    stride = _whole_number("stride", stride, at_least=1)
    padding = _whole_number("padding", padding, at_least=0)
    span = effective_kernel_size(kernel_size, dilation)
    padded = input_size + 2 * padding
    if span > padded:
        raise ValueError(
            f"kernel_size={kernel_size} with dilation={dilation} spans {span} positions, but the "
            f"padded input has only {padded} (input_size={input_size}, padding={padding}): "
            f"use a kernel that spans at most {padded}, or more padding"
        )
    return (padded - span) // stride + 1


def conv_transpose_output_size(
    input_size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """Return the output length of a transposed convolution, (H - 1) S - 2P + D (K - 1) + 1 + P_out.

    `output_padding` must be smaller than the stride or the dilation, as in PyTorch.

    >>> conv_transpose_output_size(112, 7, stride=2, padding=3, output_padding=1)
    224
    """
    input_size = _whole_number("input_size", input_size, at_least=1)
    stride = _whole_number("stride", stride, at_least=1)
    padding = _whole_number("padding", padding, at_least=0)
    output_padding = _whole_number("output_padding", output_padding, at_least=0)
    span = effective_kernel_size(kernel_size, dilation)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding={output_padding} is not allowed: it must be smaller than the larger "
            f"of stride={stride} and dilation={dilation}"
        )
    size = (input_size - 1) * stride - 2 * padding + span + output_padding
    if size < 1:
        raise ValueError(
            f"padding={padding} removes the whole output: (input_size - 1) * stride + "
            f"effective kernel = {size + 2 * padding - output_padding} positions, "
            f"and twice the padding must be less than that"
        )
    return size


def same_padding(kernel_size: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding (before, after) that keeps the size of an axis at stride 1.

    The total is D (K - 1). Where that is odd, the extra position goes after the
    input, as `torch.nn.Conv2d(..., padding="same")` has it.

    >>> same_padding(3), same_padding(4), same_padding(3, dilation=2)
    ((1, 1), (1, 2), (2, 2))
    """
    total = effective_kernel_size(kernel_size, dilation) - 1
    return total // 2, total - total // 2


def conv_parameters(
    in_channels: int,
    out_channels: int,
    *,
    kernel_size: int | tuple[int, ...],
    groups: int = 1,
    bias: bool = True,
) -> int:
    """Return the number of trainable values, C_out (K² C_in / G + 1), or without the 1 if no bias.

    An integer `kernel_size` means a square 2-D kernel; a tuple gives one length an axis.

    >>> conv_parameters(64, 128, kernel_size=3)
    73856
    """
    if not isinstance(bias, bool):
        raise ValueError(f"bias={bias!r} is not allowed: it must be True or False")
    fan_in = _weights_per_output_channel(in_channels, out_channels, kernel_size, groups)
    return out_channels * (fan_in + bias)


def conv_macs(
    in_channels: int,
    out_channels: int,
    *,
    kernel_size: int | tuple[int, ...],
    output_size: int | tuple[int, ...],
    groups: int = 1,
) -> int:
    """Return the multiply-accumulates for one image; 1 MAC = 2 FLOPs. The bias is not counted.

    An integer `kernel_size` or `output_size` means a square; a tuple gives one length an axis.

    >>> conv_macs(3, 64, kernel_size=7, output_size=112)
    118013952
    """
    fan_in = _weights_per_output_channel(in_channels, out_channels, kernel_size, groups)
    output = _lengths("output_size", output_size, axes=_axes(kernel_size))
    return out_channels * fan_in * prod(output)


def _weights_per_output_channel(in_channels, out_channels, kernel_size, groups) -> int:
    in_channels = _whole_number("in_channels", in_channels, at_least=1)
    out_channels = _whole_number("out_channels", out_channels, at_least=1)
    groups = _whole_number("groups", groups, at_least=1)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(
                f"groups={groups} does not divide {name}={channels}: every group must get the "
                f"same number of channels"
            )
    kernel = _lengths("kernel_size", kernel_size, axes=_axes(kernel_size))
    return in_channels // groups * prod(kernel)


def _axes(kernel_size) -> int:
    return len(kernel_size) if isinstance(kernel_size, tuple) else 2


def _lengths(name, value, axes) -> tuple[int, ...]:
    lengths = value if isinstance(value, tuple) else (value,) * axes
    if not lengths or len(lengths) != axes:
        raise ValueError(
            f"{name}={value!r} is not allowed: give one length for each of {axes} axes"
        )
    return tuple(_whole_number(name, length, at_least=1) for length in lengths)


def _whole_number(name, value, at_least) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}={value!r} is not allowed: it must be a whole number") from None
    if number < at_least:
        raise ValueError(f"{name}={value!r} is not allowed: it must be at least {at_least}")
    return number
