"""Pictures from installed packages, and figures that say what they show."""

import base64

import numpy as np
import pytest
import torch

from cnnbook import comparisons, data, diagrams, plots

ALT = "a sentence of five words"


@pytest.mark.parametrize("name", data.PHOTOS)
def test_every_photo_is_there_without_a_network(name):
    image = data.photo(name)
    assert image.dtype == torch.float32
    assert image.dim() == 3
    assert image.shape[0] in (1, 3)
    assert image.min() >= 0
    assert 0.5 < image.max() <= 1


def test_a_photo_is_cropped_to_its_middle_and_averaged():
    whole = data.photo("camera")  # 512 × 512 already
    half = data.photo("camera", size=256)
    assert half.shape == (1, 256, 256)
    means = whole.reshape(1, 256, 2, 256, 2).mean((2, 4))
    assert torch.allclose(half, means, atol=1e-6)


def test_gray_is_the_luma_of_the_three_channels():
    colour, gray = data.photo("coffee"), data.photo("coffee", gray=True)
    y, x = 100, 200
    r, g, b = colour[:, y, x]
    assert gray.shape == (1, *colour.shape[1:])
    assert gray[0, y, x] == pytest.approx(0.2125 * r + 0.7154 * g + 0.0721 * b)


@pytest.mark.parametrize("size", [0, -1, 513, 2.5, "big"])
def test_a_size_that_is_not_there_is_refused(size):
    with pytest.raises(ValueError, match="from 1 to 512"):
        data.photo("camera", size=size)


def test_an_unknown_photo_is_refused_with_the_names_that_there_are():
    with pytest.raises(ValueError, match="'lena' .*astronaut.*rocket"):
        data.photo("lena")


def test_the_zone_plate_alternates_at_the_middle_of_each_edge():
    plate = data.zone_plate(64)[0]
    assert plate.shape == (64, 64)
    assert plate[31, 31] > 0.9
    edge = plate[32, -5:] > 0.5
    assert (edge[1:] != edge[:-1]).all(), "bright and dark alternate: half a cycle a pixel"
    with pytest.raises(ValueError, match="at least 2"):
        data.zone_plate(1)


def test_a_figure_needs_alt_text():
    for alt in ("", "too short", None):
        with pytest.raises(ValueError, match="alt="):
            plots.bars({"a": 1}, xlabel="x", alt=alt)


def all_figures():
    picture = torch.rand(1, 8, 8)
    return [
        plots.images(
            {"one": picture, "signed": picture - 0.5, "rgb": torch.rand(3, 8, 8)}, alt=ALT
        ),
        plots.number_grids({"a": [[1, np.nan], [0.25, -3]]}, marked={"a": (0, 0, 1, 1)}, alt=ALT),
        plots.bars({"few": 1, "many": 1e6}, log=True, xlabel="things", alt=ALT),
        plots.lines({"a": [1, 2], "b": [2, 1]}, [1, 2], xlabel="x", ylabel="y", alt=ALT),
        comparisons.front(
            {"a": (1, 7), "b": (2, 6), "c": (3, 8)}, ["a", "c"], xlabel="x", ylabel="y", alt=ALT
        ),
        comparisons.front({"a": (1, 7)}, ["a"], xlabel="x", ylabel="y", alt=ALT),
        comparisons.waterfall(
            {"start": (7, 0.1), "up": (9, 0.2), "down": (8, 0)}, xlabel="x", alt=ALT
        ),
        plots.shares({"w": [1, 3], "m": [2, 2]}, ["x", "y"], alt=ALT),
        diagrams.backbone({"in": (3, 32, 32), "mean": (64,), "out": (10,)}, alt=ALT),
        diagrams.timeline({1989: "learned", 1980: "shared"}, alt=ALT),
    ]


def test_every_figure_is_a_png_with_its_alt_text_beside_it():
    for figure in all_figures():
        bundle, metadata = figure._repr_mimebundle_()
        assert bundle["image/png"].startswith(b"\x89PNG")
        assert bundle["text/plain"] == f"[Figure: {ALT}]"
        assert metadata["image/png"]["alt"] == ALT
        assert len(base64.b64encode(bundle["image/png"])) < 300_000


def test_alt_text_loses_its_line_breaks():
    figure = plots.bars({"a": 1}, xlabel="x", alt="spread over\n    two lines of code")
    assert figure.alt == "spread over two lines of code"


def test_something_that_is_not_a_picture_is_refused():
    with pytest.raises(ValueError, match=r"shape=\(2, 8, 8\) is not a picture"):
        plots.images({"two channels": torch.rand(2, 8, 8)}, alt=ALT)
