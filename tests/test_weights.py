"""The weights that come with the package: whole, small, safe to load, and as good as their card says."""

import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from cnnbook import data, few_labels, recorded, shapes, transfer, weights
from cnnbook.data import LabelledImages
from cnnbook.training import evaluate
from scripts import pretrain, record_timm, record_transfer
from scripts.paths import ROOT

FOLDER = files(weights)


@pytest.mark.parametrize("name", weights.WEIGHTS)
def test_weights_are_small_halves_of_a_network_that_answers(name):
    path = FOLDER / f"{name}.safetensors"
    assert path.stat().st_size < 1_500_000
    with safe_open(path, framework="pt") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16, torch.int64}
    network = weights.pretrained(name)
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    with torch.no_grad():
        scores = network(weights.prepare(name, torch.rand(2, 3, 20, 20)))
    assert scores.shape == (2, weights.about(name)["classes"]) and torch.isfinite(scores).all()


@pytest.mark.parametrize("name", weights.WEIGHTS)
def test_a_card_repeats_the_record_and_the_readme_names_it(name):
    card = weights.about(name)
    record = json.loads((ROOT / "results" / f"pretrain_{name}.json").read_text())
    assert card == {key: record[key] for key in card}
    assert len(record["history"]) == card["recipe"]["epochs"]
    assert record["hardware"]["torch"] and record["seconds"] > 0
    text = (ROOT / "cnnbook" / "weights" / "README.md").read_text()
    assert f"`{name}`" in text and f"{card['test_accuracy']:.3f}" in text


