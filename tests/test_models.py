"""The book's networks, against torchvision's with the same weights, and against the papers' counts."""

import pytest
import torch
from torch import nn

from cnnbook.models import alexnet, inception, lenet, mobilenet, preactivation, xception
from cnnbook.models import resnet as resnets
from cnnbook.models.inception_v3 import inception_v3
from cnnbook.models.published import key_map, load_published
from cnnbook.models.registry import ARCHITECTURES
from cnnbook.receptive_field import receptive_field_of
from cnnbook.summary import count_macs, count_parameters
from scripts.torchvision_on_cpu import make, torchvision

# Whatever torchvision and the registry both have has the same name in both.
CLASSIFYING = torchvision.models.list_models(torchvision.models)
NAMES = [name for name in CLASSIFYING if name in ARCHITECTURES]
IN_TIMM = [name for name, architecture in ARCHITECTURES.items() if architecture.timm]


def settings_of(name):
    return {"auxiliary": True} if name == "googlenet" else {}


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_those_that_torchvision_publishes(name):
    published = torchvision.models.get_model_weights(name).DEFAULT.meta
    network, shape = ARCHITECTURES[name].build(), ARCHITECTURES[name].input_shape
    assert count_parameters(network) == published["num_params"]
    assert count_macs(network, shape) / 1e9 == pytest.approx(published["_ops"], abs=6e-4)


def compare(theirs, network, sizes):
    """Assert that two networks with the same weights give the same logits and gradients."""
    for size in sizes:
        x = torch.randn(2, 3, size, size)
        results = []
        for model in (theirs, network):
            picture = x.clone().requires_grad_()
            logits = model(picture)
            (gradient,) = torch.autograd.grad(logits.square().sum(), picture)
            results.append((logits.detach(), gradient))
        (logits, gradient), (our_logits, our_gradient) = results
        assert logits.std() > 1e-3, "the comparison means something"
        assert (our_logits - logits).abs().max() <= 1e-4 * logits.abs().max().clamp_min(1)
        assert (our_gradient - gradient).abs().max() <= 1e-3 * gradient.abs().max()


