"""RepVGG: Ding et al. 2021, "Making VGG-style ConvNets great again", arXiv:2101.03697.

The idea: train with a 3×3, a 1×1 and the identity side by side, each with batch normalisation; then
add the three kernels up, and deploy a plain column of 3×3 convolutions that computes the same.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn


def fold_norm(weight: torch.Tensor, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight and bias of one convolution that equals convolution and batch normalisation.

    In evaluation mode: y = (Wx - mean) / sqrt(var + eps) * gamma + beta.
    Raises ValueError where the normalisation keeps no running statistics.
    """
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("this normalisation depends on the batch: track_running_stats is needed")
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return weight * factor[:, None, None, None], norm.bias - norm.running_mean * factor


class RepVGGBlock(nn.Module):
    """ReLU of the sum of a 3×3, a 1×1 and, where the shape allows it, the input itself."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        has_identity = in_channels == out_channels and stride == 1
        self.norm0 = nn.BatchNorm2d(out_channels) if has_identity else None
        self.conv3 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm3(self.conv3(x)) + self.norm1(self.conv1(x))
        return F.relu(y if self.norm0 is None else y + self.norm0(x))

    def merged(self) -> nn.Sequential:
        """Return one 3×3 convolution with bias, and ReLU, equal to this block in evaluation."""
        weight, bias = fold_norm(self.conv3.weight, self.norm3)
        small, small_bias = fold_norm(self.conv1.weight, self.norm1)
        weight, bias = weight + F.pad(small, (1, 1, 1, 1)), bias + small_bias  # 1×1 in the middle
        if self.norm0 is not None:
            identity = torch.eye(len(weight), dtype=weight.dtype, device=weight.device)
            same, same_bias = fold_norm(F.pad(identity[:, :, None, None], (1, 1, 1, 1)), self.norm0)
            weight, bias = weight + same, bias + same_bias
        stride = self.conv3.stride[0]
        conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, stride, padding=1)
        conv.weight, conv.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
        return nn.Sequential(conv, nn.ReLU())


class RepVGG(nn.Module):
    """A column of blocks in five stages, pooling and a dense layer. Input (N, 3, H, W)."""

    def __init__(self, depths: Sequence[int], widths: Sequence[int], *, num_classes: int = 1000):
        super().__init__()
        blocks: list[nn.Module] = []
        channels = 3
        for depth, width in zip(depths, widths, strict=True):
            for index in range(depth):
                blocks.append(RepVGGBlock(channels, width, stride=2 if index == 0 else 1))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(channels, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.blocks(x).mean((2, 3)))


def merge(network: RepVGG) -> nn.Sequential:
    """Return the plain network for deployment; the one given is left as it was."""
    plain = [block.merged() for block in network.blocks if isinstance(block, RepVGGBlock)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.classifier]
    return nn.Sequential(*plain, *head).eval()


def repvgg_a0(num_classes: int = 1000) -> RepVGG:
    """Return RepVGG-A0, 9,108,968 parameters while training, 8,309,384 merged."""
    return RepVGG((1, 2, 4, 14, 1), (48, 48, 96, 192, 1280), num_classes=num_classes)
