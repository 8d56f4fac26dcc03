"""Segmentation with dilated ("atrous") convolutions: DeepLab v3 (Chen et al. 2017, arXiv:1706.05587),
and FCN (Long, Shelhamer and Darrell 2015, arXiv:1411.4038) on the same backbone, as torchvision has it.

The idea: leave out the last strides, so that the map stays large, and dilate the convolutions that
follow, so that each still sees as far. The weights stay the same.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.models.resnet import ResNet, resnet50, resnet101
from cnnbook.models.segmentation import double_conv, enlarge


def conv_norm_relu(
    in_channels: int, out_channels: int, kernel_size: int, dilation: int = 1
) -> nn.Sequential:
    """Return a convolution that keeps the size, batch normalisation and ReLU."""
    padding = dilation * (kernel_size // 2)
    conv = nn.Conv2d(
        in_channels, out_channels, kernel_size, padding=padding, dilation=dilation, bias=False
    )
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels), nn.ReLU())


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: a 1×1, 3×3 at several dilations, and the mean of the map."""

    def __init__(
        self, in_channels: int, out_channels: int, dilations: Sequence[int] = (12, 24, 36)
    ):
        super().__init__()
        dilated = [conv_norm_relu(in_channels, out_channels, 3, d) for d in dilations]
        self.branches = nn.ModuleList([conv_norm_relu(in_channels, out_channels, 1), *dilated])
        self.context = conv_norm_relu(in_channels, out_channels, 1)
        self.mix = conv_norm_relu((2 + len(dilations)) * out_channels, out_channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        context = self.context(x.mean((2, 3), keepdim=True)).expand(-1, -1, *x.shape[2:])
        return self.mix(torch.cat([*(branch(x) for branch in self.branches), context], dim=1))


class DeepLab(nn.Module):
    """Stages that shrink the map to 1/`output_stride`; the rest dilate instead; then ASPP.

    Input (N, in_channels, H, W), output (N, num_classes, H, W); `output_stride` is 2, 4 or 8.
    """

    def __init__(
        self, num_classes: int, *, in_channels: int = 3, width: int = 16, output_stride: int = 4
    ):
        super().__init__()
        if output_stride not in (2, 4, 8):
            raise ValueError(
                f"output_stride={output_stride!r} is not allowed: it must be 2, 4 or 8"
            )
        layers: list[nn.Module] = []
        channels, stride, dilation = in_channels, 1, 1
        for stage in range(3):
            layers.append(double_conv(channels, width * 2**stage, dilation))
            channels = width * 2**stage
            if stride < output_stride:
                layers.append(nn.MaxPool2d(2))
                stride *= 2
            else:
                dilation *= 2  # look twice as far, in place of halving the map
        self.features = nn.Sequential(*layers)
        self.aspp = ASPP(channels, 2 * width, (2, 4, 6))
        self.score = nn.Conv2d(2 * width, num_classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return enlarge(self.score(self.aspp(self.features(x))), x.shape[2:])


def dilated(network: ResNet, output_stride: int) -> ResNet:
    """Return the network with the strides beyond `output_stride`, 8 or 16, traded for dilation.

    Changes the convolutions in place; the weights stay. The first 3×3 of a stage keeps the dilation
    of the stage before, since the map it reads is still that stage's.
    """
    if output_stride not in (8, 16):
        raise ValueError(f"output_stride={output_stride!r} is not allowed: it must be 8 or 16")
    dilation = 1
    for stage in [network.layer3, network.layer4] if output_stride == 8 else [network.layer4]:
        for index, block in enumerate(stage):
            for conv in (part for part in block.modules() if isinstance(part, nn.Conv2d)):
                conv.stride = (1, 1)
                if conv.kernel_size == (3, 3):
                    here = dilation if index == 0 else 2 * dilation
                    conv.dilation = conv.padding = (here, here)
        dilation *= 2
    return network


class SegmentationResNet(nn.Module):
    """A dilated ResNet, a head that scores each place of its last map, and the scores enlarged.

    Input (N, 3, H, W), output (N, num_classes, H, W); in training, with `auxiliary`, a pair with the
    scores of the stage before.
    """

    def __init__(self, backbone: ResNet, head: nn.Module, num_classes: int, auxiliary: bool):
        super().__init__()
        self.backbone = dilated(backbone, 8)
        self.backbone.fc = nn.Identity()
        self.head = head
        self.auxiliary_head = fcn_head(1024, num_classes) if auxiliary else None

    def forward(self, x: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        size, net = x.shape[2:], self.backbone
        x = net.maxpool(F.relu(net.bn1(net.conv1(x))))
        before = net.layer3(net.layer2(net.layer1(x)))  # (N, 1024, H/8, W/8)
        scores = enlarge(self.head(net.layer4(before)), size)
        if self.training and self.auxiliary_head is not None:
            return scores, enlarge(self.auxiliary_head(before), size)
        return scores


def fcn_head(in_channels: int, num_classes: int) -> nn.Sequential:
    """Return a 3×3 to a quarter of the channels and a 1×1 that scores."""
    inner = in_channels // 4
    return nn.Sequential(
        conv_norm_relu(in_channels, inner, 3), nn.Dropout(0.1), nn.Conv2d(inner, num_classes, 1)
    )


def deeplab_head(in_channels: int, num_classes: int) -> nn.Sequential:
    """Return ASPP, a 3×3 and a 1×1 that scores."""
    return nn.Sequential(
        ASPP(in_channels, 256), nn.Dropout(0.5), conv_norm_relu(256, 256, 3),
        nn.Conv2d(256, num_classes, 1),
    )  # fmt: skip


def fcn_resnet50(num_classes: int = 21, *, auxiliary: bool = False) -> SegmentationResNet:
    """Return FCN on ResNet-50, 32,957,013 parameters, 35,322,218 with the auxiliary head."""
    return SegmentationResNet(resnet50(), fcn_head(2048, num_classes), num_classes, auxiliary)


def fcn_resnet101(num_classes: int = 21, *, auxiliary: bool = False) -> SegmentationResNet:
    """Return FCN on ResNet-101, 51,949,141 parameters, 54,314,346 with the auxiliary head."""
    return SegmentationResNet(resnet101(), fcn_head(2048, num_classes), num_classes, auxiliary)


def deeplabv3_resnet50(num_classes: int = 21, *, auxiliary: bool = False) -> SegmentationResNet:
    """Return DeepLab v3 on ResNet-50, 39,638,869 parameters, 42,004,074 with the auxiliary head."""
    return SegmentationResNet(resnet50(), deeplab_head(2048, num_classes), num_classes, auxiliary)


def deeplabv3_resnet101(num_classes: int = 21, *, auxiliary: bool = False) -> SegmentationResNet:
    """Return DeepLab v3 on ResNet-101, 58,630,997 parameters, 60,996,202 with the auxiliary head."""
    return SegmentationResNet(resnet101(), deeplab_head(2048, num_classes), num_classes, auxiliary)


def deeplab(num_classes: int = 21) -> DeepLab:
    """Return the small DeepLab, 137,893 parameters for the 21 classes of Pascal VOC."""
    return DeepLab(num_classes)
