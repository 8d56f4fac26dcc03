"""Explanations, checked on networks whose answer is known."""

import pytest
import torch
from torch import nn

from cnnbook import explain
from cnnbook.models.resnet_cifar import resnet20


class Pooled(nn.Module):
    """Maps, global average pooling, a dense layer."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 6, 3, padding=1, stride=2),
        )  # fmt: skip
        self.classifier = nn.Linear(6, 4)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Pooled().double().train()


@pytest.fixture
def images():
    return torch.rand(3, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


CLASSES = torch.tensor([2, 0, 3])


def test_the_mean_of_a_cam_is_the_logit_without_its_bias(network, images):
    network.eval()
    maps = network.features(images)
    cams = explain.cam(maps, network.classifier, CLASSES)
    logits = network(images).gather(1, CLASSES[:, None])[:, 0]
    assert cams.shape == (3, 6, 6)
    assert torch.allclose(cams.mean((1, 2)), logits - network.classifier.bias[CLASSES])


def test_grad_cam_is_the_positive_part_of_cam_where_pooling_is_global(network, images):
    network.eval()
    cams = explain.cam(network.features(images), network.classifier, CLASSES)
    grad_cams = explain.grad_cam(network, network.features, images, CLASSES)
    assert (cams.relu() / 36 - grad_cams).abs().max() < 1e-15
    assert (grad_cams > 0).any()


def linear_network(weight):
    """Return a network whose one logit is the sum of pixels times weights."""
    flat = nn.Linear(weight.numel(), 1, bias=False).double()
    flat.weight.data = weight.reshape(1, -1)
    return nn.Sequential(nn.Flatten(), flat)


def test_saliency_of_a_linear_network_is_its_weights(images):
    weight = torch.randn(3, 12, 12, dtype=torch.float64)
    found = explain.saliency(linear_network(weight), images, torch.zeros(3, dtype=torch.long))
    assert torch.allclose(found, weight.abs().amax(0).expand(3, -1, -1))


def test_occlusion_of_a_linear_network_is_what_the_square_held(images):
    weight = torch.randn(3, 12, 12, dtype=torch.float64)
    zeros = torch.zeros(3, dtype=torch.long)
    found = explain.occlusion(linear_network(weight), images, zeros, size=4, stride=4, fill=0)
    held = (weight * images).reshape(3, 3, 3, 4, 3, 4).sum((1, 3, 5))
    assert torch.allclose(found, held)


def test_a_maximised_picture_excites_its_channel_more_than_grey(network):
    picture = explain.maximise_activation(network, network.features, 2, shape=(3, 12, 12), steps=30)
    network.eval()
    grey = torch.full_like(picture, 0.5)
    excited, before = (network.features(x[None])[0, 2].mean() for x in (picture, grey))
    assert excited > before
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_the_network_is_left_as_it_was(network, images):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    explain.grad_cam(network, network.features, images, CLASSES)
    explain.saliency(network, images, CLASSES)
    explain.occlusion(network, images, CLASSES)
    explain.maximise_activation(network, network.features, 0, shape=(3, 12, 12), steps=2)
    assert all(part.training for part in network.modules())
    assert all(p.grad is None for p in network.parameters())
    assert not network.features._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("classes", [[0, 1], [0, 1, 4], [0, -1, 2]])
def test_classes_that_are_none_are_refused(network, images, classes):
    with pytest.raises(ValueError, match="one class from 0 to 3 for each of 3 pictures"):
        explain.saliency(network, images, torch.tensor(classes))
    with pytest.raises(ValueError, match="from 1 to 12"):
        explain.occlusion(network, images, CLASSES, size=13)


def test_maps_are_captums():
    from captum.attr import LayerGradCam, Occlusion, Saliency

    torch.manual_seed(4)
    network = resnet20().eval()
    pictures, classes = torch.rand(3, 3, 32, 32), torch.tensor([1, 5, 9])
    layer = network.blocks[4]  # before the last, the gradient differs from place to place
    theirs = LayerGradCam(network, layer).attribute(pictures, classes, relu_attributions=True)
    ours = explain.grad_cam(network, layer, pictures, classes)
    assert ours.max() > 0 and torch.allclose(ours, theirs[:, 0], rtol=1e-4, atol=1e-7)
    theirs = Saliency(network).attribute(pictures, classes, abs=True).amax(1)
    assert torch.allclose(
        explain.saliency(network, pictures, classes), theirs, rtol=1e-4, atol=1e-7
    )
    theirs = Occlusion(network).attribute(
        pictures, (3, 8, 8), strides=(3, 8, 8), target=classes, baselines=0.5
    )
    ours = explain.occlusion(network, pictures, classes, size=8, stride=8)
    assert torch.allclose(ours, theirs[:, 0, ::8, ::8], rtol=1e-3, atol=1e-4)
