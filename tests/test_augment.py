"""Augmentation: what each transformation may change, and what it does to the labels."""

import pytest
import torch
import torch.nn.functional as F

from cnnbook import augment
from scripts.torchvision_on_cpu import torchvision


@pytest.fixture(autouse=True)
def fixed_draws():
    torch.manual_seed(0)


@pytest.fixture
def images():
    return torch.rand(64, 3, 12, 10, generator=torch.Generator().manual_seed(1))


LABELS = torch.arange(64) % 5


def test_a_random_crop_is_a_window_of_the_padded_picture(images):
    cropped = augment.random_crop(images, 3)
    padded = F.pad(images, [3] * 4, mode="reflect")
    windows = padded.unfold(2, 12, 1).unfold(3, 10, 1)  # (N, C, 7, 7, 12, 10)
    matches = (windows == cropped[:, :, None, None]).flatten(4).all(4).all(1)  # (N, 7, 7)
    assert matches.flatten(1).any(1).all()
    assert matches.any(0).sum() > 20, "many different shifts"
    assert torch.equal(augment.random_crop(images, 0), images)
    with pytest.raises(ValueError, match="padding=10 .*less than 10"):
        augment.random_crop(images, 10)


def test_a_flip_mirrors_about_half_of_the_pictures(images):
    flipped = augment.random_flip(images)
    same = (flipped == images).flatten(1).all(1)
    mirrored = (flipped == images.flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 16 < same.sum() < 48
    assert torch.equal(augment.random_flip(images, 0), images)
    assert torch.equal(augment.random_flip(images, 1), images.flip(-1))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_each_part_of_the_jitter_is_torchvisions(images, name):
    images = 0.3 + 0.4 * images  # so that nothing is clipped
    amounts = {"brightness": 0, "contrast": 0, "saturation": 0, name: 0.3}
    torch.manual_seed(5)
    jittered = augment.color_jitter(images, **amounts)
    torch.manual_seed(5)
    draws = [torch.rand(64, 1, 1, 1) for _ in range(3)]
    draw = draws[("brightness", "contrast", "saturation").index(name)].flatten()
    adjust = getattr(torchvision.transforms.functional, f"adjust_{name}")
    for picture, result, share in zip(images, jittered, draw.tolist(), strict=True):
        theirs = adjust(picture, 1 + 0.3 * (2 * share - 1))
        assert torch.allclose(result, theirs, atol=2e-3)


def test_jitter_stays_in_range_and_works_on_grey(images):
    strong = augment.color_jitter(images, brightness=0.9, contrast=0.9, saturation=0.9)
    assert strong.min() >= 0
    assert strong.max() <= 1
    assert augment.color_jitter(images[:, :1]).shape == (64, 1, 12, 10)


def test_a_rotation_turns_about_the_middle_by_its_angle():
    picture = torch.rand(1, 1, 15, 15)
    torch.manual_seed(3)
    turned = augment.random_rotation(picture, 40)
    torch.manual_seed(3)
    angle = (2 * torch.rand(1).item() - 1) * 40
    bilinear = torchvision.transforms.InterpolationMode.BILINEAR
    theirs = torchvision.transforms.functional.rotate(picture, angle, bilinear)
    inner = (slice(None), slice(None), slice(4, 11), slice(4, 11))  # what stays in view
    assert torch.allclose(turned[inner], theirs[inner], atol=1e-5)
    assert torch.allclose(augment.random_rotation(picture, 0), picture, atol=1e-5)


def test_cutout_blanks_one_square(images):
    cut = augment.cutout(images + 1, 5)
    blank = (cut == 0).all(1)  # (N, H, W)
    for mask in blank:
        if mask.any():
            rows, columns = mask.nonzero().T
            height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
            assert height <= 5
            assert width <= 5
            assert mask.sum() == height * width, "a full rectangle"
    assert blank.sum((1, 2)).max() == 25
    assert torch.equal(
        cut[~blank[:, None].expand_as(cut)], (images + 1)[~blank[:, None].expand_as(cut)]
    )


def test_mixup_mixes_labels_as_it_mixes_pictures():
    """A picture whose colour is its class gives its shares away."""
    images = F.one_hot(LABELS, 5).float()[:, :, None, None].expand(-1, -1, 4, 4)
    mixed, shares = augment.mixup(images, LABELS, num_classes=5, alpha=1.0)
    assert torch.allclose(mixed[:, :, 0, 0], shares, atol=1e-6)
    assert torch.allclose(shares.sum(1), torch.ones(64))
    assert shares.amax(1).std() > 0.05


def test_cutmix_labels_are_the_shares_of_area():
    images = F.one_hot(LABELS, 5).float()[:, :, None, None].expand(-1, -1, 12, 10)
    mixed, shares = augment.cutmix(images, LABELS, num_classes=5)
    assert torch.allclose(mixed.mean((2, 3)), shares, atol=1e-5)
    assert set(mixed.unique().tolist()) == {0.0, 1.0}, "pixels are kept or replaced, not blended"


def test_label_smoothing_spreads_its_amount_evenly():
    shares = augment.smooth(augment.one_hot(torch.tensor([1]), 4), 0.1)
    assert shares.tolist() == [pytest.approx([0.025, 0.925, 0.025, 0.025])]
    logits = torch.randn(1, 4)
    ours = F.cross_entropy(logits, shares)
    assert ours == pytest.approx(
        F.cross_entropy(logits, torch.tensor([1]), label_smoothing=0.1).item()
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: augment.random_flip(x, 1.5), "probability=1.5"),
        (lambda x: augment.mixup(x, LABELS, num_classes=5, alpha=0), "alpha=0"),
        (lambda x: augment.smooth(x[:, :, 0, 0], 1.0), "amount=1.0"),
    ],
)
def test_impossible_amounts_are_refused(images, call, words):
    with pytest.raises(ValueError, match=words):
        call(images)


def test_the_pictures_given_are_left_as_they_were(images):
    before = images.clone()
    for change in (
        augment.random_crop, augment.random_flip, augment.color_jitter, augment.random_rotation,
        augment.cutout,
    ):  # fmt: skip
        change(images)
    augment.mixup(images, LABELS, num_classes=5)
    augment.cutmix(images, LABELS, num_classes=5)
    assert torch.equal(images, before)


def peak_of_new_memory(function) -> int:
    """Return the bytes that tensors made in the call hold at most at one moment."""
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        kept = function()
    del kept
    changes = [e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(changes, key=lambda event: event.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


@pytest.mark.parametrize("name", [n for n in augment.__all__ if n not in ("one_hot", "smooth")])
def test_an_augmentation_makes_one_copy_of_the_batch(name):
    images, labels = torch.rand(64, 3, 48, 48), torch.arange(64) % 5
    arguments = (images, labels) if name in ("mixup", "cutmix") else (images,)
    options = {"num_classes": 5} if name in ("mixup", "cutmix") else {}
    before = images.clone()
    peak = peak_of_new_memory(lambda: getattr(augment, name)(*arguments, **options))
    size = images.numel() * images.element_size()
    small = 0.75  # of a copy: luma, masks, places; the grid of a rotation holds 2 numbers for 3
    assert size <= peak <= (1 + small) * size
    assert torch.equal(images, before), "the pictures given are left alone"
