"""Group-equivariant networks: Cohen and Welling 2016, "Group equivariant convolutional networks",
arXiv:1602.07576, for the group p4 of shifts and quarter turns.

The idea: give every kernel in its four orientations; then a turned picture gives turned maps, moved on
by one orientation, and nothing has to be learned four times.
"""

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.symmetry import p4_kernels, rotated_kernels


class P4Lifting(nn.Module):
    """From pictures (N, C, H, W) to maps on p4, (N, 4 C_out, H, W): each kernel in four turns."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, padding: int = 0):
        super().__init__()
        fan_in = in_channels * kernel_size**2
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) * (2 / fan_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.padding = padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = self.bias.repeat_interleave(4)  # the same for all orientations
        return F.conv2d(x, rotated_kernels(self.weight), bias, padding=self.padding)


class P4Conv2d(nn.Module):
    """From maps on p4 to maps on p4: (N, 4 C, H, W) to (N, 4 C_out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, padding: int = 0):
        super().__init__()
        fan_in = 4 * in_channels * kernel_size**2
        shape = (out_channels, in_channels, 4, kernel_size, kernel_size)
        self.weight = nn.Parameter(torch.randn(shape) * (2 / fan_in) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.padding = padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = self.bias.repeat_interleave(4)
        return F.conv2d(x, p4_kernels(self.weight), bias, padding=self.padding)


class P4BatchNorm2d(nn.Module):
    """Batch norm of maps on p4, (N, 4 C, H, W): the four orientations of a kernel share one norm.

    With a norm for each of the 4 C maps they would be scaled apart, and no longer change places.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm3d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.unflatten(1, (-1, 4))).flatten(1, 2)  # over (N, orientation, H, W)


class P4CNN(nn.Module):
    """A small classifier whose logits do not change when the picture is turned by 90 degrees.

    Input (N, in_channels, H, W) with even sides, so that pooling windows turn onto themselves.
    """

    def __init__(
        self, *, in_channels: int = 1, width: int = 8, num_classes: int = 10, norm: bool = True
    ):
        super().__init__()
        first, last = P4Lifting(in_channels, width, 3, padding=1), 2 * width

        def finished(convolution: nn.Module, channels: int) -> list[nn.Module]:
            return [convolution, *([P4BatchNorm2d(channels)] if norm else []), nn.ReLU()]

        self.features = nn.Sequential(
            *finished(first, width),
            nn.MaxPool2d(2),
            *finished(P4Conv2d(width, last, 3, padding=1), last),
            *finished(P4Conv2d(last, last, 3, padding=1), last),
        )
        self.classifier = nn.Linear(last, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.features(x).mean((2, 3))  # (N, 4 C): over places,
        return self.classifier(y.unflatten(1, (-1, 4)).amax(2))  # and over orientations


def p4cnn(
    num_classes: int = 10, *, in_channels: int = 1, width: int = 8, norm: bool = True
) -> P4CNN:
    """Return a p4-equivariant network with an invariant output, 14,186 parameters."""
    return P4CNN(in_channels=in_channels, width=width, num_classes=num_classes, norm=norm)
