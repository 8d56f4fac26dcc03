"""The data of the architecture explorer, counted from the networks of `cnnbook.models` themselves."""

from collections import deque
from math import prod

import torch
from torch import nn

from cnnbook.block_parts import describe_layer
from cnnbook.field_following import FieldFollower
from cnnbook.models import (
    alexnet,
    atrous,
    audio,
    convnext,
    densenet,
    efficientnet,
    group,
    inception,
    inception_v3,
    lenet,
    mobilenet,
    nin,
    preactivation,
    repvgg,
    resnet,
    resnet_cifar,
    segmentation,
    small,
    vgg,
    video,
    xception,
)
from cnnbook.models.attention import CBAM, SqueezeExcitation
from cnnbook.receptive_field import ReceptiveField
from cnnbook.summary import summarize
from cnnbook.tracing import run_on_shapes

RGB, LARGE, SMALL = (3, 224, 224), (3, 299, 299), (3, 32, 32)
SEGMENTED, CLIP = (3, 520, 520), (3, 16, 112, 112)
WHOLE, IRREGULAR = 0, -1  # fields that are no number of pixels, as in explorer.js
SCALED = (224, 240, 288, 300, 380, 456, 528, 600)  # EfficientNet-B0 to B7


def se_resnet50() -> resnet.ResNet:
    """Return ResNet-50 with squeeze-and-excitation, as in the paper: stride first, ratio 16."""
    return resnet.resnet50(stride_first=True, attention=lambda c: SqueezeExcitation(c, c // 16))


def cbam_resnet50() -> resnet.ResNet:
    """Return ResNet-50 with attention over channels, then places, in each block."""
    return resnet.resnet50(attention=CBAM)


def i3d_resnet18() -> nn.Module:
    """Return ResNet-18 inflated to three frames a kernel, for Kinetics' 400 classes."""
    return video.inflate(resnet.resnet18(400))


def slowfast() -> video.SlowFast:
    """Return the small SlowFast of `cnnbook.models.video`."""
    return video.SlowFast()


def wavenet() -> audio.WaveNet:
    """Return one block of ten layers."""
    return audio.WaveNet()


def spectrogram_cnn() -> audio.SpectrogramCNN:
    """Return the small network for spectrograms, for ten classes."""
    return audio.SpectrogramCNN(10)


def fcn() -> segmentation.FCN:
    """Return the small FCN, for 21 classes."""
    return segmentation.FCN(21)


def unet() -> segmentation.UNet:
    """Return the small U-Net, for 21 classes."""
    return segmentation.UNet(21)


def deeplab() -> atrous.DeepLab:
    """Return the small DeepLab, for 21 classes."""
    return atrous.DeepLab(21)


NETWORKS = {
    **dict.fromkeys([lenet.lenet5], (1, 32, 32)),
    **dict.fromkeys([lenet.lenet_modern], (1, 28, 28)),
    **dict.fromkeys([lenet.lenet_1989], (1, 16, 16)),
    **dict.fromkeys([alexnet.alexnet_two_towers, alexnet.alexnet_ungrouped], (3, 227, 227)),
    **dict.fromkeys([alexnet.alexnet, nin.nin], RGB),
    **dict.fromkeys([vgg.vgg11, vgg.vgg13, vgg.vgg16, vgg.vgg19], RGB),
    **dict.fromkeys([vgg.vgg11_bn, vgg.vgg13_bn, vgg.vgg16_bn, vgg.vgg19_bn], RGB),
    **dict.fromkeys([inception.googlenet, inception.googlenet_paper], RGB),
    **dict.fromkeys([inception_v3.inception_v3, xception.xception], LARGE),
    **dict.fromkeys([resnet.resnet18, resnet.resnet34, resnet.resnet50], RGB),
    **dict.fromkeys([resnet.resnet101, resnet.resnet152, resnet.wide_resnet50_2], RGB),
    **dict.fromkeys([resnet.resnext50_32x4d, resnet.resnext101_32x8d], RGB),
    **dict.fromkeys([preactivation.preact_resnet18, preactivation.preact_resnet34], RGB),
    **dict.fromkeys([preactivation.preact_resnet50, preactivation.preact_resnet101], RGB),
    **dict.fromkeys([preactivation.preact_resnet152], RGB),
    **dict.fromkeys([resnet_cifar.resnet20, resnet_cifar.resnet32], SMALL),
    **dict.fromkeys([resnet_cifar.resnet56, resnet_cifar.resnet110], SMALL),
    **dict.fromkeys([resnet_cifar.preact_resnet110, resnet_cifar.resnet14, small.small_cnn], SMALL),
    **dict.fromkeys([densenet.densenet121, densenet.densenet161], RGB),
    **dict.fromkeys([densenet.densenet169, densenet.densenet201], RGB),
    **dict.fromkeys([mobilenet.mobilenet_v1, mobilenet.mobilenet_v2, repvgg.repvgg_a0], RGB),
    **{getattr(efficientnet, f"efficientnet_b{n}"): (3, s, s) for n, s in enumerate(SCALED)},
    **dict.fromkeys([convnext.convnext_tiny, convnext.convnext_small], RGB),
    **dict.fromkeys([convnext.convnext_base, convnext.convnext_large], RGB),
    **dict.fromkeys([se_resnet50, cbam_resnet50], RGB),
    **dict.fromkeys([group.p4cnn], (1, 28, 28)),
    **dict.fromkeys([fcn, unet, deeplab], (3, 64, 64)),
    **dict.fromkeys([atrous.fcn_resnet50, atrous.fcn_resnet101], SEGMENTED),
    **dict.fromkeys([atrous.deeplabv3_resnet50, atrous.deeplabv3_resnet101], SEGMENTED),
    **dict.fromkeys([video.c3d, i3d_resnet18], CLIP),
    **dict.fromkeys([slowfast], (3, 32, 112, 112)),
    **dict.fromkeys([wavenet], (1, 4096)),
    **dict.fromkeys([spectrogram_cnn], (1, 129, 64)),
}


def architectures() -> list[dict]:
    """Return each network's name, input shape and layers, as `layers_of` returns them."""
    made = []
    for make, shape in NETWORKS.items():
        with torch.device("meta"):
            network = make()
        name = make.__name__ + (" (CIFAR)" if shape == SMALL else "")
        made.append({"name": name, "input": shape, "layers": layers_of(network, shape)})
    return made


def layers_of(network: nn.Module, input_shape: tuple[int, ...]) -> list[list]:
    """Return [name, what it is, C, extents, parameters, MACs, field] for each layer as it runs.

    Extents are [H, W], for clips [T, H, W], for sound [T]. The field is in pixels or samples, WHOLE where
    it is the whole input, IRREGULAR where it is not the same at all places. What a layer's normalisation
    and other small parts add in parameters is counted with the layer before them: the sums are right.
    """
    parts, fields = dict(network.named_modules()), _fields(network, input_shape)
    layers: list[list] = []
    waiting = 0  # parameters of what runs before the first layer
    ran = set()
    for row in summarize(network, input_shape).rows:
        parameters = 0 if row.name in ran else row.parameters  # a layer may run twice
        ran.add(row.name)
        field = fields[row.name].popleft()
        text, kind = describe_layer(parts.get(row.name, network))
        shape = row.output_shape
        if isinstance(network, video.Inflated) and not isinstance(parts.get(row.name), nn.Conv3d):
            shape = (shape[1], shape[0], *shape[2:])  # its frames stand first
        shrinks = layers and len(shape) > 1 and prod(shape[1:]) < prod(layers[-1][3])
        if not (row.macs or shrinks or kind in ("weights", "pool")):
            if layers:
                layers[-1][4] += parameters
            else:
                waiting += parameters
            continue
        if kind == "weights" and len(shape) == 3 and text.startswith("dense"):
            shape = (shape[2], *shape[:2])  # ConvNeXt has its channels last there
        if len(shape) == 1:
            shape, text, field = (*shape, 1, 1), text.replace(" at each place", ""), WHOLE
        size = parameters + waiting, row.macs
        layers.append([row.name, text, shape[0], list(shape[1:]), *size, field])
        waiting = 0
    return layers


class _Follower(FieldFollower):
    """Follows fields past operations after which they differ from place to place."""

    irregular = ReceptiveField(size=IRREGULAR)

    def _field(self, name, args, kwargs, read, output) -> ReceptiveField | None:
        if any(self.fields[id(tensor)] is self.irregular for tensor in read):
            return self.irregular
        try:
            return super()._field(name, args, kwargs, read, output)
        except ValueError:  # a transposed convolution or an interpolation
            return self.irregular


def _fields(network, input_shape) -> dict[str, deque[int]]:
    """Return for each layer's name the field of what it puts out, each time that it runs."""
    follower = _Follower()
    seen: dict[str, deque[int]] = {}

    def note(name):
        def after(module, inputs, output):
            field = follower.fields.get(id(output)) if torch.is_tensor(output) else None
            seen.setdefault(name, deque()).append(field.size if field else WHOLE)

        return after

    hooks = [
        part.register_forward_hook(note(name or "(itself)"))
        for name, part in network.named_modules()
    ]
    try:
        run_on_shapes(network, input_shape, follower)
    finally:
        for hook in hooks:
            hook.remove()
    return seen
