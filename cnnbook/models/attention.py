"""Channel and spatial attention: squeeze-and-excitation (Hu, Shen and Sun 2018, arXiv:1709.01507)
and CBAM (Woo, Park, Lee and Kweon 2018, arXiv:1807.06521).

The idea: look at the whole map, and turn each channel (or each place) up or down accordingly.
Both take a map (N, C, H, W) and return one of the same shape, so they fit behind any layer.
"""

import torch
from torch import nn


class SqueezeExcitation(nn.Module):
    """Mean of each channel, two dense layers, a sigmoid: a factor for each channel.

    `activation` stands between the two layers; the paper's is ReLU, EfficientNet's SiLU.
    """

    def __init__(self, channels: int, squeezed: int, activation: type[nn.Module] = nn.ReLU):
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)  # dense layers over channels, as 1×1
        self.activation = activation()
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        factors = self.fc2(self.activation(self.fc1(self.squeeze(x))))  # (N, C, 1, 1)
        return x * torch.sigmoid(factors)


class ChannelAttention(nn.Module):
    """CBAM's first half: one small network reads each channel's mean and maximum."""

    def __init__(self, channels: int, reduction: int = 16):
        super().__init__()
        self.shared = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(),
            nn.Conv2d(channels // reduction, channels, 1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, peak = x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
        return x * torch.sigmoid(self.shared(mean) + self.shared(peak))


class SpatialAttention(nn.Module):
    """CBAM's second half: a convolution reads the mean and the maximum over channels."""

    def __init__(self, kernel_size: int = 7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.conv(seen))  # (N, 1, H, W): a factor for each place


class CBAM(nn.Sequential):
    """Channel attention, then spatial attention."""

    def __init__(self, channels: int, reduction: int = 16, kernel_size: int = 7):
        super().__init__(ChannelAttention(channels, reduction), SpatialAttention(kernel_size))