def lively(network):
    """Fill in numbers for which a wrong layer shows: no zeros, no ones, no tiny scales."""
    for name, value in network.state_dict().items():
        if "running_var" in name or "layer_scale" in name:
            value.uniform_(0.5, 1.5)
        elif "running_mean" in name:
            value.normal_(0, 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_with_the_same_weights_logits_and_gradients_are_torchvisions(name):
    torch.manual_seed(0)
    theirs = make(name).eval()
    network = ARCHITECTURES[name].build(**settings_of(name)).eval()
    lively(theirs)
    load_published(network, theirs.state_dict())
    compare(theirs, network, (96, 128) if name == "inception_v3" else (64, 96))


def as_published(name):
    """Return the book's network; that of the SE paper's authors pools without padding."""
    network = ARCHITECTURES[name].constructor()
    if name == "se_resnet50":
        network.maxpool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    return network


@pytest.mark.parametrize("name", IN_TIMM)
def test_with_the_same_weights_logits_and_gradients_are_timms(name):
    import timm

    torch.manual_seed(0)
    theirs = timm.create_model(ARCHITECTURES[name].timm).eval()
    network = as_published(name).eval()
    lively(theirs)
    nn.init.normal_(theirs.get_classifier().weight, std=0.3)  # timm's heads begin nearly at zero
    load_published(network, theirs.state_dict())
    assert count_parameters(network) == count_parameters(theirs)
    compare(theirs, network, (64, 96))


def test_auxiliary_heads_cost_what_is_published():
    with torch.device("meta"):
        with_heads, without = inception.googlenet(auxiliary=True), inception_v3(auxiliary=False)
    assert count_parameters(with_heads) == 13_004_888
    assert count_parameters(without) == 23_834_568


MACS = {  # in millions
    "AlexNet, two towers": (alexnet.alexnet_two_towers, 227, 724.4),
    "ResNet-50, stride first": (lambda: resnets.resnet50(stride_first=True), 224, 3858),
    "MobileNet": (mobilenet.mobilenet_v1, 224, 568.7),
    "Xception": (xception.xception, 299, 8357),
}


@pytest.mark.parametrize("name", MACS)
def test_macs_of_the_published_versions(name):
    make_network, size, millions = MACS[name]
    with torch.device("meta"):
        network = make_network()
    assert count_macs(network, (3, size, size)) / 1e6 == pytest.approx(millions, rel=2e-4)


FIELDS = {  # size, jump and how far the first output reaches beyond the border
    "alexnet": (195, 32, 66), "vgg11": (150, 32, 59), "vgg16": (212, 32, 90), "vgg19": (268, 32, 118),
    "googlenet": (379, 32, 167), "inception_v3": (1311, 32, 618), "resnet18": (435, 32, 217),
    "resnet34": (899, 32, 449), "resnet50": (427, 32, 213), "resnet101": (971, 32, 485),
    "resnet152": (1451, 32, 725), "resnext50_32x4d": (427, 32, 213),
    "densenet121": (2071, 32, 1021), "densenet161": (2967, 32, 1469), "mobilenet_v2": (491, 32, 245),
    "efficientnet_b0": (851, 32, 425), "efficientnet_b7": (3079, 32, 1539),
    "convnext_tiny": (1688, 32, 828),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_receptive_fields_of_torchvisions_variants(name):
    field = receptive_field_of(ARCHITECTURES[name].build(), ARCHITECTURES[name].input_shape)
    assert (field.size, field.jump, -field.start) == FIELDS[name]
    assert field.whole_input == name.startswith("efficientnet")


# Araujo, Norris and Sim 2019; the last is what the recurrence gives by hand for GoogLeNet's table.
PUBLISHED_FIELDS = {
    "resnet50": (lambda: resnets.resnet50(stride_first=True), 224, 483),
    "resnet101": (lambda: resnets.resnet101(stride_first=True), 224, 1027),
    "resnet152": (lambda: resnets.resnet152(stride_first=True), 224, 1507),
    "mobilenet_v1": (mobilenet.mobilenet_v1, 224, 315),
    "alexnet, no padding": (alexnet.alexnet_two_towers, 227, 195),
    "inception with true 5×5": (inception.googlenet_paper, 224, 715),
}


@pytest.mark.parametrize("name", PUBLISHED_FIELDS)
def test_receptive_fields_of_the_published_variants(name):
    make_network, size, expected = PUBLISHED_FIELDS[name]
    with torch.device("meta"):
        network = make_network()
    assert receptive_field_of(network, (3, size, size)).size == expected


# A 1×1 convolution and a batch normalisation: where ResNet-34 changes its shape, and elsewhere.
PROJECTIONS = [c * 2 * c + 2 * 2 * c for c in (64, 128, 256)]
EXTRA_PROJECTIONS = [
    blocks * (c * c + 2 * c) for c, blocks in ((64, 3), (128, 3), (256, 5), (512, 2))
]


@pytest.mark.parametrize("option", ["A", "B", "C"])
def test_shortcut_options_keep_the_shape_and_differ_in_cost(option):
    network = resnets.resnet34(option=option)
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)
    added = {"A": -sum(PROJECTIONS), "B": 0, "C": sum(EXTRA_PROJECTIONS)}[option]
    assert count_parameters(network) == 21_797_672 + added


def test_an_unknown_shortcut_option_is_refused():
    with pytest.raises(ValueError, match="option='D'"):
        resnets.resnet18(option="D")


def test_a_pre_activation_block_with_zero_weights_is_the_identity_on_every_input():
    block = preactivation.PreActivationBlock(4, 4)
    nn.init.zeros_(block.conv2.weight)
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(block(x), x)
    post = resnets.BasicBlock(4, 4)
    nn.init.zeros_(post.bn2.weight)
    assert torch.equal(post(x), x.relu()), "with ReLU after the sum only on non-negative inputs"


def test_a_thin_mobilenet_learns_with_every_parameter():
    torch.manual_seed(0)
    network = mobilenet.mobilenet_v1(7, width=0.25)
    out = network(torch.randn(2, 3, 64, 64))
    assert out.shape == (2, 7)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_the_prototypes_of_lenet_are_ten_digits_far_from_each_other():
    digits = lenet.stylised_digits().flatten(1)
    assert digits.unique().tolist() == [-1, 1]
    differing = torch.cdist(digits, digits, p=0) + 84 * torch.eye(10)
    assert differing.min() >= 6, "as many pixels as a stroke has beyond its neighbours"
    assert torch.equal(lenet.lenet5().output(digits).argmin(1), torch.arange(10))


def test_partial_convolution_reads_only_its_maps():
    layer = lenet.PartialConv2d(6, lenet.C3_READS, 5)
    x = torch.zeros(1, 6, 5, 5, requires_grad=True)
    for o, reads in enumerate(lenet.C3_READS):
        (gradient,) = torch.autograd.grad(layer(x)[0, o].sum(), x)
        assert tuple(gradient[0].abs().sum((1, 2)).nonzero().flatten().tolist()) == reads


def test_weights_of_another_network_are_refused_and_nothing_is_changed():
    network = resnets.resnet18()
    before = network.fc.weight.clone()
    with pytest.raises(ValueError, match="not of the same network"):
        load_published(network, make("resnet34").state_dict())
    wider = make("resnet18").state_dict()
    wider["fc.weight"] = torch.zeros(2000, 512)
    with pytest.raises(ValueError, match=r"fc.weight has shape \(1000, 512\)"):
        load_published(network, wider)
    assert torch.equal(network.fc.weight, before)


def test_the_key_map_names_what_belongs_together():
    pairs = key_map(ARCHITECTURES["convnext_tiny"].build(), make("convnext_tiny").state_dict())
    assert pairs["features.2.scale"] == "features.1.0.layer_scale"
    assert pairs["head.weight"] == "classifier.2.weight"
