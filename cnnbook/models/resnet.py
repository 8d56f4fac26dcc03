"""ResNet: He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition",
arXiv:1512.03385; with ResNeXt (Xie et al. 2017, arXiv:1611.05431) and Wide ResNet (Zagoruyko and
Komodakis 2016, arXiv:1605.07146), which change the widths and groups inside a block.

The idea: let layers learn a change to their input, y = x + F(x), so that doing nothing is easy.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Attention = Callable[[int], nn.Module]  # makes a module for so many channels
MakeBlock = Callable[[int, int, int], nn.Module]  # of in_channels, width and stride


def conv(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias, since batch normalisation follows, and same padding."""
    padding = kernel_size // 2
    return nn.Conv2d(
        in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False
    )


class PadShortcut(nn.Module):
    """Option A: take every second pixel and fill the new channels with zeros; no parameters."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.new_channels, self.stride = out_channels - in_channels, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


def shortcut(in_channels: int, out_channels: int, stride: int, option: str) -> nn.Module | None:
    """Return what stands on the shortcut, or None for the identity.

    Option "A" pads with zeros, "B" projects with a 1×1 convolution where the shape changes, "C"
    projects in every block (section 4.1 of the paper).
    """
    if option not in ("A", "B", "C"):
        raise ValueError(f"option={option!r} is not allowed: it must be 'A', 'B' or 'C'")
    changes = stride != 1 or in_channels != out_channels
    if option == "A" and changes:
        return PadShortcut(in_channels, out_channels, stride)
    if option == "C" or changes:
        projection = conv(in_channels, out_channels, 1, stride)
        return nn.Sequential(projection, nn.BatchNorm2d(out_channels))
    return None


class BasicBlock(nn.Module):
    """Two 3×3 convolutions, and the input added to their output.

    `attention(channels)` makes a module for the output before the sum, such as those of
    `cnnbook.models.attention`.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        *,
        option: str = "B",
        attention: Attention | None = None,
    ):
        super().__init__()
        self.conv1, self.bn1 = conv(in_channels, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.attention = attention(width) if attention else nn.Identity()
        self.downsample = shortcut(in_channels, width, stride, option)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.attention(self.bn2(self.conv2(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1×1 to few channels, 3×3 there, 1×1 to four times `width`; and the input added.

    `inner` is the number of channels inside, `width` unless it is given; `groups` divides them.
    `stride_first` puts the stride on the first 1×1, as the paper does ("v1"); torchvision puts it
    on the 3×3 ("v1.5"), which costs a little more and is more accurate.
    `attention` is as in BasicBlock.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        *,
        inner: int | None = None,
        groups: int = 1,
        stride_first: bool = False,
        option: str = "B",
        attention: Attention | None = None,
    ):
        super().__init__()
        inner = inner or width
        first, second = (stride, 1) if stride_first else (1, stride)
        self.conv1, self.bn1 = conv(in_channels, inner, 1, first), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = conv(inner, inner, 3, second, groups), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = conv(inner, 4 * width, 1), nn.BatchNorm2d(4 * width)
        self.attention = attention(4 * width) if attention else nn.Identity()
        self.downsample = shortcut(in_channels, 4 * width, stride, option)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.attention(self.bn3(self.conv3(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """A stem, four stages of residual blocks, global average pooling and one dense layer.

    Input (N, 3, H, W), output (N, num_classes). `block(in_channels, width, stride)` makes a block.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(
        self, block: MakeBlock, depths: Sequence[int], *, expansion: int, num_classes: int = 1000
    ):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 64, 7, stride=2), nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        channels = 64
        for stage, depth in enumerate(depths):
            width = 64 * 2**stage
            blocks: list[nn.Module] = []
            for index in range(depth):
                stride = 2 if index == 0 and stage > 0 else 1
                blocks.append(block(channels, width, stride))
                channels = expansion * width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc: nn.Module = nn.Linear(channels, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # He et al. 2015, arXiv:1502.01852
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last map, (N, C, H/32, W/32)."""
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))  # (N, 64, H/4, W/4)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(x).mean((2, 3)))


def basic_resnet(depths: Sequence[int], num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return a ResNet of basic blocks; `settings` are those of BasicBlock."""

    def block(in_channels: int, width: int, stride: int) -> BasicBlock:
        return BasicBlock(in_channels, width, stride, **settings)

    return ResNet(block, depths, expansion=1, num_classes=num_classes)


def bottleneck_resnet(
    depths: Sequence[int], num_classes: int = 1000, *, widen: int = 1, **settings: Any
) -> ResNet:
    """Return a ResNet of bottlenecks with `widen` times the channels inside.

    `settings` are those of Bottleneck.
    """

    def block(in_channels: int, width: int, stride: int) -> Bottleneck:
        return Bottleneck(in_channels, width, stride, inner=widen * width, **settings)

    return ResNet(block, depths, expansion=4, num_classes=num_classes)


def resnet18(num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return ResNet-18, 11,689,512 parameters."""
    return basic_resnet((2, 2, 2, 2), num_classes, **settings)


def resnet34(num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return ResNet-34, 21,797,672 parameters."""
    return basic_resnet((3, 4, 6, 3), num_classes, **settings)


def resnet50(num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return ResNet-50, 25,557,032 parameters; v1.5 unless `stride_first` is set."""
    return bottleneck_resnet((3, 4, 6, 3), num_classes, **settings)


def resnet101(num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return ResNet-101, 44,549,160 parameters."""
    return bottleneck_resnet((3, 4, 23, 3), num_classes, **settings)


def resnet152(num_classes: int = 1000, **settings: Any) -> ResNet:
    """Return ResNet-152, 60,192,808 parameters: 50 blocks of three layers."""
    return bottleneck_resnet((3, 8, 36, 3), num_classes, **settings)


def wide_resnet50_2(num_classes: int = 1000) -> ResNet:
    """Return ResNet-50 with twice the channels inside each block, 68,883,240 parameters."""
    return bottleneck_resnet((3, 4, 6, 3), num_classes, widen=2)


def resnext50_32x4d(num_classes: int = 1000) -> ResNet:
    """Return ResNeXt-50 with 32 groups of 4 channels in the first stage, 25,028,904 parameters."""
    return bottleneck_resnet((3, 4, 6, 3), num_classes, widen=2, groups=32)


def resnext101_32x8d(num_classes: int = 1000) -> ResNet:
    """Return ResNeXt-101 with 32 groups of 8 channels in the first stage, 88,791,336 parameters."""
    return bottleneck_resnet((3, 4, 23, 3), num_classes, widen=4, groups=32)
