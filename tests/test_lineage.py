"""The lineage table against torchvision's weight metadata, read from the installed package."""

import re

import pytest

from cnnbook import lineage
from cnnbook.models.registry import ARCHITECTURES
from scripts.paths import ROOT
from scripts.torchvision_on_cpu import torchvision

PUBLISHED = [
    (network, result)
    for network in lineage.networks().values()
    for result in network.results
    if result.weights
]


@pytest.mark.parametrize(
    ("network", "result"), PUBLISHED, ids=[result.weights for _, result in PUBLISHED]
)
def test_an_accuracy_from_torchvision_is_the_one_in_its_metadata(network, result):
    family, version = result.weights.split(".")
    weights = getattr(getattr(torchvision.models, family), version)
    metrics, transform = weights.meta["_metrics"]["ImageNet-1K"], weights.transforms()
    assert (result.top1, result.top5) == (metrics["acc@1"], metrics["acc@5"])
    crop, side = transform.crop_size[0], transform.resize_size[0]
    assert result.protocol == f"1 crop, {crop} of {side}"
    parameters, macs = lineage.counts(network.name)
    assert parameters == weights.meta["num_params"]
    assert macs / 1e9 == pytest.approx(weights.meta["_ops"], abs=6e-4)
    assert ARCHITECTURES[network.name].input_shape == (3, crop, crop)


def test_every_family_is_in_the_lineage_or_said_to_be_outside():
    unknown = lineage.networks().keys() - ARCHITECTURES.keys()
    assert not unknown, (
        f"cnnbook/lineage.toml names {unknown}: add them to cnnbook/models/registry.py"
    )
    inside = {ARCHITECTURES[name].family for name in lineage.networks()}
    for family in {architecture.family for architecture in ARCHITECTURES.values()}:
        assert (family in inside) != (family in lineage.outside()), (
            f"of {family} there must be a network in cnnbook/lineage.toml, as [NAME] with paper, year, "
            "idea and follows; or, where no accuracy is cited, the family in `outside`; and not both"
        )


def test_every_version_of_the_weights_is_in_the_table():
    for name, network in lineage.networks().items():
        if not hasattr(torchvision.models, name):
            continue
        all_weights = {str(w) for w in torchvision.models.get_model_weights(name)}
        ours = {result.weights for result in network.results}
        assert all_weights - ours <= {"VGG16_Weights.IMAGENET1K_FEATURES"}, name


def test_every_accuracy_has_a_protocol_a_year_and_a_source_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "references.bib").read_text(), re.MULTILINE))
    for network in lineage.networks().values():
        for source in [network.paper, *(result.source for result in network.results)]:
            assert source in keys, f"{source} of {network.name} is not in references.bib"
        for result in network.results:
            assert result.protocol and 2012 <= result.year <= 2026
            assert network.year <= result.year
            assert 50 < result.top1 < 90
            assert result.top5 is None or result.top1 < result.top5 < 100


def test_networks_follow_older_ones():
    years = {"lenet5": 1998} | {name: n.year for name, n in lineage.networks().items()}
    for name, network in lineage.networks().items():
        assert network.follows, name
        assert all(years[before] <= network.year for before in network.follows), name


def test_a_table_of_one_source_has_a_line_for_each_version():
    printed = str(lineage.table("resnet50", "xception", only_torchvision=True)).splitlines()
    assert len(printed) == 3
    assert "25,557,032" in printed[1] and "76.13" in printed[1] and "80.86" in printed[2]


def test_a_table_shows_every_row_in_html_with_its_text_escaped():
    made = lineage.Table((("a<b", "2015", "1", "2", "3", "4", "one & two", "x"),))._repr_html_()
    assert "a&lt;b" in made and "one &amp; two" in made
    assert made.count("<td") == len(lineage.HEAD) == made.count("<th ")


def test_the_two_towers_cost_what_was_published():
    assert lineage.counts("alexnet_two_towers") == (60_965_224, 724_406_816)


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="resnet51.*resnet50"):
        lineage.table("resnet51")
