"""DenseNet: Huang, Liu, van der Maaten and Weinberger 2017, "Densely connected convolutional
networks", arXiv:1608.06993.

The idea: within a block every layer reads the maps of all earlier ones, side by side, and adds only
a few of its own; nothing has to be learned twice.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


class DenseLayer(nn.Module):
    """BN, ReLU, 1×1 to 4k channels; BN, ReLU, 3×3 to k: the k new maps, behind the old ones."""

    def __init__(self, in_channels: int, growth: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = self.conv1(F.relu(self.norm1(x)))
        new = self.conv2(F.relu(self.norm2(new)))
        return torch.cat([x, new], dim=1)


class Transition(nn.Sequential):
    """Between blocks: half the channels by a 1×1, half the size by average pooling."""

    def __init__(self, in_channels: int):
        super().__init__(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, in_channels // 2, 1, bias=False),
            nn.AvgPool2d(2),
        )


class DenseNet(nn.Module):
    """A stem, four dense blocks with transitions between them, pooling and one dense layer.

    Input (N, 3, H, W), output (N, num_classes). `growth` is the k of the paper: the maps that each
    layer adds. After l layers a block that began with c channels has c + l k.
    """

    def __init__(self, depths: Sequence[int], *, growth: int = 32, num_classes: int = 1000):
        super().__init__()
        channels = 2 * growth
        layers: list[nn.Module] = [
            nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        ]
        for block, depth in enumerate(depths):
            if block:
                layers.append(Transition(channels))
                channels //= 2
            for _ in range(depth):
                layers.append(DenseLayer(channels, growth))
                channels += growth
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        self.classifier = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


def densenet121(num_classes: int = 1000) -> DenseNet:
    """Return DenseNet-121, 7,978,856 parameters."""
    return DenseNet((6, 12, 24, 16), num_classes=num_classes)


def densenet169(num_classes: int = 1000) -> DenseNet:
    """Return DenseNet-169, 14,149,480 parameters."""
    return DenseNet((6, 12, 32, 32), num_classes=num_classes)


def densenet201(num_classes: int = 1000) -> DenseNet:
    """Return DenseNet-201, 20,013,928 parameters."""
    return DenseNet((6, 12, 48, 32), num_classes=num_classes)


def densenet161(num_classes: int = 1000) -> DenseNet:
    """Return DenseNet-161, growth 48, 28,681,000 parameters."""
    return DenseNet((6, 12, 36, 24), growth=48, num_classes=num_classes)