def test_the_card_of_shapes_tells_the_accuracy_that_is_measured():
    card, drawn = weights.about("shapes"), shapes.shapes(2000, seed=2)
    ready = LabelledImages(weights.prepare("shapes", drawn.images), drawn.labels, shapes.CLASSES)
    assert (
        abs(evaluate(weights.pretrained("shapes"), ready)["accuracy"] - card["test_accuracy"])
        < 2e-3
    )


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    shutil.copytree(str(FOLDER), tmp_path / "weights", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "weights" / "shapes.safetensors"
    stored = bytearray(file.read_bytes())
    stored[-1] ^= 1
    file.write_bytes(bytes(stored))
    monkeypatch.setattr(weights, "files", lambda name: tmp_path / "weights")
    with pytest.raises(ValueError, match=r"shapes\.safetensors is damaged.*install cnnbook again"):
        weights.pretrained("shapes")


def test_loading_needs_no_pickle(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("unpickled")

    for name in ("pickle", "_pickle"):
        for call in ("load", "loads", "Unpickler"):
            monkeypatch.setattr(sys.modules[name], call, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    for name in weights.WEIGHTS:
        weights.pretrained(name)


def test_pictures_are_prepared_by_size_channels_and_deviation():
    grey = torch.rand(2, 1, 8, 8)
    card = weights.about("cifar10")
    ready = weights.prepare("cifar10", grey)
    assert ready.shape == (2, 3, 32, 32)
    back = (
        ready * torch.tensor(card["deviation"])[:, None, None]
        + torch.tensor(card["mean"])[:, None, None]
    )
    assert torch.allclose(back[:, 0], back[:, 2], atol=1e-5)
    assert torch.allclose(back.mean(), grey.mean(), atol=1e-2)
    assert weights.prepare("omniglot", torch.rand(2, 3, 32, 32)).shape == (2, 1, 32, 32)
    with pytest.raises(ValueError, match=r"shape \(3, 8, 8\): expected \(N, 1 or 3, H, W\)"):
        weights.prepare("cifar10", torch.rand(3, 8, 8))
    with pytest.raises(
        ValueError, match="name='imagenet' is not allowed: it must be one of cifar10"
    ):
        weights.pretrained("imagenet")


def test_a_rerun_is_compared_with_the_record():
    pretrain.compare({"test_accuracy": 0.860}, {"test_accuracy": 0.855})
    with pytest.raises(SystemExit, match="more than 0.01"):
        pretrain.compare({"test_accuracy": 0.870}, {"test_accuracy": 0.855})


def test_pretraining_repeats_itself(monkeypatch):
    few = tuple(
        LabelledImages(s.images, s.labels, shapes.CLASSES)
        for s in (shapes.shapes(96), shapes.shapes(32, seed=9))
    )
    recipe = pretrain.Recipe(epochs=2, batch_size=32)
    task = pretrain.Task(lambda folder: few, pretrain.TASKS["shapes"].change, recipe, "few", "none")
    monkeypatch.setitem(pretrain.TASKS, "shapes", task)
    (first, stored), (second, again) = (pretrain.pretrain("shapes", Path(), None) for _ in range(2))
    assert first["history"] == second["history"] and stored == again
    assert first["sha256"] == second["sha256"] != weights.about("shapes")["sha256"]


def test_half_of_the_drawings_get_a_thicker_pen():
    torch.manual_seed(0)
    lines = torch.zeros(10, 1, 32, 32)
    lines[..., 16] = 1
    seen = [pretrain.redrawn(lines) for _ in range(60)]
    assert all(s.shape == lines.shape and s.min() >= 0 and s.max() <= 1 + 1e-6 for s in seen)
    assert all(torch.equal(s[:6], lines[:6]) for s in seen)
    ink = torch.stack([s[6:].sum() for s in seen]) / lines[6:].sum()
    assert ink.min() > 0.7 and ink.max() > 4  # windows of uneven size weigh unevenly


def test_few_labels_are_drawn_evenly_and_never_tested_on():
    digits = data.digits()
    places = LabelledImages(torch.arange(len(digits)), digits.labels, digits.classes)
    few, rest = few_labels.draw(places, 3, seed=4)
    assert few.labels.bincount().tolist() == [3] * 10 and len(rest) == 300
    assert not torch.isin(few.images, rest.images).any()
    again, _ = few_labels.draw(places, 3, seed=4)
    other, _ = few_labels.draw(places, 3, seed=5)
    assert torch.equal(few.images, again.images) and not torch.equal(few.images, other.images)
    with pytest.raises(ValueError, match="per_class=500 .*from 1 to 173"):
        few_labels.draw(digits, 500, seed=0)


def test_tuning_gives_each_layer_its_rate_and_improves_the_loss():
    network = weights.build("shapes")
    pictures = few_labels.prepared("shapes", few_labels.target("shapes"))
    few, _ = few_labels.draw(pictures, 5, 0)
    before = few_labels.measured(few_labels.scores(network, few), few.labels)
    few_labels.tune(network, few, few_labels.Tuning(steps=30, decay=0.9), seed=0)
    after = few_labels.measured(few_labels.scores(network, few), few.labels)
    assert after["accuracy"] > before["accuracy"] + 0.2 and not network.training
    frozen = weights.pretrained("shapes")
    start = frozen[0].weight.clone()
    few_labels.tune(frozen, few, few_labels.Tuning(steps=2, decay=1e-6), seed=0)
    assert torch.allclose(frozen[0].weight, start, atol=1e-5)
    assert not torch.allclose(frozen[-1].weight, weights.pretrained("shapes")[-1].weight, atol=1e-5)


def test_features_of_a_hub_network_are_those_before_its_head():
    import timm

    torch.manual_seed(0)
    images = torch.rand(2, 3, 64, 64)
    torch.manual_seed(1)
    features = few_labels.convnext_features(images, pretrained=False)
    torch.manual_seed(1)
    network = timm.create_model("convnext_tiny", num_classes=0).eval()
    mean, deviation = (
        torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    with torch.no_grad():
        assert torch.allclose(features, network((images - mean) / deviation), atol=1e-5)
    assert features.shape == (2, 768) and not features.is_inference()


def test_a_probe_leaves_the_backbone_alone():
    network = weights.pretrained("shapes")
    pictures = few_labels.prepared("shapes", few_labels.target("shapes"))
    few, rest = few_labels.draw(pictures, 5, 0)
    before = transfer.backbone_features(network, rest.images)
    few_labels.probe(network, few)
    assert torch.equal(transfer.backbone_features(network, rest.images), before)
    assert few_labels.measured(few_labels.scores(network, rest), rest.labels)["accuracy"] > 0.7


def test_the_calibration_error_is_the_gap_in_bins():
    logits = torch.tensor([[0.0, 2.0], [0.0, 2.0], [3.0, 0.0]])
    found = few_labels.measured(logits, torch.tensor([1, 0, 0]))
    confident, sure = torch.tensor([2.0, 3.0]).sigmoid().tolist()  # bins 9 and 10
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["confidence"] == pytest.approx((2 * confident + sure) / 3)
    gap = (2 * abs(confident - 0.5) + abs(sure - 1)) / 3
    assert found["calibration_error"] == pytest.approx(gap, abs=1e-6)


def test_the_record_of_transfer_holds_every_run_at_the_best_rates():
    record = recorded.transfer()
    long = json.loads((ROOT / "results" / "transfer.json").read_text())
    assert [run["settings"] for run in long["choices"]] == record_transfer.choices()
    at_rates = record_transfer.accuracy_at_rates(long["choices"])
    shown = {
        m: {float(rate): v for rate, v in of.items()}
        for m, of in record["accuracy_at_rates"].items()
    }
    assert shown == at_rates
    wanted = record_transfer.reports({m: max(of, key=of.get) for m, of in at_rates.items()})
    assert [run["settings"] for run in record["runs"]] == wanted
    assert record["runs"] == long["runs"] and record["hardware"]["torch"]


def test_the_record_of_transfer_settles_its_two_doubts_at_rates_of_their_own():
    record = recorded.transfer()
    long = json.loads((ROOT / "results" / "transfer.json").read_text())
    wanted = {
        "own_rate": record_transfer.own_rate_choices(),
        "long": record_transfer.long_choices(),
    }
    for part, choices in wanted.items():
        assert record[part] == long[part]
        tried = long[f"{part}_choices"]
        assert sorted(map(str, (run["settings"] for run in tried))) == sorted(map(str, choices))
        rates = record_transfer.best_rates(record_transfer.accuracy_at_rates(tried))
        reports = {
            "own_rate": lambda rates: record_transfer.own_rate_reports(rates["fine-tuned"]),
            "long": lambda rates: record_transfer.long_reports(rates["from scratch"]),
        }[part](rates)
        assert [run["settings"] for run in record[part]] == reports
    assert record["hardware_of_later_runs"]["torch"]


def test_what_is_chosen_on_is_not_reported_on():
    for name, sizes in {
        "digits": (1000, 598),
        "textures": (384, 384),
        "shapes": (1200, 600),
    }.items():
        parts = [few_labels.target(name, choosing=choosing) for choosing in (False, True)]
        assert tuple(map(len, parts)) == sizes
        seen = [{image.numpy().tobytes() for image in part.images} for part in parts]
        assert not seen[0] & seen[1], name
        if name == "digits":
            tested = {image.numpy().tobytes() for image in data.digit_parts()[2].images}
            assert not tested & (seen[0] | seen[1])
    with pytest.raises(ValueError, match="the faces have no part to choose on: take digits"):
        few_labels.target("faces", choosing=True)


def test_shipped_weights_beat_scratch_with_one_label_on_two_tasks():
    def interval(task, method, start):
        wanted = {"task": task, "weights": start, "labels": 1, "method": method}
        runs = [
            r["accuracy"]
            for r in recorded.transfer()["runs"]
            if wanted.items() <= r["settings"].items()
        ]
        values = torch.tensor(runs)
        assert len(values) == 5
        return values.mean().item(), (2.776 * values.std() / 5**0.5).item()

    better = set()
    for task, starts in record_transfer.STARTS.items():
        scratch, half = interval(task, "from scratch", "cifar10")
        for start in starts:
            mean, other = interval(task, "fine-tuned", start)
            if mean - other > scratch + half and mean > scratch + 0.1:
                better.add(task)
    assert len(better) >= 2, better


def test_what_is_said_of_timm_is_counted_in_timm():
    assert recorded.timm_tags() == record_timm.count()
