"""The data of the architecture explorer, counted from the networks of `cnnbook.models` themselves."""

from collections import deque

import torch
from torch import nn

from cnnbook.block_diagrams import describe_layer
from cnnbook.field_following import FieldFollower
from cnnbook.models import (
    alexnet,
    convnext,
    densenet,
    efficientnet,
    inception,
    inception_v3,
    lenet,
    mobilenet,
    nin,
    preactivation,
    repvgg,
    resnet,
    resnet_cifar,
    vgg,
    xception,
)
from cnnbook.summary import summarize
from cnnbook.tracing import run_on_shapes

RGB, LARGE, SMALL = (3, 224, 224), (3, 299, 299), (3, 32, 32)
SCALED = (224, 240, 288, 300, 380, 456, 528, 600)  # EfficientNet-B0 to B7
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
    **dict.fromkeys([resnet_cifar.preact_resnet110], SMALL),
    **dict.fromkeys([densenet.densenet121, densenet.densenet161], RGB),
    **dict.fromkeys([densenet.densenet169, densenet.densenet201], RGB),
    **dict.fromkeys([mobilenet.mobilenet_v1, mobilenet.mobilenet_v2, repvgg.repvgg_a0], RGB),
    **{getattr(efficientnet, f"efficientnet_b{n}"): (3, s, s) for n, s in enumerate(SCALED)},
    **dict.fromkeys([convnext.convnext_tiny, convnext.convnext_small], RGB),
    **dict.fromkeys([convnext.convnext_base, convnext.convnext_large], RGB),
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
    """Return [name, what it is, C, side, parameters, MACs, field] for each layer as it runs.

    All maps are square. The field is in pixels, 0 where it is the whole picture. What a layer's normalisation and other
    small parts add in parameters is counted with the layer before them, so that the sums are right.
    """
    parts, fields = dict(network.named_modules()), _fields(network, input_shape)
    layers: list[list] = []
    waiting = 0  # parameters of what runs before the first layer
    for row in summarize(network, input_shape).rows:
        field = fields[row.name].popleft()
        text, kind = describe_layer(parts.get(row.name, network))
        shrinks = layers and len(row.output_shape) == 3 and row.output_shape[1] < layers[-1][3]
        if not (row.macs or shrinks or kind in ("weights", "pool")):
            if layers:
                layers[-1][4] += row.parameters
            else:
                waiting += row.parameters
            continue
        shape = row.output_shape
        if kind == "weights" and len(shape) == 3 and text.startswith("dense"):
            shape = (shape[2], *shape[:2])  # ConvNeXt has its channels last there
        if len(shape) == 1:
            shape, text, field = (*shape, 1), text.replace(" at each place", ""), 0
        layers.append([row.name, text, *shape[:2], row.parameters + waiting, row.macs, field])
        waiting = 0
    return layers


def _fields(network, input_shape) -> dict[str, deque[int]]:
    """Return for each layer's name the field of what it puts out, each time that it runs."""
    follower, seen = FieldFollower(), {}

    def note(name):
        def after(module, inputs, output):
            field = follower.fields.get(id(output)) if torch.is_tensor(output) else None
            seen.setdefault(name, deque()).append(field.size if field else 0)

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
