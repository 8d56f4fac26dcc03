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
    """6n + 2 layers: a 3×3 stem, three stages of n blocks, a dense layer.

    The stages have `width`, twice and four times `width` channels; the paper's networks have 16.
    Input (N, in_channels, 32, 32), output (N, num_classes).
    """

    def __init__(
        self,
        blocks: int,
        *,
        width: int = 16,
        pre_activation: bool = False,
        in_channels: int = 3,
        num_classes: int = 10,
        option: str = "A",
    ):
        super().__init__()
        block = PreActivationBlock if pre_activation else BasicBlock
        self.conv1 = conv(in_channels, width, 3)
        self.bn1 = nn.BatchNorm2d(
            4 * width if pre_activation else width
        )  # it stands last, or first
        self.pre_activation = pre_activation
        layers, channels = [], width
        for stage in range(3):
            for index in range(blocks):
                stride = 2 if index == 0 and stage > 0 else 1
                layers.append(block(channels, width * 2**stage, stride, option=option))
                channels = width * 2**stage
        self.blocks = nn.Sequential(*layers)
        self.fc = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last map, (N, 4 * width, 8, 8)."""
        if self.pre_activation:
            return F.relu(self.bn1(self.blocks(self.conv1(x))))
        return self.blocks(F.relu(self.bn1(self.conv1(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(x).mean((2, 3)))


def resnet14(num_classes: int = 10, *, in_channels: int = 3, width: int = 32) -> CifarResNet:
    """Return a shallow and wide one: 14 layers, 32 to 128 channels, 685,994 parameters."""
    return CifarResNet(2, width=width, in_channels=in_channels, num_classes=num_classes)


def resnet20(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-20 for CIFAR, 269,722 parameters (0.27 M in the paper's Table 6)."""
    return CifarResNet(3, num_classes=num_classes)


def resnet32(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-32 for CIFAR, 464,154 parameters (0.46 M in the paper)."""
    return CifarResNet(5, num_classes=num_classes)


def resnet56(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-56 for CIFAR, 853,018 parameters (0.85 M in the paper)."""
    return CifarResNet(9, num_classes=num_classes)


def resnet110(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-110 for CIFAR, 1,727,962 parameters (1.7 M in the paper)."""
    return CifarResNet(18, num_classes=num_classes)


def preact_resnet110(num_classes: int = 10) -> CifarResNet:
    """Return ResNet-110 with pre-activation blocks, 1,727,962 parameters."""
    return CifarResNet(18, pre_activation=True, num_classes=num_classes)
