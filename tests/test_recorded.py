"""The recorded runs: what the pages show is what was recorded, and the code that made it still runs."""

import json
from dataclasses import asdict

import pytest
import torch

from cnnbook import recorded
from cnnbook.data import LabelledImages
from cnnbook.models.small import small_cnn
from cnnbook.summary import count_parameters
from cnnbook.training import Recipe
from scripts import record_degradation
from scripts.paths import ROOT
from scripts.record_curves import EXPERIMENTS
from scripts.record_rates import COMPARISONS, best

NAMES = recorded.RECORDS


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_how_it_was_made_and_holds_every_run(name):
    about = recorded.about(name)
    assert about["hardware"]["torch"] and about["what"] and about["cnnbook"]
    recipe, settings = EXPERIMENTS[name]
    for run, wanted in zip(recorded.runs(name), settings, strict=True):
        assert {key: run["settings"][key] for key in wanted if key in run["settings"]} == wanted
        for curve in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
            assert len(run[curve]) == recipe.epochs == about["recipe"]["epochs"]
        assert 0 <= run["test_accuracy"] <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_short_record_agrees_with_the_long_one(name):
    long = json.loads((ROOT / "results" / f"{name}.json").read_text(encoding="utf-8"))
    for short, run in zip(recorded.runs(name), long["runs"], strict=True):
        assert short["settings"] == run["settings"]
        assert short["test_accuracy"] == round(run["test_accuracy"], 3)
        for epoch, entry in enumerate(run["history"]):
            for curve in ("loss", "validation_accuracy"):
                value = entry[curve]
                assert short[curve][epoch] == (None if value is None else round(value, 3))


def test_the_degradation_record_holds_every_run_to_its_end():
    long = json.loads((ROOT / "results" / "degradation.json").read_text(encoding="utf-8"))
    record = recorded.degradation()
    assert record["hardware"]["torch"]
    assert record["recipe"] == asdict(record_degradation.RECIPE)
    assert [run["settings"] for run in record["runs"]] == record_degradation.SETTINGS
    for run, whole in zip(record["runs"], long["runs"], strict=True):
        assert len(run["loss"]) == record["recipe"]["epochs"]
        assert run == record_degradation.short(whole)


def test_the_degradation_record_is_made_by_the_chapters_own_networks():
    network = record_degradation.chapter_names()["network"]
    plain, residual = (network(4, 0, skip=skip) for skip in (False, True))
    x = torch.rand(2, 1, 8, 8)
    assert count_parameters(plain) == count_parameters(residual)
    assert not torch.allclose(plain(x), residual(x))


def pictures(count, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=generator)
    noise = 0.1 * torch.rand(count, 3, 8, 8, generator=generator)
    return LabelledImages(noise + 0.5 * labels[:, None, None, None], labels, ("dark", "light"))


def test_a_run_can_be_repeated_and_learns(monkeypatch):
    monkeypatch.setattr(recorded, "VALIDATION", slice(80, 100))
    laboratory = recorded.Laboratory(pictures(100, 1), pictures(50, 2))
    settings = {"pictures": 60, "augmentation": True, "rate": 0.05, "seed": 3, "width": 4}
    first = laboratory.run(settings, Recipe(epochs=6, batch_size=16))
    second = laboratory.run(settings, Recipe(epochs=6, batch_size=16))
    assert first == second
    assert first["test_accuracy"] > 0.9
    assert set(recorded.curves(first)) >= {"settings", "loss", "validation_accuracy"}


def test_a_loss_that_is_no_number_is_recorded_as_none():
    entry = {
        "loss": float("nan"),
        "accuracy": 0.1,
        "validation_loss": 2.0,
        "validation_accuracy": 0.1,
    }
    run = {"settings": {}, "history": [entry], "test_accuracy": 0.1}
    assert recorded.curves(run)["loss"] == [None]


def test_an_unknown_record_is_refused():
    with pytest.raises(ValueError, match="clinic_cifar10"):
        recorded.runs("clinic")


@pytest.mark.parametrize(("width", "norm"), [(4, True), (32, False)])
def test_the_small_network_has_three_convolutions_and_one_dense_layer(width, norm):
    network = small_cnn(7, in_channels=2, width=width, norm=norm)
    w, extra = width, 2 if norm else 1  # scale and shift, or a bias
    expected = 9 * (2 * w + 2 * w * w + 8 * w * w) + extra * 7 * w + (4 * w + 1) * 7
    assert count_parameters(network) == expected
    assert network(torch.zeros(2, 2, 13, 9)).shape == (2, 7)


@pytest.mark.parametrize("name", COMPARISONS)
def test_each_side_has_the_rate_that_was_best_and_none_at_the_end_of_the_grid(name):
    long = json.loads((ROOT / "results" / "rates.json").read_text(encoding="utf-8"))
    sides = long["comparisons"][name]["sides"]
    assert recorded.rates(name) == best(sides)
    assert set(sides) == set(COMPARISONS[name].sides)
    for side, tried in sides.items():
        assert [float(rate) for rate in tried] == list(COMPARISONS[name].rates)
        assert min(COMPARISONS[name].rates) < recorded.rates(name)[side] < 0.4


@pytest.mark.parametrize("name", COMPARISONS)
def test_rates_are_found_with_the_chapters_own_cells_on_pictures_kept_back(name):
    names = COMPARISONS[name].names()
    kept = set(names["test_part"].tolist())
    assert len(kept) == 300
    assert not kept & set(names["train_part"].tolist())
    assert not kept & set(names["order"][1200:].tolist())
    assert callable(names[{"turned digits": "accuracies"}.get(name, "accuracy_with")])
