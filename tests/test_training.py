"""Training: the loop against one written by hand, schedules, interruption, fine-tuning."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnbook import augment, data, training, transfer
from cnnbook.checkpoints import load_checkpoint
from cnnbook.training import Recipe, evaluate, schedule, train


def small_set(count=120, offset=0):
    digits = data.digits()
    part = slice(offset, offset + count)
    return data.LabelledImages(digits.images[part], digits.labels[part], digits.classes)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_two_epochs_are_those_of_a_loop_written_by_hand():
    recipe = Recipe(epochs=2, batch_size=50, rate=0.1, warm_up=0.5, smoothing=0.1, seed=3)
    model, by_hand, training_set = network(), network(), small_set()
    history = train(model, training_set, recipe)
    optimizer = torch.optim.SGD(
        by_hand.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    by_hand.train()
    for epoch in range(2):
        torch.manual_seed(3_000_009 + epoch)
        losses = 0.0
        for step, batch in enumerate(torch.randperm(120).split(50)):
            progress = epoch + step / 3
            factor = progress / 0.5 if progress < 0.5 else (
                0.5 * (1 + math.cos(math.pi * (progress - 0.5) / 1.5))
            )  # fmt: skip
            optimizer.param_groups[0]["lr"] = 0.1 * factor
            logits = by_hand(training_set.images[batch])
            loss = F.cross_entropy(logits, training_set.labels[batch], label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses += loss.item() * len(batch)
        assert history[epoch]["loss"] == pytest.approx(losses / 120, rel=1e-5)
    assert torch.allclose(weights(model), weights(by_hand), atol=1e-5)


def test_a_run_repeats_exactly_and_another_seed_gives_another():
    recipe = Recipe(epochs=2)
    runs = [train(network(), small_set(), r) for r in (recipe, recipe, Recipe(epochs=2, seed=1))]
    assert runs[0] == runs[1] != runs[2]


def test_it_learns_digits():
    history = train(
        network(), small_set(1200), Recipe(epochs=6, rate=0.2), validation_set=small_set(500, 1200)
    )
    assert history[-1]["validation_accuracy"] > 0.8
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_an_interrupted_run_ends_where_an_undisturbed_one_does(tmp_path, averaging):
    recipe = Recipe(epochs=4, averaging=averaging)
    settings = {"validation_set": small_set(60, 500), "change": flip_and_mix}
    undisturbed = network()
    expected = train(undisturbed, small_set(), recipe, **settings)
    path = tmp_path / "run.safetensors"

    class Interrupted(Exception):
        pass

    calls = 0

    def interrupting(x, y):
        nonlocal calls
        calls += 1
        if calls == 6:  # in the middle of the third epoch
            raise Interrupted
        return flip_and_mix(x, y)

    with pytest.raises(Interrupted):
        train(
            network(), small_set(), recipe, checkpoint=path, **{**settings, "change": interrupting}
        )
    resumed = network(seed=9)
    assert train(resumed, small_set(), recipe, checkpoint=path, **settings) == expected
    assert torch.equal(weights(resumed), weights(undisturbed))
    assert [p.name for p in tmp_path.iterdir()] == ["run.safetensors"], "nothing half-written"


def flip_and_mix(x, y):
    return augment.mixup(augment.random_flip(x), y, num_classes=10)


def test_a_finished_run_is_not_trained_again(tmp_path):
    path = tmp_path / "run.safetensors"
    first = train(network(), small_set(), Recipe(epochs=2), checkpoint=path)
    model = network(seed=5)
    assert train(model, small_set(), Recipe(epochs=2), checkpoint=path) == first


def test_a_damaged_or_foreign_checkpoint_is_refused_and_nothing_is_changed(tmp_path):
    damaged, foreign = tmp_path / "damaged.safetensors", tmp_path / "foreign.safetensors"
    model = network()
    before = weights(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    damaged.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="is no checkpoint .*delete it to start anew"):
        load_checkpoint(damaged, model, optimizer, None)
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    train(other, small_set(), Recipe(epochs=1), checkpoint=foreign)
    with pytest.raises(ValueError, match="is of another model"):
        load_checkpoint(foreign, model, optimizer, None)
    assert torch.equal(weights(model), before)


def test_the_schedule_rises_then_falls_to_nothing():
    recipe = Recipe(epochs=10, warm_up=2)
    assert [schedule(e, recipe) for e in (0, 1, 2)] == [0, 0.5, 1]
    assert schedule(6, recipe) == pytest.approx(0.5)
    assert schedule(10, recipe) == pytest.approx(0)
    assert schedule(0, Recipe()) == 1


def test_patience_stops_when_the_validation_loss_gets_no_better(monkeypatch):
    losses = iter([1.0, 0.8, 0.9, 0.85, 0.7, 0.6])
    monkeypatch.setattr(training, "evaluate", lambda *a: {"loss": next(losses), "accuracy": 0.0})
    recipe = Recipe(epochs=6, patience=2)
    history = train(network(), small_set(50), recipe, validation_set=small_set(50))
    assert [entry["validation_loss"] for entry in history] == [1.0, 0.8, 0.9, 0.85]


def test_averaging_leaves_the_average_in_the_model():
    plain, averaged = network(), network()
    train(plain, small_set(), Recipe(epochs=2))
    train(averaged, small_set(), Recipe(epochs=2, averaging=0.9))
    assert not torch.allclose(weights(plain), weights(averaged))


def test_evaluation_is_in_evaluation_mode_and_counts_by_hand():
    model, some = network().train(), small_set(70)
    seen = evaluate(model, some, batch_size=32)
    assert model.training
    model.eval()
    logits = model(some.images)
    assert seen["loss"] == pytest.approx(F.cross_entropy(logits, some.labels).item(), rel=1e-5)
    assert seen["accuracy"] == pytest.approx(
        (logits.argmax(1) == some.labels).float().mean().item()
    )


def test_nothing_is_printed(capfd):
    train(network(), small_set(50), Recipe(epochs=1))
    assert capfd.readouterr() == ("", "")


def test_a_zero_head_sends_no_gradient_into_the_backbone():
    model, some = network(), small_set(20)
    old = transfer.find_head(model)[1]
    head = transfer.replace_head(model, 7, zero=True)
    assert model[-1] is head is not old
    assert head.out_features == 7
    F.cross_entropy(model(some.images), some.labels % 7).backward()
    assert head.weight.grad.abs().sum() > 0
    assert all(not p.grad.any() for p in model[:-1].parameters())


def test_freezing_leaves_what_is_named_and_unfreezing_all():
    model = network()
    transfer.freeze(model, but=[model[-1]])
    trainable = [name for name, p in model.named_parameters() if p.requires_grad]
    assert trainable == ["6.weight", "6.bias"]
    transfer.unfreeze(model)
    assert all(p.requires_grad for p in model.parameters())


def test_layerwise_rates_fall_from_the_head_and_every_parameter_is_in_one_group():
    model = network()
    groups = transfer.layerwise_groups(model, rate=1.0, decay=0.5)
    assert [group["lr"] for group in groups] == [1.0, 0.5, 0.25]
    assert groups[0]["params"][0] is model[-1].weight
    counted = [id(p) for group in groups for p in group["params"]]
    assert sorted(counted) == sorted(id(p) for p in model.parameters())
    torch.optim.SGD(groups, lr=0.1)
    with pytest.raises(ValueError, match="decay=0"):
        transfer.layerwise_groups(model, rate=1.0, decay=0)


def test_a_linear_probe_is_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    digits = small_set(300)
    features = digits.images.flatten(1).double()
    head = transfer.linear_probe(features, digits.labels, num_classes=10, penalty=1e-2, steps=500)
    theirs = LogisticRegression(C=1 / (2 * 1e-2 * 300), tol=1e-10, max_iter=5000)
    theirs.fit(features, digits.labels)
    ours = head(features).softmax(1).detach().numpy()
    assert abs(ours - theirs.predict_proba(features)).max() < 1e-3


def test_backbone_features_are_what_the_head_reads():
    model, some = network().eval(), small_set(30)
    features = transfer.backbone_features(model, some.images, batch_size=8)
    assert torch.allclose(features, model[:-1](some.images), atol=1e-6)
    assert not model[-1]._forward_pre_hooks
    with pytest.raises(ValueError, match="Sequential has no dense layer"):
        transfer.find_head(nn.Sequential(nn.Conv2d(1, 1, 1)))


def test_a_change_may_return_classes_or_shares():
    recipe = Recipe(epochs=1)
    as_classes = train(network(), small_set(), recipe, change=lambda x, y: (x, y))
    as_shares = train(
        network(), small_set(), recipe, change=lambda x, y: (x, augment.one_hot(y, 10))
    )
    assert as_classes == as_shares == train(network(), small_set(), recipe)
    mixed = train(network(), small_set(), recipe, change=partial(augment.cutmix, num_classes=10))
    assert mixed != as_classes
