"""ResNets with attention in each block: squeeze-and-excitation (Hu, Shen and Sun 2018) and CBAM (Woo,
Park, Lee and Kweon 2018). The modules are in `cnnbook.models.attention`.

The idea: attention fits behind any block, so a network has it or not by one argument.
"""

from cnnbook.models.attention import CBAM, SqueezeExcitation
from cnnbook.models.resnet import ResNet, resnet50


def se_resnet50(num_classes: int = 1000) -> ResNet:
    """Return ResNet-50 with squeeze-and-excitation, as in the paper: stride first, ratio 16.

    It has 28,088,024 parameters.
    """

    def squeeze(channels: int) -> SqueezeExcitation:
        return SqueezeExcitation(channels, channels // 16)

    return resnet50(num_classes, stride_first=True, attention=squeeze)


def cbam_resnet50(num_classes: int = 1000) -> ResNet:
    """Return ResNet-50 with attention over channels, then places, in each block.

    It has 28,089,608 parameters.
    """
    return resnet50(num_classes, attention=CBAM)
