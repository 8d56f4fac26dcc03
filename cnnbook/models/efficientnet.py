"""EfficientNet: Tan and Le 2019, "Rethinking model scaling for convolutional neural networks",
arXiv:1905.11946.

The idea: make depth, width and resolution grow together. A search found the smallest network, B0; a
grid search found the three rates, 1.2, 1.1 and 1.15; B1 to B7 follow, with rounded multipliers.
"""

from math import ceil

import torch
from torch import nn

from cnnbook.models.attention import SqueezeExcitation
from cnnbook.models.mobilenet import conv_norm, divisible


class DropPath(nn.Module):
    """Stochastic depth: in training, leave a block's output out with some probability."""

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        kept = torch.rand(len(x), 1, 1, 1, device=x.device) < keep
        return x * kept / keep


class MBConv(nn.Module):
    """An inverted residual with squeeze-and-excitation inside and SiLU for ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        expand: int,
        kernel_size: int,
        stride: int,
        drop: float,
    ):
        super().__init__()
        inside = expand * in_channels
        self.adds_input = stride == 1 and in_channels == out_channels
        silu = nn.SiLU
        widen = [conv_norm(in_channels, inside, 1, activation=silu)] if expand != 1 else []
        self.block = nn.Sequential(
            *widen,
            conv_norm(inside, inside, kernel_size, stride, groups=inside, activation=silu),
            SqueezeExcitation(inside, max(1, in_channels // 4), silu),
            conv_norm(inside, out_channels, 1, activation=None),
        )
        self.drop = DropPath(drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.drop(self.block(x)) if self.adds_input else self.block(x)


class EfficientNet(nn.Module):
    """B0 with its depth and width multiplied. Input (N, 3, H, W), output (N, num_classes).

    `norm_eps` is that of batch normalisation; torchvision's weights of B5 to B7 want 1e-3.
    """

    # Table 1 of the paper: expansion, kernel size, stride, channels, blocks.
    PLAN = (
        (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
    )  # fmt: skip

    def __init__(
        self,
        *,
        width: float = 1.0,
        depth: float = 1.0,
        dropout: float = 0.2,
        norm_eps: float = 1e-5,
        num_classes: int = 1000,
    ):
        super().__init__()
        total = sum(ceil(blocks * depth) for *_, blocks in self.PLAN)
        channels, last = divisible(32 * width), 4 * divisible(320 * width)
        layers: list[nn.Module] = [conv_norm(3, channels, 3, stride=2, activation=nn.SiLU)]
        for expand, kernel_size, stride, planned, blocks in self.PLAN:
            for index in range(ceil(blocks * depth)):
                out = divisible(planned * width)
                block = MBConv(
                    channels,
                    out,
                    expand=expand,
                    kernel_size=kernel_size,
                    stride=stride if index == 0 else 1,
                    drop=0.2 * (len(layers) - 1) / total,  # more of it in later blocks
                )
                layers.append(block)
                channels = out
        self.features = nn.Sequential(*layers, conv_norm(channels, last, 1, activation=nn.SiLU))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, num_classes))
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = norm_eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


def efficientnet_b0(num_classes: int = 1000) -> EfficientNet:
    """Return B0 for 224 pixels, 5,288,548 parameters."""
    return EfficientNet(num_classes=num_classes)


def efficientnet_b1(num_classes: int = 1000) -> EfficientNet:
    """Return B1 for 240 pixels, 7,794,184 parameters."""
    return EfficientNet(depth=1.1, num_classes=num_classes)


def efficientnet_b2(num_classes: int = 1000) -> EfficientNet:
    """Return B2 for 260 pixels, 9,109,994 parameters."""
    return EfficientNet(width=1.1, depth=1.2, dropout=0.3, num_classes=num_classes)


def efficientnet_b3(num_classes: int = 1000) -> EfficientNet:
    """Return B3 for 300 pixels, 12,233,232 parameters."""
    return EfficientNet(width=1.2, depth=1.4, dropout=0.3, num_classes=num_classes)


def efficientnet_b4(num_classes: int = 1000) -> EfficientNet:
    """Return B4 for 380 pixels, 19,341,616 parameters."""
    return EfficientNet(width=1.4, depth=1.8, dropout=0.4, num_classes=num_classes)


def efficientnet_b5(num_classes: int = 1000) -> EfficientNet:
    """Return B5 for 456 pixels, 30,389,784 parameters."""
    return EfficientNet(width=1.6, depth=2.2, dropout=0.4, norm_eps=1e-3, num_classes=num_classes)


def efficientnet_b6(num_classes: int = 1000) -> EfficientNet:
    """Return B6 for 528 pixels, 43,040,704 parameters."""
    return EfficientNet(width=1.8, depth=2.6, dropout=0.5, norm_eps=1e-3, num_classes=num_classes)


def efficientnet_b7(num_classes: int = 1000) -> EfficientNet:
    """Return B7 for 600 pixels, 66,347,960 parameters."""
    return EfficientNet(width=2.0, depth=3.1, dropout=0.5, norm_eps=1e-3, num_classes=num_classes)
