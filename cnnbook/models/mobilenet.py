"""MobileNet: Howard et al. 2017, arXiv:1704.04861; and version 2: Sandler et al. 2018,
"Inverted residuals and linear bottlenecks", arXiv:1801.04381.

The idea: filter each channel by itself, then mix channels with 1×1 convolutions; 8 to 9 times cheaper.
Version 2 adds shortcuts between narrow maps and widens them only inside the block.
"""

from collections.abc import Callable

import torch
from torch import nn


def divisible(value: float, divisor: int = 8) -> int:
    """Return the multiple of `divisor` nearest to a width, never more than 10 % below it."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    activation: Callable[[], nn.Module] | None = nn.ReLU6,
) -> nn.Sequential:
    """Return convolution, batch normalisation and, unless it is None, activation."""
    padding = (kernel_size - 1) // 2
    layers = [
        nn.Conv2d(
            in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False
        ),
        nn.BatchNorm2d(out_channels),
    ]
    return nn.Sequential(*layers, *([activation()] if activation else []))


class MobileNetV1(nn.Module):
    """A 3×3 stem and thirteen separable convolutions. Input (N, 3, H, W).

    `width` multiplies all channels (the paper's alpha). The resolution multiplier is the input size.
    """

    def __init__(self, *, width: float = 1.0, num_classes: int = 1000):
        super().__init__()
        channels = divisible(32 * width)
        layers = [conv_norm(3, channels, 3, stride=2)]
        plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]
        for planned, stride in [*plan, (1024, 2), (1024, 1)]:
            out = divisible(planned * width)
            layers.append(conv_norm(channels, channels, 3, stride, groups=channels))  # depthwise
            layers.append(conv_norm(channels, out, 1))  # pointwise
            channels = out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


class InvertedResidual(nn.Module):
    """Widen by a 1×1, filter each channel, narrow by a 1×1 without activation; add the input.

    The input is added only where its shape is that of the output.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expand: int):
        super().__init__()
        inside = expand * in_channels
        self.adds_input = stride == 1 and in_channels == out_channels
        widen = [conv_norm(in_channels, inside, 1)] if expand != 1 else []
        self.conv = nn.Sequential(
            *widen,
            conv_norm(inside, inside, 3, stride, groups=inside),
            conv_norm(inside, out_channels, 1, activation=None),  # the linear bottleneck
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) if self.adds_input else self.conv(x)


class MobileNetV2(nn.Module):
    """A 3×3 stem, seventeen inverted residuals and a 1×1 to 1,280 channels. Input (N, 3, H, W)."""

    # Table 2 of the paper: expansion, channels, blocks, stride of the first block.
    PLAN = (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
        (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    )  # fmt: skip

    def __init__(self, *, width: float = 1.0, num_classes: int = 1000):
        super().__init__()
        channels, last = divisible(32 * width), divisible(1280 * max(1.0, width))
        layers: list[nn.Module] = [conv_norm(3, channels, 3, stride=2)]
        for expand, planned, blocks, stride in self.PLAN:
            out = divisible(planned * width)
            for index in range(blocks):
                step = stride if index == 0 else 1
                layers.append(InvertedResidual(channels, out, step, expand))
                channels = out
        self.features = nn.Sequential(*layers, conv_norm(channels, last, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


def mobilenet_v1(num_classes: int = 1000, *, width: float = 1.0) -> MobileNetV1:
    """Return MobileNet, 4,231,976 parameters at width 1."""
    return MobileNetV1(width=width, num_classes=num_classes)


def mobilenet_v2(num_classes: int = 1000, *, width: float = 1.0) -> MobileNetV2:
    """Return MobileNet v2, 3,504,872 parameters at width 1."""
    return MobileNetV2(width=width, num_classes=num_classes)
