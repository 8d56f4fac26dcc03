"""Xception: Chollet 2017, "Deep learning with depthwise separable convolutions", arXiv:1610.02357.

The idea: an Inception module with a branch for every channel is a separable convolution; build the
whole network of those, with residual connections. Its input is 299 pixels wide.
"""

from collections.abc import Sequence

import torch
from torch import nn


class SeparableConv2d(nn.Sequential):
    """A 3×3 convolution of each channel by itself, then a 1×1; no bias, no activation between."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
        )


class Block(nn.Module):
    """Separable convolutions with ReLU before each, perhaps max pooling; and the input added.

    `widths` are the channels after each convolution. The first ReLU is left out on request.
    """

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        *,
        stride: int = 1,
        starts_with_relu: bool = True,
    ):
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for index, width in enumerate(widths):
            if index or starts_with_relu:
                layers.append(nn.ReLU())
            layers += [SeparableConv2d(channels, width), nn.BatchNorm2d(width)]
            channels = width
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, padding=1))
        changes = stride != 1 or channels != in_channels
        self.skip = (
            nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
            if changes
            else nn.Identity()
        )
        self.layers = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.skip(x) + self.layers(x)


def xception(num_classes: int = 1000) -> nn.Sequential:
    """Return Xception, 22,855,952 parameters. Input (N, 3, H, W), output (N, num_classes)."""

    def conv(in_channels: int, out_channels: int, stride: int) -> list[nn.Module]:
        layer = nn.Conv2d(in_channels, out_channels, 3, stride, bias=False)
        return [layer, nn.BatchNorm2d(out_channels), nn.ReLU()]

    def separable(in_channels: int, out_channels: int) -> list[nn.Module]:
        return [SeparableConv2d(in_channels, out_channels), nn.BatchNorm2d(out_channels), nn.ReLU()]

    return nn.Sequential(
        *conv(3, 32, 2), *conv(32, 64, 1),  # entry flow
        Block(64, (128, 128), stride=2, starts_with_relu=False),
        Block(128, (256, 256), stride=2), Block(256, (728, 728), stride=2),
        *[Block(728, (728, 728, 728)) for _ in range(8)],  # middle flow
        Block(728, (728, 1024), stride=2),  # exit flow
        *separable(1024, 1536), *separable(1536, 2048),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, num_classes),
    )  # fmt: skip
