"""The one list of the architectures: the explorer, the lineage and the tests read it.

It names the constructors and imports none of them. And it is a file of its own, not the package's:
a page that imports one family depends neither on the others nor on this list, and stays proved when a
line is added here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch

__all__ = ["ARCHITECTURES", "WITHOUT_ARCHITECTURES", "Architecture"]

RGB, LARGE, CIFAR, DIGIT = (3, 224, 224), (3, 299, 299), (3, 32, 32), (1, 28, 28)
TOWERS, TILE, SEGMENTED, CLIP = (3, 227, 227), (3, 64, 64), (3, 520, 520), (3, 16, 112, 112)


@dataclass(frozen=True)
class Architecture:
    """One network: `name` is a function of `cnnbook/models/{family}.py` that needs no argument.

    input_shape: without the batch axis, (C, H, W), for clips (C, T, H, W), for sound (C, T); the size at
    which others publish its cost. timm: its name there. torchvision's name, where it has one, is the same.
    """

    name: str
    family: str
    input_shape: tuple[int, ...]
    timm: str = ""

    @property
    def constructor(self) -> Callable[..., torch.nn.Module]:
        """Return the function that makes the network; its file is imported now, not before."""
        return getattr(import_module(f"cnnbook.models.{self.family}"), self.name)

    def build(self, **settings: Any) -> torch.nn.Module:
        """Return the network without values, on the device meta, which costs no memory."""
        with torch.device("meta"):
            return self.constructor(**settings)


# In the order in which the explorer offers them.
ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        Architecture("lenet5", "lenet", (1, 32, 32)),
        Architecture("lenet_modern", "lenet", DIGIT),
        Architecture("lenet_1989", "lenet", (1, 16, 16)),
        Architecture("alexnet_two_towers", "alexnet", TOWERS),
        Architecture("alexnet_ungrouped", "alexnet", TOWERS),
        Architecture("alexnet", "alexnet", RGB),
        Architecture("nin", "nin", RGB),
        Architecture("vgg11", "vgg", RGB),
        Architecture("vgg13", "vgg", RGB),
        Architecture("vgg16", "vgg", RGB),
        Architecture("vgg19", "vgg", RGB),
        Architecture("vgg11_bn", "vgg", RGB),
        Architecture("vgg13_bn", "vgg", RGB),
        Architecture("vgg16_bn", "vgg", RGB),
        Architecture("vgg19_bn", "vgg", RGB),
        Architecture("googlenet", "inception", RGB),
        Architecture("googlenet_paper", "inception", RGB),
        Architecture("inception_v3", "inception_v3", LARGE),
        Architecture("xception", "xception", LARGE, timm="legacy_xception"),
        Architecture("resnet18", "resnet", RGB),
        Architecture("resnet34", "resnet", RGB),
        Architecture("resnet50", "resnet", RGB),
        Architecture("resnet101", "resnet", RGB),
        Architecture("resnet152", "resnet", RGB),
        Architecture("wide_resnet50_2", "resnet", RGB),
        Architecture("resnext50_32x4d", "resnet", RGB),
        Architecture("resnext101_32x8d", "resnet", RGB),
        Architecture("preact_resnet18", "preactivation", RGB),
        Architecture("preact_resnet34", "preactivation", RGB),
        Architecture("preact_resnet50", "preactivation", RGB, timm="resnetv2_50"),
        Architecture("preact_resnet101", "preactivation", RGB),
        Architecture("preact_resnet152", "preactivation", RGB),
        Architecture("resnet20", "resnet_cifar", CIFAR),
        Architecture("resnet32", "resnet_cifar", CIFAR),
        Architecture("resnet56", "resnet_cifar", CIFAR),
        Architecture("resnet110", "resnet_cifar", CIFAR),
        Architecture("preact_resnet110", "resnet_cifar", CIFAR),
        Architecture("resnet14", "resnet_cifar", CIFAR),
        Architecture("small_cnn", "small", CIFAR),
        Architecture("densenet121", "densenet", RGB),
        Architecture("densenet161", "densenet", RGB),
        Architecture("densenet169", "densenet", RGB),
        Architecture("densenet201", "densenet", RGB),
        Architecture("mobilenet_v1", "mobilenet", RGB, timm="mobilenetv1_100"),
        Architecture("mobilenet_v2", "mobilenet", RGB),
        Architecture("repvgg_a0", "repvgg", RGB, timm="repvgg_a0"),
        Architecture("efficientnet_b0", "efficientnet", RGB),
        Architecture("efficientnet_b1", "efficientnet", (3, 240, 240)),
        Architecture("efficientnet_b2", "efficientnet", (3, 288, 288)),
        Architecture("efficientnet_b3", "efficientnet", (3, 300, 300)),
        Architecture("efficientnet_b4", "efficientnet", (3, 380, 380)),
        Architecture("efficientnet_b5", "efficientnet", (3, 456, 456)),
        Architecture("efficientnet_b6", "efficientnet", (3, 528, 528)),
        Architecture("efficientnet_b7", "efficientnet", (3, 600, 600)),
        Architecture("convnext_tiny", "convnext", RGB),
        Architecture("convnext_small", "convnext", RGB),
        Architecture("convnext_base", "convnext", RGB),
        Architecture("convnext_large", "convnext", RGB),
        Architecture("se_resnet50", "resnet_attention", RGB, timm="legacy_seresnet50"),
        Architecture("cbam_resnet50", "resnet_attention", RGB),
        Architecture("p4cnn", "group", DIGIT),
        Architecture("fcn", "segmentation", TILE),
        Architecture("unet", "segmentation", TILE),
        Architecture("deeplab", "atrous", TILE),
        Architecture("fcn_resnet50", "atrous", SEGMENTED),
        Architecture("fcn_resnet101", "atrous", SEGMENTED),
        Architecture("deeplabv3_resnet50", "atrous", SEGMENTED),
        Architecture("deeplabv3_resnet101", "atrous", SEGMENTED),
        Architecture("c3d", "video", CLIP),
        Architecture("i3d_resnet18", "video", CLIP),
        Architecture("slowfast", "video", (3, 32, 112, 112)),
        Architecture("wavenet", "audio", (1, 4096)),
        Architecture("spectrogram_cnn", "audio", (1, 129, 64)),
    )
}

# Files without an architecture: blocks, the steps from one to another, a loader of weights, this list.
WITHOUT_ARCHITECTURES = {"attention", "modernised", "published", "registry"}
