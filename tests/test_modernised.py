"""The steps from ResNet-50 to ConvNeXt-T: the ends are known networks, the costs those of the paper."""

import pytest
import torch

from cnnbook.models import convnext, modernised, resnet
from cnnbook.summary import count_macs, count_parameters

PAPER = [4.09, 4.53, 4.42, 2.35, 5.27, 4.64, 4.07, 4.15, 4.15, 4.15, 4.15]  # GMACs, Table 10
NAMES = [*modernised.CHANGES, modernised.LAST]


@pytest.mark.parametrize(("name", "gmacs"), list(zip(NAMES, PAPER, strict=False)))
def test_a_step_costs_what_the_paper_says(name, gmacs):
    with torch.device("meta"):
        network = modernised.step(name)
    assert count_macs(network, (3, 224, 224)) / 1e9 == pytest.approx(gmacs, abs=0.006)


def test_the_walk_begins_at_resnet50():
    with torch.device("meta"):
        ours, theirs = modernised.step("ResNet-50"), resnet.resnet50()
    assert count_parameters(ours) == count_parameters(theirs)
    shapes = [
        sorted(tuple(p.shape) for p in network.parameters() if p.dim() > 1)
        for network in (ours, theirs)
    ]
    assert shapes[0] == shapes[1]


def test_the_walk_ends_at_convnext():
    with torch.device("meta"):
        assert isinstance(modernised.step(modernised.LAST), convnext.ConvNeXt)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_can_be_trained(name):
    with torch.device("meta"):
        network = modernised.step(name, 3)
        scores = network(torch.empty(2, 3, 64, 64))
        scores.sum().backward()
    assert scores.shape == (2, 3)
    assert all(p.grad is not None for p in network.parameters())


def test_norms_and_activations_fall_as_the_steps_say():
    def layers(name, kinds):
        block = modernised.Block(modernised.plans()[name], 96, 96, 1)
        return sum(isinstance(part, kinds) for part in block.modules())

    acts, norms = (torch.nn.ReLU, torch.nn.GELU), torch.nn.BatchNorm2d
    assert layers("ReLU → GELU", acts) == 3
    assert layers("fewer activations", acts) == 1
    assert layers("fewer activations", norms) == 3
    assert layers("fewer norms", norms) == 1
    assert layers("BN → LN", norms) == 0


def test_a_step_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no step.*patchify stem"):
        modernised.step("patchify")
