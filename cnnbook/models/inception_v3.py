"""Inception-v3: Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision",
arXiv:1512.00567.

The idea: factorise. A 5×5 becomes two 3×3, an n×n becomes 1×n and n×1, and maps shrink in two
branches at once, so that nothing is squeezed. Its input is 299 pixels wide.
"""

import torch
from torch import nn

from cnnbook.models.inception import Branches, NormConv


def conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int | tuple[int, int],
    stride: int = 1,
    same: bool = True,
) -> NormConv:
    """Return a normalised convolution, padded to keep the size unless `same` is False."""
    kernel = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    padding = tuple(k // 2 for k in kernel) if same else 0
    return NormConv(in_channels, out_channels, kernel, stride=stride, padding=padding)


def pooled(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return the pooling branch: a 3×3 average, then a 1×1 convolution."""
    return nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(in_channels, out_channels, 1))


def block_a(c: int, pool: int) -> Branches:
    """Return figure 5's module: the 5×5 of GoogLeNet beside two 3×3 in a row."""
    return Branches([
        conv(c, 64, 1),
        nn.Sequential(conv(c, 48, 1), conv(48, 64, 5)),
        nn.Sequential(conv(c, 64, 1), conv(64, 96, 3), conv(96, 96, 3)),
        pooled(c, pool),
    ])  # fmt: skip


def shrink_a(c: int) -> Branches:
    """Return the module that takes 35×35 to 17×17, by strided convolutions beside pooling."""
    return Branches([
        conv(c, 384, 3, 2, same=False),
        nn.Sequential(conv(c, 64, 1), conv(64, 96, 3), conv(96, 96, 3, 2, same=False)),
        nn.MaxPool2d(3, 2),
    ])  # fmt: skip


def block_b(c: int, w: int) -> Branches:
    """Return figure 6's module: every 7×7 is a 1×7 and a 7×1."""
    across, down = (1, 7), (7, 1)
    return Branches([
        conv(c, 192, 1),
        nn.Sequential(conv(c, w, 1), conv(w, w, across), conv(w, 192, down)),
        nn.Sequential(
            conv(c, w, 1), conv(w, w, down), conv(w, w, across), conv(w, w, down),
            conv(w, 192, across),
        ),
        pooled(c, 192),
    ])  # fmt: skip


def shrink_b(c: int) -> Branches:
    """Return the module that takes 17×17 to 8×8."""
    return Branches([
        nn.Sequential(conv(c, 192, 1), conv(192, 320, 3, 2, same=False)),
        nn.Sequential(
            conv(c, 192, 1), conv(192, 192, (1, 7)), conv(192, 192, (7, 1)),
            conv(192, 192, 3, 2, same=False),
        ),
        nn.MaxPool2d(3, 2),
    ])  # fmt: skip


def block_c(c: int) -> Branches:
    """Return figure 7's module: at the end of two branches a 1×3 and a 3×1 stand side by side."""

    def both(in_channels: int) -> Branches:
        return Branches([conv(in_channels, 384, (1, 3)), conv(in_channels, 384, (3, 1))])

    return Branches([
        conv(c, 320, 1),
        nn.Sequential(conv(c, 384, 1), both(384)),
        nn.Sequential(conv(c, 448, 1), conv(448, 384, 3), both(384)),
        pooled(c, 192),
    ])  # fmt: skip


class AuxiliaryHead(nn.Module):
    """A classifier on the 17×17 map, for training only."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.convs = nn.Sequential(conv(768, 128, 1), conv(128, 768, 5, same=False))
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.avg_pool2d(x, 5, 3)
        return self.fc(self.convs(x).mean((2, 3)))


class InceptionV3(nn.Module):
    """Input (N, 3, H, W) of at least 75 pixels; output (N, num_classes).

    With the `auxiliary` head, training returns (logits, auxiliary logits).
    """

    def __init__(self, *, auxiliary: bool = True, num_classes: int = 1000):
        super().__init__()
        self.lower = nn.Sequential(
            conv(3, 32, 3, 2, same=False), conv(32, 32, 3, same=False), conv(32, 64, 3),
            nn.MaxPool2d(3, 2),
            conv(64, 80, 1), conv(80, 192, 3, same=False),
            nn.MaxPool2d(3, 2),
            block_a(192, 32), block_a(256, 64), block_a(288, 64),
            shrink_a(288),
            block_b(768, 128), block_b(768, 160), block_b(768, 160), block_b(768, 192),
        )  # fmt: skip
        self.auxiliary = AuxiliaryHead(num_classes) if auxiliary else None
        self.upper = nn.Sequential(shrink_b(768), block_c(1280), block_c(2048))
        self.dropout, self.fc = nn.Dropout(0.5), nn.Linear(2048, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        middle = self.lower(x)  # (N, 768, 17, 17) for 299 pixels
        logits = self.fc(self.dropout(self.upper(middle).mean((2, 3))))
        if self.training and self.auxiliary is not None:
            return logits, self.auxiliary(middle)
        return logits


def inception_v3(num_classes: int = 1000, *, auxiliary: bool = True) -> InceptionV3:
    """Return Inception-v3, 27,161,264 parameters, 23,834,568 without the auxiliary head."""
    return InceptionV3(auxiliary=auxiliary, num_classes=num_classes)
