"""Network in Network: Lin, Chen and Yan 2014, arXiv:1312.4400.

The idea: after each convolution two 1×1 convolutions with ReLU, a small network at every pixel; and
at the end a map for each class, averaged, in place of dense layers.
"""

from typing import Any

from torch import nn


def mlpconv(
    in_channels: int, out_channels: int, kernel_size: int, **settings: Any
) -> nn.Sequential:
    """Return a convolution and two 1×1 convolutions, each with ReLU."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, **settings), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 1), nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 1), nn.ReLU(),
    )  # fmt: skip


def nin(num_classes: int = 1000) -> nn.Sequential:
    """Return the ImageNet version, 7,595,176 parameters. Input (N, 3, H, W), 224 in the paper."""
    return nn.Sequential(
        mlpconv(3, 96, 11, stride=4), nn.MaxPool2d(3, stride=2),
        mlpconv(96, 256, 5, padding=2), nn.MaxPool2d(3, stride=2),
        mlpconv(256, 384, 3, padding=1), nn.MaxPool2d(3, stride=2), nn.Dropout(0.5),
        nn.Conv2d(384, 1024, 3, padding=1), nn.ReLU(),
        nn.Conv2d(1024, 1024, 1), nn.ReLU(),
        nn.Conv2d(1024, num_classes, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )  # fmt: skip
