"""VGG: Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image
recognition", arXiv:1409.1556.

The idea: nothing but 3×3 convolutions, and many of them; three see what one 7×7 sees, for less.
"""

from collections.abc import Sequence

import torch
from torch import nn


class VGG(nn.Module):
    """Five stages of 3×3 convolutions and three dense layers. Input (N, 3, H, W).

    `depths` says how many convolutions each stage has; every stage ends with max pooling.
    """

    def __init__(self, depths: Sequence[int], *, batch_norm: bool = False, num_classes: int = 1000):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width, depth in zip((64, 128, 256, 512, 512), depths, strict=True):
            for _ in range(depth):
                norm = [nn.BatchNorm2d(width)] if batch_norm else []
                layers += [nn.Conv2d(channels, width, 3, padding=1), *norm, nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)  # so that other sizes than 224 run
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.avgpool(self.features(x))  # (N, 512, 7, 7)
        return self.classifier(x.flatten(1))


def vgg11(num_classes: int = 1000, *, batch_norm: bool = False) -> VGG:
    """Return configuration A, 132,863,336 parameters."""
    return VGG((1, 1, 2, 2, 2), batch_norm=batch_norm, num_classes=num_classes)


def vgg13(num_classes: int = 1000, *, batch_norm: bool = False) -> VGG:
    """Return configuration B, 133,047,848 parameters."""
    return VGG((2, 2, 2, 2, 2), batch_norm=batch_norm, num_classes=num_classes)


def vgg16(num_classes: int = 1000, *, batch_norm: bool = False) -> VGG:
    """Return configuration D, 138,357,544 parameters."""
    return VGG((2, 2, 3, 3, 3), batch_norm=batch_norm, num_classes=num_classes)


def vgg19(num_classes: int = 1000, *, batch_norm: bool = False) -> VGG:
    """Return configuration E, 143,667,240 parameters."""
    return VGG((2, 2, 4, 4, 4), batch_norm=batch_norm, num_classes=num_classes)


def vgg11_bn(num_classes: int = 1000) -> VGG:
    """Return VGG-11 with batch normalisation, 132,868,840 parameters."""
    return vgg11(num_classes, batch_norm=True)


def vgg13_bn(num_classes: int = 1000) -> VGG:
    """Return VGG-13 with batch normalisation, 133,053,736 parameters."""
    return vgg13(num_classes, batch_norm=True)


def vgg16_bn(num_classes: int = 1000) -> VGG:
    """Return VGG-16 with batch normalisation, 138,365,992 parameters."""
    return vgg16(num_classes, batch_norm=True)


def vgg19_bn(num_classes: int = 1000) -> VGG:
    """Return VGG-19 with batch normalisation, 143,678,248 parameters."""
    return vgg19(num_classes, batch_norm=True)
