"""Networks that answer for every pixel: FCN (Long, Shelhamer and Darrell 2015, arXiv:1411.4038) and
U-Net (Ronneberger, Fischer and Brox 2015, arXiv:1505.04597), small.

The idea: a classifier without its pooling gives a small map of answers. FCN enlarges it and adds
finer maps; U-Net goes down and up again, joining each level. `cnnbook.models.atrous` has the third
way, which does not shrink so far.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


def double_conv(in_channels: int, out_channels: int, dilation: int = 1) -> nn.Sequential:
    """Return two 3×3 convolutions with batch normalisation and ReLU, which keep the size."""
    layers = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


def enlarge(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Return the map at another size, (N, C, *size), by bilinear interpolation."""
    return F.interpolate(x, size=list(size), mode="bilinear", align_corners=False)


class FCN(nn.Module):
    """Three stages, each half as large; a 1×1 scores each, and the scores are enlarged and added.

    Input (N, in_channels, H, W), output (N, num_classes, H, W). FCN-8s in small.
    """

    def __init__(self, num_classes: int, *, in_channels: int = 3, width: int = 16):
        super().__init__()
        widths = [width, 2 * width, 4 * width]
        self.stages = nn.ModuleList(
            double_conv(a, b) for a, b in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.scores = nn.ModuleList(nn.Conv2d(w, num_classes, 1) for w in widths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size, scores = x.shape[2:], []
        for stage, score in zip(self.stages, self.scores, strict=True):
            x = F.max_pool2d(stage(x), 2)
            scores.append(score(x))
        total = scores.pop()
        while scores:  # from coarse to fine
            finer = scores.pop()
            total = finer + enlarge(total, finer.shape[2:])
        return enlarge(total, size)


class UNet(nn.Module):
    """Down `depth` times and up again; each level on the way up also reads the one beside it.

    Input (N, in_channels, H, W), output (N, num_classes, H, W). Convolutions are padded, so that
    sizes match; the paper crops instead.
    """

    def __init__(self, num_classes: int, *, in_channels: int = 3, width: int = 16, depth: int = 3):
        super().__init__()
        widths = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            double_conv(a, b) for a, b in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))  # deep to shallow
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        self.join = nn.ModuleList(double_conv(2 * b, b) for _, b in pairs)
        self.score = nn.Conv2d(width, num_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beside = []
        for level, down in enumerate(self.down):
            x = down(F.max_pool2d(x, 2) if level else x)
            beside.append(x)
        beside.pop()
        for up, join in zip(self.up, self.join, strict=True):
            other = beside.pop()
            x = enlarge(up(x), other.shape[2:])  # changes nothing where sizes were even
            x = join(torch.cat([other, x], dim=1))
        return self.score(x)


def fcn(num_classes: int = 21) -> FCN:
    """Return the small FCN, 74,719 parameters for the 21 classes of Pascal VOC."""
    return FCN(num_classes)


def unet(num_classes: int = 21) -> UNet:
    """Return the small U-Net, 483,077 parameters for the 21 classes of Pascal VOC."""
    return UNet(num_classes)
