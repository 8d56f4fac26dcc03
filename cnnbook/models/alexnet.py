"""AlexNet: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional
neural networks".

The idea: the network of the nineties, much larger, with ReLU and dropout, trained on two GPUs.
Three versions go by the name, with three counts of parameters; they differ in widths and groups.
"""

from collections.abc import Sequence

import torch
from torch import nn


class AlexNet(nn.Module):
    """Five convolutions and three dense layers. Input (N, 3, H, W), output (N, num_classes).

    `widths` are the channels of the five convolutions. With `groups` of 2, the second, fourth and
    fifth see only their own GPU's half of the channels. `local_norm` adds the paper's response
    normalisation after the first two.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        groups: int = 1,
        padding: int = 0,
        local_norm: bool = False,
        num_classes: int = 1000,
    ):
        super().__init__()
        a, b, c, d, e = widths
        norm = [nn.LocalResponseNorm(5, alpha=5e-4, k=2)] if local_norm else []
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, stride=4, padding=padding), nn.ReLU(), *norm, nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2, groups=groups), nn.ReLU(), *norm, nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1, groups=groups), nn.ReLU(),
            nn.Conv2d(d, e, 3, padding=1, groups=groups), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(6)  # so that other sizes than 224 run
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(e * 6 * 6, 4096), nn.ReLU(),
            nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.avgpool(self.features(x))  # (N, e, 6, 6)
        return self.classifier(x.flatten(1))


def alexnet(num_classes: int = 1000) -> AlexNet:
    """Return torchvision's AlexNet, 61,100,840 parameters: one tower, after Krizhevsky 2014."""
    return AlexNet((64, 192, 384, 256, 256), padding=2, num_classes=num_classes)


def alexnet_two_towers(num_classes: int = 1000) -> AlexNet:
    """Return AlexNet as published, 60,965,224 parameters. Its input is 227 pixels wide."""
    widths = (96, 256, 384, 384, 256)
    return AlexNet(widths, groups=2, local_norm=True, num_classes=num_classes)


def alexnet_ungrouped(num_classes: int = 1000) -> AlexNet:
    """Return the published widths with the groups dropped, 62,378,344 parameters."""
    return AlexNet((96, 256, 384, 384, 256), local_norm=True, num_classes=num_classes)
