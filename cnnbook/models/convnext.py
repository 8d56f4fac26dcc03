"""ConvNeXt: Liu et al. 2022, "A ConvNet for the 2020s", arXiv:2201.03545.

The idea: give a ResNet, one step at a time, what Swin Transformers have, and keep it a convolutional
network: large depthwise kernels, few activations, few norms, and separate layers for down-sampling.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.models.efficientnet import DropPath


class LayerNorm2d(nn.LayerNorm):
    """Normalise each pixel over its channels. Input (N, C, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 2, 3, 1)  # (N, H, W, C)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    """7×7 depthwise, LayerNorm, 1×1 to 4C, GELU, 1×1 back to C; scaled, and the input added."""

    def __init__(self, channels: int, drop: float):
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels, 1, 1), 1e-6))
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.widen = nn.Linear(channels, 4 * channels)  # 1×1 convolutions, as dense layers
        self.narrow = nn.Linear(4 * channels, channels)
        self.drop = DropPath(drop)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.depthwise(x).permute(0, 2, 3, 1)  # (N, H, W, C)
        y = self.narrow(F.gelu(self.widen(self.norm(y))))
        return x + self.drop(self.scale * y.permute(0, 3, 1, 2))


class ConvNeXt(nn.Module):
    """A patchify stem, four stages with down-sampling between them, and one dense layer.

    Input (N, 3, H, W), output (N, num_classes).
    """

    def __init__(
        self,
        depths: Sequence[int],
        widths: Sequence[int],
        *,
        drop_path: float = 0.1,
        num_classes: int = 1000,
    ):
        super().__init__()
        layers = [nn.Conv2d(3, widths[0], 4, stride=4), LayerNorm2d(widths[0], eps=1e-6)]
        made = 0
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            if stage:
                before = widths[stage - 1]
                layers += [LayerNorm2d(before, eps=1e-6), nn.Conv2d(before, width, 2, stride=2)]
            for _ in range(depth):
                layers.append(ConvNeXtBlock(width, drop_path * made / (sum(depths) - 1)))
                made += 1
        self.features = nn.Sequential(*layers)
        self.norm = LayerNorm2d(widths[-1], eps=1e-6)
        self.head = nn.Linear(widths[-1], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.features(x).mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        return self.head(self.norm(x).flatten(1))


def convnext_tiny(num_classes: int = 1000) -> ConvNeXt:
    """Return ConvNeXt-T, 28,589,128 parameters."""
    return ConvNeXt((3, 3, 9, 3), (96, 192, 384, 768), num_classes=num_classes)


def convnext_small(num_classes: int = 1000) -> ConvNeXt:
    """Return ConvNeXt-S, 50,223,688 parameters."""
    widths = (96, 192, 384, 768)
    return ConvNeXt((3, 3, 27, 3), widths, drop_path=0.4, num_classes=num_classes)


def convnext_base(num_classes: int = 1000) -> ConvNeXt:
    """Return ConvNeXt-B, 88,591,464 parameters."""
    widths = (128, 256, 512, 1024)
    return ConvNeXt((3, 3, 27, 3), widths, drop_path=0.5, num_classes=num_classes)


def convnext_large(num_classes: int = 1000) -> ConvNeXt:
    """Return ConvNeXt-L, 197,767,336 parameters."""
    widths = (192, 384, 768, 1536)
    return ConvNeXt((3, 3, 27, 3), widths, drop_path=0.5, num_classes=num_classes)
