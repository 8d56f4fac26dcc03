"""Pre-activation ResNets: He, Zhang, Ren and Sun 2016, "Identity mappings in deep residual networks",
arXiv:1603.05027.

The idea: keep the shortcut clean, with no ReLU after the sum, so that the input of every block
reaches every later one unchanged. Normalisation and ReLU come before each convolution instead.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.models.resnet import MakeBlock, conv, shortcut


class PreActivationBlock(nn.Module):
    """Normalise and activate before each of two 3×3 convolutions; the sum is left as it is."""

    def __init__(self, in_channels: int, width: int, stride: int = 1, *, option: str = "A"):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(in_channels), conv(in_channels, width, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3)
        self.downsample = shortcut(in_channels, width, stride, option)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv1(F.relu(self.bn1(x)))
        y = self.conv2(F.relu(self.bn2(y)))
        return y + (x if self.downsample is None else self.downsample(x))


class PreActivationBottleneck(nn.Module):
    """1×1 to `width` channels, 3×3 there, 1×1 to four times as many; each after its own BN and ReLU.

    Where the shape changes, a 1×1 projects the normalised and activated input.
    """

    def __init__(self, in_channels: int, width: int, stride: int = 1):
        super().__init__()
        changes = stride != 1 or in_channels != 4 * width
        self.downsample = conv(in_channels, 4 * width, 1, stride) if changes else None
        self.bn1, self.conv1 = nn.BatchNorm2d(in_channels), conv(in_channels, width, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3, stride)
        self.bn3, self.conv3 = nn.BatchNorm2d(width), conv(width, 4 * width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = F.relu(self.bn1(x))
        y = self.conv1(active)
        y = self.conv2(F.relu(self.bn2(y)))
        y = self.conv3(F.relu(self.bn3(y)))
        return y + (x if self.downsample is None else self.downsample(active))


class PreActivationResNet(nn.Module):
    """A bare 7×7 stem, four stages of blocks, and the normalisation that the last block lacks.

    Input (N, 3, H, W), output (N, num_classes). `block(in_channels, width, stride)` makes a block.
    """

    def __init__(
        self, block: MakeBlock, depths: Sequence[int], *, expansion: int, num_classes: int = 1000
    ):
        super().__init__()
        self.conv1, self.maxpool = conv(3, 64, 7, stride=2), nn.MaxPool2d(3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        channels = 64
        for stage, depth in enumerate(depths):
            width = 64 * 2**stage
            for index in range(depth):
                blocks.append(block(channels, width, 2 if index == 0 and stage > 0 else 1))
                channels = expansion * width
        self.blocks = nn.Sequential(*blocks)
        self.bn, self.fc = nn.BatchNorm2d(channels), nn.Linear(channels, num_classes)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last map, (N, C, H/32, W/32)."""
        return F.relu(self.bn(self.blocks(self.maxpool(self.conv1(x)))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(x).mean((2, 3)))


def basic_block(in_channels: int, width: int, stride: int) -> PreActivationBlock:
    """Return a block of two 3×3 convolutions that projects where the shape changes."""
    return PreActivationBlock(in_channels, width, stride, option="B")


def preact_resnet18(num_classes: int = 1000) -> PreActivationResNet:
    """Return ResNet-18 with pre-activation, 11,689,512 parameters."""
    return PreActivationResNet(basic_block, (2, 2, 2, 2), expansion=1, num_classes=num_classes)


def preact_resnet34(num_classes: int = 1000) -> PreActivationResNet:
    """Return ResNet-34 with pre-activation, 21,797,672 parameters."""
    return PreActivationResNet(basic_block, (3, 4, 6, 3), expansion=1, num_classes=num_classes)


def preact_resnet50(num_classes: int = 1000) -> PreActivationResNet:
    """Return ResNet-50 with pre-activation, 25,549,352 parameters."""
    return PreActivationResNet(
        PreActivationBottleneck, (3, 4, 6, 3), expansion=4, num_classes=num_classes
    )


def preact_resnet101(num_classes: int = 1000) -> PreActivationResNet:
    """Return ResNet-101 with pre-activation, 44,541,480 parameters."""
    return PreActivationResNet(
        PreActivationBottleneck, (3, 4, 23, 3), expansion=4, num_classes=num_classes
    )


def preact_resnet152(num_classes: int = 1000) -> PreActivationResNet:
    """Return ResNet-152 with pre-activation, 60,185,128 parameters."""
    return PreActivationResNet(
        PreActivationBottleneck, (3, 8, 36, 3), expansion=4, num_classes=num_classes
    )
