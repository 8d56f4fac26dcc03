"""Networks that answer for every pixel: FCN (Long, Shelhamer and Darrell 2015, arXiv:1411.4038),
U-Net (Ronneberger, Fischer and Brox 2015, arXiv:1505.04597) and DeepLab v3 (Chen et al. 2017,
arXiv:1706.05587).

The idea: a classifier without its pooling gives a small map of answers. FCN enlarges it and adds
finer maps; U-Net goes down and up again, joining each level; DeepLab does not shrink so far, and
widens its view by dilation instead.
"""

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


def enlarge(x: torch.Tensor, size) -> torch.Tensor:
    """Return the map at another size, (N, C, *size), by bilinear interpolation."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


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


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: a 1×1, 3×3 at several dilations, and the mean of the map."""

    def __init__(self, in_channels: int, out_channels: int, dilations=(2, 4, 6)):
        super().__init__()

        def branch(kernel_size, dilation=1):
            padding = dilation * (kernel_size // 2)
            conv = nn.Conv2d(
                in_channels,
                out_channels,
                kernel_size,
                padding=padding,
                dilation=dilation,
                bias=False,
            )
            return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())

        self.branches = nn.ModuleList([branch(1), *(branch(3, d) for d in dilations)])
        self.context = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1), nn.ReLU())
        self.mix = nn.Conv2d((2 + len(dilations)) * out_channels, out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        context = self.context(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        return self.mix(torch.cat([*(branch(x) for branch in self.branches), context], dim=1))


class DeepLab(nn.Module):
    """Stages that shrink the map to 1/`output_stride`; the rest dilate instead; then ASPP.

    Input (N, in_channels, H, W), output (N, num_classes, H, W); `output_stride` is 2, 4 or 8.
    """

    def __init__(self, num_classes: int, *, in_channels=3, width=16, output_stride=4):
        super().__init__()
        if output_stride not in (2, 4, 8):
            raise ValueError(
                f"output_stride={output_stride!r} is not allowed: it must be 2, 4 or 8"
            )
        layers, channels, stride, dilation = [], in_channels, 1, 1
        for stage in range(3):
            layers.append(double_conv(channels, width * 2**stage, dilation))
            channels = width * 2**stage
            if stride < output_stride:
                layers.append(nn.MaxPool2d(2))
                stride *= 2
            else:
                dilation *= 2  # look twice as far, in place of halving the map
        self.features = nn.Sequential(*layers)
        self.aspp = ASPP(channels, 2 * width)
        self.score = nn.Conv2d(2 * width, num_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return enlarge(self.score(self.aspp(self.features(x))), x.shape[2:])
