"""LeNet: LeCun et al. 1989 ("Backpropagation applied to handwritten zip code recognition") and
LeCun, Bottou, Bengio and Haffner 1998 ("Gradient-based learning applied to document recognition").

The idea: feature detectors are learned, not designed, and each is used at every place.
"""

import torch
import torch.nn.functional as F
from torch import nn

# Table I of the 1998 paper: the maps of S2 that each map of C3 reads.
C3_READS = [
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
]  # fmt: skip


def scaled_tanh(x: torch.Tensor) -> torch.Tensor:
    """Return 1.7159 tanh(2x/3), which maps 1 to 1 and -1 to -1."""
    return 1.7159 * torch.tanh(2 * x / 3)


class PartialConv2d(nn.Module):
    """A convolution in which each output map reads only some input maps.

    `reads` lists, for each output map, the input maps. Only their kernels exist.
    """

    outputs: torch.Tensor
    inputs: torch.Tensor

    def __init__(
        self, in_channels: int, reads: list[tuple[int, ...]], kernel_size: int, stride: int = 1
    ):
        super().__init__()
        pairs = [(o, i) for o, inputs in enumerate(reads) for i in inputs]
        outputs, inputs = map(torch.tensor, zip(*pairs, strict=True))
        self.register_buffer("outputs", outputs)
        self.register_buffer("inputs", inputs)
        self.shape, self.stride = (len(reads), in_channels, kernel_size, kernel_size), stride
        fan_in = kernel_size**2 * len(pairs) / len(reads)
        self.weight = nn.Parameter(torch.randn(len(pairs), kernel_size, kernel_size) / fan_in**0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernels = self.weight.new_zeros(self.shape).index_put(
            (self.outputs, self.inputs), self.weight
        )
        return F.conv2d(x, kernels, stride=self.stride)


class MapBias(nn.Module):
    """One trainable number for each map, or, with a size, for each unit of each map."""

    def __init__(self, channels: int, size: int = 1):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, size, size))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.bias


class Subsampling(nn.Module):
    """Average 2×2 blocks, times a trainable factor, plus a trainable bias, for each map."""

    def __init__(self, channels: int):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * F.avg_pool2d(x, 2) + self.bias


# The strokes of a pocket calculator's digits, rows and columns of a 7×12 picture.
STROKES = {
    "top": (slice(0, 2), slice(0, 7)),
    "middle": (slice(5, 7), slice(0, 7)),
    "bottom": (slice(10, 12), slice(0, 7)),
    "upper left": (slice(0, 6), slice(0, 2)),
    "upper right": (slice(0, 6), slice(5, 7)),
    "lower left": (slice(6, 12), slice(0, 2)),
    "lower right": (slice(6, 12), slice(5, 7)),
}
WITHOUT = [  # the strokes that each digit lacks
    ["middle"],
    ["top", "middle", "bottom", "upper left", "lower left"],
    ["upper left", "lower right"],
    ["upper left", "lower left"],
    ["top", "bottom", "lower left"],
    ["upper right", "lower left"],
    ["upper right"],
    ["middle", "bottom", "upper left", "lower left"],
    [],
    ["lower left"],
]


def stylised_digits() -> torch.Tensor:
    """Return a picture of each digit, (10, 12, 7): +1 is ink, -1 is paper."""
    pictures = -torch.ones(10, 12, 7)
    for picture, lacking in zip(pictures, WITHOUT, strict=True):
        for stroke, (rows, columns) in STROKES.items():
            if stroke not in lacking:
                picture[rows, columns] = 1
    return pictures


class DistanceToPrototypes(nn.Module):
    """The squared distance from each digit's fixed 7×12 picture of ±1: small means alike."""

    prototypes: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("prototypes", stylised_digits().flatten(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, None] - self.prototypes).square().sum(2)


class LeNet5(nn.Module):
    """LeNet-5 as published: 60,000 trainable parameters.

    Input (N, 1, 32, 32); output (N, 10) squared distances, of which the smallest wins. The paper's
    prototypes are printed characters of 7×12 pixels; here they are drawn anew from seven strokes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = nn.Sequential(PartialConv2d(6, C3_READS, 5), MapBias(16))
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)  # on a 5×5 map: a dense layer in effect
        self.f6 = nn.Linear(120, 84)
        self.output = DistanceToPrototypes()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = scaled_tanh(self.s2(scaled_tanh(self.c1(x))))  # (N, 6, 14, 14)
        x = scaled_tanh(self.s4(scaled_tanh(self.c3(x))))  # (N, 16, 5, 5)
        x = scaled_tanh(self.c5(x)).flatten(1)
        return self.output(scaled_tanh(self.f6(x)))


class LeNet1989(nn.Module):
    """The zip-code network of 1989: 9,760 trainable parameters, most of them biases of units.

    Input (N, 1, 16, 16); output (N, 10). Each map of H2 reads eight of the twelve maps of H1; the
    paper does not say which, so here they follow one another.
    """

    def __init__(self) -> None:
        super().__init__()
        reads = [tuple(sorted((first + step) % 12 for step in range(8))) for first in range(12)]
        self.h1 = nn.Sequential(
            nn.Conv2d(1, 12, 5, stride=2, padding=2, bias=False), MapBias(12, 8)
        )
        self.h2 = nn.Sequential(
            nn.ZeroPad2d(2), PartialConv2d(12, reads, 5, stride=2), MapBias(12, 4)
        )
        self.h3 = nn.Linear(12 * 4 * 4, 30)
        self.output = nn.Linear(30, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = scaled_tanh(self.h2(scaled_tanh(self.h1(x))))
        return scaled_tanh(self.output(scaled_tanh(self.h3(x.flatten(1)))))


def lenet5() -> LeNet5:
    """Return LeNet-5 as published, 60,000 parameters."""
    return LeNet5()


def lenet_1989() -> LeNet1989:
    """Return the network of 1989, 9,760 parameters."""
    return LeNet1989()


def lenet_modern(num_classes: int = 10) -> nn.Sequential:
    """Return what most people call LeNet today, 61,706 parameters. Input (N, 1, 28, 28).

    All maps of C3 read all maps of S2, pooling has no parameters, and the output is dense.
    """
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.Tanh(),
        nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes),
    )  # fmt: skip
