"""The counts in the chapter and in the reference solutions, against networks that are not ours."""

import pytest
import torch

from cnnbook.grading.assignment import read_assignment
from cnnbook.models.registry import ARCHITECTURES
from scripts.paths import ROOT
from scripts.torchvision_on_cpu import make, torchvision

NETWORKS = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "resnet50": 25_557_032,
    "inception_v3": 27_161_264,
    "densenet161": 28_681_000,
    "efficientnet_b0": 5_288_548,
}
CHAPTER_SAYS = {
    "vgg19": 19.632,
    "resnet50": 4.089,
    "inception_v3": 5.713,
    "densenet161": 7.728,
    "efficientnet_b0": 0.386,
}


@pytest.fixture(scope="module")
def cost_table():
    solution = ROOT / "solutions" / "02_convolution" / "convolution.ipynb"
    setup, questions = read_assignment(solution)
    names = {}
    exec(setup, names)
    exec(next(q.source for q in questions if q.name == "cost_table"), names)
    return names["cost_table"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_reference_counter_agrees_with_torchvision(cost_table, name):
    published = torchvision.models.get_model_weights(name).DEFAULT.meta
    with torch.device("meta"):
        network, picture = make(name), torch.zeros(1, *ARCHITECTURES[name].input_shape)
    macs = sum(row[2] for row in cost_table(network.eval(), picture))
    assert macs / 1e9 == pytest.approx(published["_ops"], abs=6e-4)
    assert sum(p.numel() for p in network.parameters()) == published["num_params"] == NETWORKS[name]


@pytest.mark.parametrize("name", CHAPTER_SAYS)
def test_the_gmacs_that_the_chapter_quotes_are_those_that_torchvision_publishes(name):
    assert torchvision.models.get_model_weights(name).DEFAULT.meta["_ops"] == CHAPTER_SAYS[name]
