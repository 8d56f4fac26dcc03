"""The small ResNets for 32×32 pictures: He et al. 2016, arXiv:1512.03385, section 4.2.

The idea: the same blocks as in the large ones, few channels, three sizes of map; one number, the
blocks in each stage, sets the depth.
"""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.models.preactivation import PreActivationBlock
from cnnbook.models.resnet import BasicBlock, conv


class CifarResNet(nn.Module):
    """6n + 2 layers: a 3×3 stem, three stages of n blocks with 16, 32 and 64 channels, a dense layer.

    Input (N, in_channels, 32, 32), output (N, num_classes).
    """

    def __init__(
        self, blocks: int, *, pre_activation=False, in_channels=3, num_classes=10, option="A"
    ):
        super().__init__()
        block = PreActivationBlock if pre_activation else BasicBlock
        self.conv1 = conv(in_channels, 16, 3)
        self.bn1 = nn.BatchNorm2d(64 if pre_activation else 16)  # it stands last, or first
        self.pre_activation = pre_activation
        layers, channels = [], 16
        for width in (16, 32, 64):
            for index in range(blocks):
                stride = 2 if index == 0 and width > 16 else 1
                layers.append(block(channels, width, stride, option=option))
                channels = width
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(64, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last map, (N, 64, 8, 8)."""
        if self.pre_activation:
            return F.relu(self.bn1(self.blocks(self.conv1(x))))
        return self.blocks(F.relu(self.bn1(self.conv1(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(x).mean((2, 3)))


def resnet20(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-20 for CIFAR, 269,722 parameters (0.27 M in the paper's Table 6)."""
    return CifarResNet(3, num_classes=num_classes)


def resnet32(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-32 for CIFAR (0.46 M)."""
    return CifarResNet(5, num_classes=num_classes)


def resnet56(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-56 for CIFAR (0.85 M)."""
    return CifarResNet(9, num_classes=num_classes)


def resnet110(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-110 for CIFAR (1.7 M)."""
    return CifarResNet(18, num_classes=num_classes)


def preact_resnet110(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-110 with pre-activation blocks."""
    return CifarResNet(18, pre_activation=True, num_classes=num_classes)
