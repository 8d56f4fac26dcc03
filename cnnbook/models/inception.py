"""GoogLeNet: Szegedy et al. 2015, "Going deeper with convolutions", arXiv:1409.4842.

The idea: let windows of several sizes look at the same map side by side, and make that affordable
by reducing the channels with 1×1 convolutions first.
"""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

MakeConv = Callable[..., nn.Module]  # in_channels, out_channels, kernel_size, **settings
Widths = tuple[int, int, int, int, int, int]  # as in the paper's table


class Branches(nn.ModuleList):
    """Run several branches on the same map and put their maps behind one another."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([branch(x) for branch in self], dim=1)


class NormConv(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU; `settings` are those of nn.Conv2d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        **settings: Any,
    ):
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, bias=False, **settings),
            nn.BatchNorm2d(out_channels, eps=0.001),
            nn.ReLU(inplace=True),
        )


class BiasConv(nn.Sequential):
    """Convolution with bias, and ReLU: as in the paper, before batch normalisation."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        **settings: Any,
    ):
        conv = nn.Conv2d(in_channels, out_channels, kernel_size, **settings)
        super().__init__(conv, nn.ReLU(inplace=True))


def inception(conv: MakeConv, in_channels: int, widths: Widths, large_kernel: int = 5) -> Branches:
    """Return an Inception module: 1×1; 1×1 then 3×3; 1×1 then 5×5; max pooling then 1×1.

    `widths` are the paper's six columns: 1×1, 3×3 reduce, 3×3, 5×5 reduce, 5×5, pool projection.
    """
    one, reduce3, three, reduce5, five, pool = widths
    padding = large_kernel // 2
    return Branches([
        conv(in_channels, one, 1),
        nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, three, 3, padding=1)),
        nn.Sequential(
            conv(in_channels, reduce5, 1), conv(reduce5, five, large_kernel, padding=padding)
        ),
        nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv(in_channels, pool, 1)),
    ])  # fmt: skip


# Table 1 of the paper; "M" halves the map.
TABLE: tuple[Widths | Literal["M"], ...] = (
    (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), "M",
    (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128), "M",
    (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
)  # fmt: skip


class AuxiliaryHead(nn.Module):
    """A classifier half-way up, which training uses to feed gradients into the lower layers."""

    def __init__(self, in_channels: int, num_classes: int):
        super().__init__()
        self.conv = NormConv(in_channels, 128, 1)
        self.dense = nn.Sequential(
            nn.Linear(128 * 4 * 4, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, num_classes)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = nn.functional.adaptive_avg_pool2d(x, 4)
        return self.dense(self.conv(pooled).flatten(1))


class GoogLeNet(nn.Module):
    """Stem, nine Inception modules, global average pooling, one dense layer. Input (N, 3, H, W).

    `conv(in_channels, out_channels, kernel_size, **settings)` makes a convolution with its
    activation. With `auxiliary` heads, training returns (logits, logits of 4d, logits of 4a).
    """

    def __init__(
        self,
        conv: MakeConv = NormConv,
        *,
        large_kernel: int = 3,
        last_pool: int = 2,
        auxiliary: bool = False,
        num_classes: int = 1000,
    ):
        super().__init__()

        def pool(size: int = 3) -> nn.MaxPool2d:
            return nn.MaxPool2d(size, 2, ceil_mode=True)

        self.stem = nn.Sequential(
            conv(3, 64, 7, stride=2, padding=3), pool(),
            conv(64, 64, 1), conv(64, 192, 3, padding=1), pool(),
        )  # fmt: skip
        modules: list[nn.Module] = []
        channels = 192
        for widths in TABLE:
            if widths == "M":
                modules.append(pool(3 if len(modules) == 2 else last_pool))
                continue
            modules.append(inception(conv, channels, widths, large_kernel))
            channels = widths[0] + widths[2] + widths[4] + widths[5]
        self.mixed = nn.Sequential(*modules)
        self.auxiliary = nn.ModuleList(
            [AuxiliaryHead(512, num_classes), AuxiliaryHead(528, num_classes)] if auxiliary else []
        )
        self.dropout, self.fc = nn.Dropout(0.4), nn.Linear(1024, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
        x, seen = self.stem(x), []
        for index, module in enumerate(self.mixed):
            x = module(x)
            if index in (3, 6):  # behind 4a and 4d
                seen.append(x)
        logits = self.fc(self.dropout(x.mean((2, 3))))
        if self.training and self.auxiliary:
            first, second = (head(y) for head, y in zip(self.auxiliary, seen, strict=True))
            return logits, second, first
        return logits


def googlenet(num_classes: int = 1000, *, auxiliary: bool = False) -> GoogLeNet:
    """Return torchvision's GoogLeNet, 6,624,904 parameters, 13,004,888 with its auxiliary heads.

    It has batch normalisation, and 3×3 where the paper has 5×5 (pytorch/vision issue 906).
    """
    return GoogLeNet(auxiliary=auxiliary, num_classes=num_classes)


def googlenet_paper(num_classes: int = 1000) -> GoogLeNet:
    """Return the published configuration, 6,998,552 parameters: biases, true 5×5, no auxiliary heads."""
    return GoogLeNet(BiasConv, large_kernel=5, last_pool=3, num_classes=num_classes)
