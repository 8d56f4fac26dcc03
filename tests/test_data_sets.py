"""Data sets that need no network, and the reader's own folders."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

from cnnbook import data
from cnnbook.shapes import CLASSES, shapes


@pytest.mark.parametrize(
    ("load", "shape", "counts"),
    [
        (data.digits, (1797, 1, 8, 8), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]),
        (data.faces, (200, 1, 25, 25), [100, 100]),
        (data.textures, (768, 1, 32, 32), [256, 256, 256]),
    ],
)
def test_embedded_sets_are_complete(load, shape, counts):
    found = load()
    assert found.images.shape == shape
    assert found.images.dtype == torch.float32
    assert found.images.min() >= 0
    assert found.images.max() <= 1
    assert torch.bincount(found.labels).tolist() == counts
    assert len(found.classes) == len(counts)
    assert len(found) == shape[0]


def test_the_three_parts_hold_every_digit_once():
    training, validation, test = data.digit_parts()
    assert [len(training), len(validation), len(test)] == [1000, 598, 199]
    together = torch.cat([part.images.flatten(1) for part in (training, validation, test)])
    everything = data.digits().images.flatten(1)
    assert torch.equal(together.unique(dim=0), everything.unique(dim=0))
    for part in (training, validation, test):
        assert torch.bincount(part.labels, minlength=10).min() > len(part) / 20


def test_the_test_part_was_held_out_in_neither_order_of_the_first_splits():
    test = {tuple(picture) for picture in data.digit_parts()[2].images.flatten(1).tolist()}
    for seed in (0, 1):
        order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
        held_out = data.digits()[order[600:]].images.flatten(1).tolist()
        assert test.isdisjoint(map(tuple, held_out))


def test_a_slice_of_a_set_keeps_pictures_and_labels_together():
    every_third = data.digits()[5:20:3]
    assert torch.equal(every_third.labels, data.digits().labels[[5, 8, 11, 14, 17]])
    assert torch.equal(every_third.images[1], data.digits().images[8])
    assert every_third.classes == tuple("0123456789")


def test_texture_tiles_are_cut_in_rows_from_the_photographs():
    tiles = data.textures(size=64)
    brick = data.photo("brick")
    assert torch.allclose(tiles.images[9], brick[:, 64:128, 64:128])
    with pytest.raises(ValueError, match="from 8 to 512"):
        data.textures(size=4)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("cat", "ant")):
        (tmp_path / name).mkdir()
        for index in range(2):
            picture = np.full((20, 30, 3), 100 * number + 10 * index, np.uint8)
            Image.fromarray(picture).save(tmp_path / name / f"{index}.png")
    return tmp_path


def test_a_folder_of_pictures_is_read_in_alphabetical_order(folder):
    found = data.image_folder(folder, size=16)
    assert found.classes == ("ant", "cat")
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert found.images.shape == (4, 3, 16, 16)
    assert (found.images[:, 0, 0, 0] * 255).round().tolist() == [100, 110, 0, 10]


def test_what_is_missing_is_named_with_its_remedy(folder):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder: give one"):
        data.image_folder(folder / "nowhere", size=16)
    with pytest.raises(FileNotFoundError, match="cat holds no folders: make one for each class"):
        data.image_folder(folder / "cat", size=16)
    (folder / "dog").mkdir()
    with pytest.raises(FileNotFoundError, match=r"dog holds no pictures .*add some or remove it"):
        data.image_folder(folder, size=16)


@pytest.mark.parametrize("damage", ["truncated", "text", "empty"])
def test_a_damaged_picture_is_named(folder, damage):
    victim = folder / "cat" / "1.png"
    whole = victim.read_bytes()
    victim.write_bytes({"truncated": whole[:60], "text": b"not a picture", "empty": b""}[damage])
    with pytest.raises(ValueError, match=r"1\.png cannot be read .*replace it or remove it"):
        data.image_folder(folder, size=16)


def test_shapes_are_the_same_on_every_machine():
    drawn = shapes(300, size=32, seed=7)
    assert torch.equal(drawn.masks, shapes(300, size=32, seed=7).masks)
    assert not torch.equal(drawn.labels, shapes(300, size=32, seed=8).labels)
    digest = hashlib.sha256(drawn.masks.numpy().tobytes() + drawn.labels.numpy().tobytes())
    assert digest.hexdigest()[:16] == SHAPES_DIGEST


SHAPES_DIGEST = "79e78b37e7922e3d"


def test_the_first_pictures_do_not_depend_on_how_many_are_asked_for_in_whole_chunks():
    assert torch.equal(shapes(512).images[:256], shapes(256).images)


def test_boxes_and_masks_are_those_of_the_object():
    drawn = shapes(200, seed=1)
    for mask, (left, top, right, bottom) in zip(drawn.masks, drawn.boxes.tolist(), strict=True):
        rows, columns = mask.nonzero().T
        assert (left, right) == (columns.min(), columns.max() + 1)
        assert (top, bottom) == (rows.min(), rows.max() + 1)
    assert drawn.masks.flatten(1).sum(1).min() >= 15, "large enough to be recognised"


def test_the_object_has_one_colour_that_differs_from_what_is_around_it():
    drawn = shapes(100, seed=2)
    for image, mask in zip(drawn.images, drawn.masks, strict=True):
        inside = image[:, mask]
        assert (inside.amax(1) - inside.amin(1) <= 0.0801).all()
        assert (inside.mean(1) - image[:, ~mask].mean(1)).abs().max() > 0.1


def test_every_class_has_its_own_area():
    """The share of the turned bounding circle that an outline fills, by hand."""
    drawn = shapes(4000, size=64, seed=3)
    areas = [drawn.masks[drawn.labels == k].float().mean().item() for k in range(len(CLASSES))]
    mean_radius_squared = (0.5**3 - 0.3**3) / (3 * 0.2)
    unit = mean_radius_squared / 4  # the picture's side is 2
    expected = {"circle": torch.pi * 0.81, "square": 1.44**2, "bar": 1.9 * 0.56}
    for name, area in expected.items():
        assert areas[CLASSES.index(name)] == pytest.approx(area * unit, rel=0.05)


@pytest.mark.parametrize(
    "arguments", [{"count": 0}, {"count": 1, "size": 8}, {"count": 1, "seed": -1}, {"count": 2.0}]
)
def test_numbers_that_are_none_are_refused(arguments):
    with pytest.raises(ValueError, match="is not allowed"):
        shapes(**arguments)
