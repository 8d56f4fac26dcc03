"""The network of this book's laboratories: three convolutions, small enough to train on a laptop.

The idea is Springenberg et al. 2015, arXiv:1412.6806: convolutions, nothing else, and a global average.
"""

from torch import nn


def small_cnn(
    num_classes: int = 10, *, in_channels: int = 3, width: int = 32, norm: bool = True
) -> nn.Sequential:
    """Return a classifier of pictures (N, in_channels, H, W), H and W at least 4.

    Three 3×3 convolutions with `width`, twice and four times `width` channels, each with batch
    normalisation (unless `norm` is False) and ReLU, the first two with 2×2 max pooling; then the mean
    over all places and one dense layer. The weights begin with He's width; by default there
    are 94,762 parameters.
    """
    layers: list[nn.Module] = []
    for step in range(3):
        out_channels = width * 2**step
        conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=not norm)
        nn.init.kaiming_normal_(
            conv.weight, nonlinearity="relu"
        )  # He et al. 2015, arXiv:1502.01852
        layers += [conv, *([nn.BatchNorm2d(out_channels)] if norm else []), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if step < 2 else []
        in_channels = out_channels
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, num_classes)
    )
