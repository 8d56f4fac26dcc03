"""The interactive figures in a real browser: what they compute is what cnnbook and PyTorch compute.

`--figure=explorer` runs the tests of one figure.
"""

import base64
import functools
import gzip
import itertools
import json
import random
from math import prod

import pytest
import torch
import torch.nn.functional as F
from axe_playwright_python.sync_playwright import Axe

from cnnbook import explain, figures, recorded, shapes, weights
from cnnbook import receptive_field as rf
from cnnbook.arithmetic import (
    conv_macs,
    conv_output_size,
    conv_parameters,
    conv_transpose_output_size,
)
from cnnbook.data import photo
from cnnbook.models import alexnet, resnet, vgg
from cnnbook.models.registry import ARCHITECTURES
from cnnbook.summary import summarize
from cnnbook.symmetry import blur_pool, equivariance_error, translate_circular

SETTINGS = 200
FIGURES = [
    "playground", "arithmetic", "equivariance", "backward", "field", "dilation", "normalisation", "clinic",
    "explorer", "grad_cam", "detection",
]  # fmt: skip
MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "replicate": "replicate",
    "circular": "circular",
}
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).double()[None, None]


# The explorer counts every network when it is made, which takes half a minute.
@functools.cache
def figure_of(name: str) -> figures.Interactive:
    """Return a figure; the first call makes it."""
    return getattr(figures, name)()


def of_figure(*names):
    """Run a test for each of these figures."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.figure(name)) for name in names]
    )


@pytest.fixture
def opened(written):
    """Return a function that shows a figure alone on a page, offline."""

    def show(name, **options):
        page = written(figure_of(name).html, title=name, **options)
        page.wait_for_selector("[data-ready] .status")
        return page

    return show


def results(page, settings: list[dict]) -> list[dict]:
    """Return what the figure computes for each of the settings.

    It travels as one text: Playwright's own way takes four times as long for a million numbers.
    """
    text = page.evaluate(
        """settings => JSON.stringify(settings.map(values => {
            const { figure } = document.querySelector(".cnnbook-figure");
            figure.set(values);
            return figure.result();
        }), (name, value) => {
            if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${name} is ${value}`);
            return ArrayBuffer.isView(value) ? Array.from(value) : value;
        })""",
        settings,
    )
    return json.loads(text)


def drawn(count: int, order: int, /, **choices) -> list[dict]:
    chooser = random.Random(order)
    return [{key: chooser.choice(values) for key, values in choices.items()} for _ in range(count)]


def as_map(m: dict) -> torch.Tensor:
    return torch.tensor(m["v"], dtype=torch.float64).reshape(m["h"], m["w"])


@pytest.mark.figure("playground")
def test_the_playground_computes_what_pytorch_computes(opened):
    settings = drawn(
        SETTINGS, 1, stride=[1, 2, 3, 4], padding=[0, 1, 2, 3, 4], dilation=[1, 2, 3],
        mode=list(MODES), groups=[1, 3], second=["none", "Laplace", "Gauss 5×5"],
    )  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    for values in settings:
        k = int(torch.randint(1, 8, (), generator=generator))
        values["kernel"] = torch.randint(-4, 5, (k, k), generator=generator).tolist()
    x = (255 * photo("astronaut", size=48)).round().double() / 255
    seconds = {
        "Laplace": torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        "Gauss 5×5": torch.outer(*[torch.tensor([1.0, 4, 6, 4, 1])] * 2) / 256,
    }
    for values, found in zip(settings, results(opened("playground"), settings), strict=True):
        s, p, d, groups = (values[key] for key in ("stride", "padding", "dilation", "groups"))
        kernel = torch.tensor(values["kernel"], dtype=torch.float64)
        k = len(kernel)
        weight = kernel.expand(3, 3 // groups, k, k) / (3 // groups)
        padded = F.pad(x[None], (p, p, p, p), mode=MODES[values["mode"]])
        y = F.conv2d(padded, weight, stride=s, dilation=d, groups=groups)[0]
        assert (
            found["height"]
            == found["width"]
            == conv_output_size(48, k, stride=s, padding=p, dilation=d)
        )
        assert found["parameters"] == conv_parameters(3, 3, kernel_size=k, groups=groups)
        assert found["macs"] == conv_macs(3, 3, kernel_size=k, output_size=len(y[0]), groups=groups)
        assert torch.allclose(torch.tensor(found["values"]).double(), y.flatten(1), atol=1e-9)
        if values["second"] == "none":
            assert found["second"] is None
            assert found["spans"] == d * (k - 1) + 1
            continue
        second = seconds[values["second"]].double()
        z = F.conv2d(y.relu()[:, None], second[None, None], padding=len(second) // 2)
        assert torch.allclose(torch.tensor(found["second"]).double(), z.flatten(1), atol=1e-9)


def seen_by(shape, step, layer) -> list[list[int]]:
    """Return the inputs that one output sees, by the support of its gradient."""
    x = torch.ones(1, 1, shape, shape, requires_grad=True)
    layer(x).flatten()[step].backward()
    return x.grad[0, 0].nonzero().tolist()


@pytest.mark.figure("arithmetic")
@pytest.mark.parametrize("transposed", [False, True])
def test_the_arithmetic_shows_the_right_size_and_the_right_inputs(opened, transposed):
    settings = drawn(
        SETTINGS, 2, input_size=range(1, 9), kernel_size=range(1, 6), stride=range(1, 5),
        padding=range(5), dilation=[1, 2, 3], transposed=[transposed], step=range(60),
    )  # fmt: skip
    sizes = 0
    for values, found in zip(settings, results(opened("arithmetic"), settings), strict=True):
        n, k, s, p, d = (
            values[f] for f in ("input_size", "kernel_size", "stride", "padding", "dilation")
        )
        if transposed:
            p = min(p, d * (k - 1))  # as the figure says; more would crop the input
        size = conv_transpose_output_size if transposed else conv_output_size
        try:
            expected = size(n, k, stride=s, padding=p, dilation=d)
        except ValueError:
            expected = 0
        assert found["size"] == expected, values
        if expected == 0:
            assert found["seen"] == []
            continue
        sizes += 1
        ones = torch.ones(1, 1, k, k)
        options = {"stride": s, "padding": p, "dilation": d}
        call = F.conv_transpose2d if transposed else F.conv2d
        assert found["step"] == min(values["step"], expected**2 - 1)
        real = seen_by(n, found["step"], lambda x: call(x, ones, **options))  # noqa: B023
        assert sorted(found["seen"]) == real, values
    assert sizes > SETTINGS / 2


@pytest.mark.figure("equivariance")
def test_the_equivariance_figure_measures_the_real_error(opened):
    settings = drawn(
        SETTINGS, 3, mode=["circular", "zeros"], stride=[1, 2],
        pool=["none", "max", "average", "blur"], down=range(-15, 16), right=range(-15, 16),
    )  # fmt: skip
    x = ((255 * photo("china", size=32, gray=True)).round().double() / 255)[None]

    def layer(x, mode, stride, pool):
        y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode=MODES[mode]), SOBEL, stride=stride).relu()
        if pool == "blur":
            around = F.pad(y, (0, 1, 0, 1), mode="circular")
            return blur_pool(F.max_pool2d(around, 2, 1), circular=True)
        pools = {"none": lambda y: y, "max": lambda y: F.max_pool2d(y, 2)}
        return pools.get(pool, lambda y: F.avg_pool2d(y, 2))(y)

    for values, found in zip(settings, results(opened("equivariance"), settings), strict=True):
        mode, stride, pool = values["mode"], values["stride"], values["pool"]
        total = stride * (1 if pool == "none" else 2)

        def error(down, right, total=total, options=(mode, stride, pool)):
            return equivariance_error(
                lambda x: layer(x, *options), x,
                lambda x: translate_circular(x, down, right),
                of_output=lambda y: translate_circular(
                    y, int((down / total + 0.5) // 1), int((right / total + 0.5) // 1)
                ),
            )  # fmt: skip

        assert found["error"] == pytest.approx(error(values["down"], values["right"]), abs=1e-9)
        far = 1 + values["right"] % 16
        assert found["errors"][far] == pytest.approx(error(0, far), abs=1e-9)
        assert len(found["errors"]) == 17


@pytest.mark.figure("backward")
def test_the_backward_figure_agrees_with_autograd(opened):
    settings = drawn(
        SETTINGS, 4, stride=[1, 2, 3], padding=[0, 1, 2], seed=range(1, 1000),
        kind=["x", "w", "y"], row=range(4), column=range(4),
    )  # fmt: skip
    page = opened("backward")
    for values, found in zip(settings, results(page, settings), strict=True):
        x, w, g = (as_map(found[name]) for name in "xwg")
        x.requires_grad_()
        w.requires_grad_()
        options = {"stride": values["stride"], "padding": values["padding"]}
        y = F.conv2d(x[None, None], w[None, None], **options)[0, 0]
        dx, dw = torch.autograd.grad(y, (x, w), g)
        assert torch.equal(as_map(found["y"]), y)
        assert torch.equal(as_map(found["dx"]), dx)
        assert torch.equal(as_map(found["dw"]), dw)
        asked = {"x": dx, "w": dw, "y": y}[values["kind"]]
        row, column = values["row"], values["column"]
        if row >= asked.shape[0] or column >= asked.shape[1]:
            row = column = 0  # what was chosen is gone with the new size
        assert sum(a * b for a, b in found["pairs"]) == asked[row, column]


@pytest.mark.figure("field")
def test_the_field_explorer_agrees_with_the_recurrence(opened):
    chooser = random.Random(5)
    settings = []
    for _ in range(SETTINGS):
        layers = [
            [chooser.choice(c) for c in ([1, 2, 3, 5, 7], [1, 1, 2], [1, 1, 2, 4])]
            for _ in range(8)
        ]
        settings.append({"layers": layers, "shown": chooser.randint(0, 8)})
    for values, found in zip(settings, results(opened("field"), settings), strict=True):
        chain = [rf.Layer(k, s, dilation=d) for k, s, d in values["layers"][: values["shown"]]]
        expected = rf.receptive_field(chain)
        assert (found["size"], found["jump"]) == (expected.size, expected.jump)
        profile, jump = torch.ones(1, 1, 1, dtype=torch.float64), 1
        for layer in chain:
            taps = torch.zeros(1, 1, layer.dilation * jump * (layer.kernel_size - 1) + 1).double()
            taps[..., :: layer.dilation * jump] = 1 / layer.kernel_size
            profile = F.conv1d(profile, taps, padding=taps.shape[2] - 1)
            jump *= layer.stride
        assert found["effective"] == rf.effective_width(profile[0, 0].tolist()), values


@pytest.mark.figure("field")
@pytest.mark.parametrize(
    ("name", "make"),
    [("AlexNet", alexnet.alexnet), ("VGG-16", vgg.vgg16), ("VGG-19", vgg.vgg19),
     ("ResNet-18", resnet.resnet18), ("ResNet-50", resnet.resnet50)],
)  # fmt: skip
def test_the_explorers_stacks_are_those_of_the_networks(name, make):
    with torch.device("meta"):
        real = rf.receptive_field_of(make(), (3, 224, 224))
    found = rf.receptive_field([rf.Layer(k, s, dilation=d) for k, s, d in figures.stacks()[name]])
    assert (found.size, found.jump) == (real.size, real.jump)


# By hand. With output stride 8: the backbones' fields 427 and 971, ASPP's rate 36, a 3×3; the small ones
# have two 3×3 in each stage and pool by two between.
ENLARGING = {
    "fcn_resnet50": 427 + 16, "fcn_resnet101": 971 + 16,
    "deeplabv3_resnet50": 427 + 2 * 36 * 8 + 16, "deeplabv3_resnet101": 971 + 2 * 36 * 8 + 16,
    "fcn": 5 + 1 + 8 + 2 + 16 + 4, "unet": 5 + 1 + 8 + 2 + 16 + 4 + 32,
    "deeplab": 5 + 1 + 8 + 2 + 16 + 2 * 6 * 4,
}  # fmt: skip


@pytest.mark.figure("explorer")
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_explorer_tells_what_the_networks_count(opened_once, name):
    make, shape = ARCHITECTURES[name].constructor, ARCHITECTURES[name].input_shape
    with torch.device("meta"):  # what is counted needs no weights
        network = (
            make(auxiliary=False) if name == "inception_v3" else make()
        )  # eval leaves them out
    counted = summarize(network, shape)
    shown = next(n for n in opened_once["names"] if n.split(" ")[0] == name)
    (found,) = results(opened_once["page"], [{"first": shown}])
    found = found["first"]
    assert (found["parameters"], found["macs"]) == (counted.parameters, counted.macs)
    layers = next(n["layers"] for n in opened_once["networks"] if n["name"] == shown)
    assert found["memory"] == 4 * sum(c * prod(extents) for _, _, c, extents, *_ in layers)
    rows = [row for row in counted.rows if row.macs]
    assert [layer[0] for layer in layers if layer[5]] == [row.name for row in rows]
    for layer, row in zip((la for la in layers if la[5]), rows, strict=True):
        assert layer[2] * prod(layer[3]) == torch.Size(row.output_shape).numel()
    largest = max(layer[6] for layer in layers)
    if name in ENLARGING:
        with pytest.raises(ValueError, match="no regular receptive field"):
            rf.receptive_field_of(network, shape)
        assert largest == ENLARGING[name]
        assert (layers[-1][6] == -1) == (name == "unet"), "the others enlarge after all layers"
    else:
        assert largest == rf.receptive_field_of(network, shape).size


@pytest.fixture(scope="module")
def opened_once(browser):
    page = browser.new_page()
    page.set_content(f"<!doctype html><html lang='en'><main>{figure_of('explorer').html}</main>")
    page.wait_for_selector("[data-ready] .status")
    packed = base64.b64decode(figure_of("explorer").settings["packed"])
    content = json.loads(gzip.decompress(packed))
    layers = iter(zip(*content["columns"], strict=True))
    networks = [
        {**network, "layers": list(itertools.islice(layers, network["layers"]))}
        for network in content["networks"]
    ]
    yield {"page": page, "networks": networks, "names": [network["name"] for network in networks]}
    page.close()


@pytest.mark.figure("explorer")
def test_the_explorers_stages_are_runs_of_one_size(opened):
    page = opened("explorer")
    page.evaluate("document.querySelector('.cnnbook-figure').figure.set({first: 'vgg16'})")
    label = page.locator("svg.boxes").first.get_attribute("aria-label")
    sizes = "224×224×64, 112×112×128, 56×56×256, 28×28×512, 14×14×512, 7×7×512, 1×1×4096"
    assert label == f"vgg16 in 7 stages: {sizes}"
    label = page.locator("svg.boxes").last.get_attribute("aria-label")
    sizes = "112×112×64, 56×56×256, 28×28×512, 14×14×1024, 7×7×2048, 1×1×1000"
    assert label == f"resnet50 in 6 stages: {sizes}"


@pytest.mark.figure("dilation")
def test_the_dilation_explorer_counts_every_path(opened):
    settings = drawn(
        SETTINGS, 6, kernel=[2, 3, 5], count=range(1, 6),
        **{f"d{i}": range(1, 10) for i in range(1, 6)},
    )  # fmt: skip
    page = opened("dilation")
    for values, found in zip(settings, results(page, settings), strict=True):
        dilations = [values[f"d{i}"] for i in range(1, values["count"] + 1)]
        counts = rf.tap_counts(dilations, values["kernel"])
        assert found["counts"] == counts.tolist()
        assert (found["size"], found["seen"]) == (len(counts), int((counts > 0).sum()))
        assert (found["seen"] == found["size"]) == rf.covers_all(dilations, values["kernel"])
        gap = dilations[-1]
        for r in dilations[-2:0:-1]:
            gap = max(gap - 2 * r, 2 * r - gap, r)
        expected = gap if len(dilations) > 1 else None
        assert found["rule"] == expected
        assert found["passes"] == (expected is not None and expected <= values["kernel"])


@pytest.mark.figure("normalisation")
def test_the_normalisation_explorer_agrees_with_pytorch(opened):
    settings = drawn(
        SETTINGS, 7, kind=["BN", "LN", "LN at each place", "IN", "GN"], groups=[1, 2, 4],
        batch=[1, 2, 3], seed=range(1, 1000), picked=range(48), show=["numbers", "normalised"],
    )  # fmt: skip
    layers = {
        "BN": lambda x, _: F.batch_norm(x, None, None, training=True),
        "LN": lambda x, _: F.layer_norm(x, x.shape[1:]),
        "LN at each place": lambda x, _: F.layer_norm(x.movedim(1, -1), (4,)).movedim(-1, 1),
        "IN": lambda x, _: F.instance_norm(x),
        "GN": F.group_norm,
    }
    for values, found in zip(settings, results(opened("normalisation"), settings), strict=True):
        x = torch.tensor(found["x"], dtype=torch.float64).reshape(3, 4, 2, 2)[: values["batch"]]
        x.requires_grad_()
        expected = layers[values["kind"]](x, values["groups"])
        count = x.numel()
        assert torch.allclose(
            torch.tensor(found["normalised"][:count]).double(), expected.flatten()
        )
        picked = values["picked"] if values["picked"] < count else 0
        (gradient,) = torch.autograd.grad((expected**3).flatten()[picked], x)
        touched = gradient.flatten().nonzero().flatten().tolist()
        assert set(touched) <= set(found["members"])  # what the output depends on shares the mean
        members = x.detach().flatten()[found["members"]]
        assert found["mean"] == pytest.approx(members.mean().item())
        assert found["variance"] == pytest.approx(members.var(correction=0).item())
        per_mean = {"BN": 4 * values["batch"], "LN": 16, "LN at each place": 4, "IN": 4}
        assert found["count"] == per_mean.get(values["kind"], 16 // values["groups"])


@pytest.mark.figure("clinic")
def test_the_clinic_shows_the_recorded_run_and_the_rules_diagnosis(opened):
    runs = recorded.runs("clinic_cifar10")
    assert len({str(run["settings"]) for run in runs}) == len(runs) == 24

    def chosen(run):  # as the figure's controls write it: 1.0 is 1, True is true
        knobs = ("rate", "pictures", "augmentation", "width")
        return {knob: json.dumps(run["settings"][knob]).removesuffix(".0") for knob in knobs}

    cases = [(run, show) for run in runs for show in ("accuracy", "loss")]
    settings = [chosen(run) | {"show": show} for run, show in cases]
    diagnoses = set()
    found_here = results(opened("clinic"), settings)
    for (run, show), found in zip(cases, found_here, strict=True):
        assert found["training"] == run[show]
        assert found["validation"] == run[f"validation_{show}"]
        assert found["test"] == run["test_accuracy"]
        last, gap = run["accuracy"][-1], run["accuracy"][-1] - run["validation_accuracy"][-1]
        if None in run["loss"] or last < 0.15:
            expected = "not learning"
        elif gap > 0.15:
            expected = "overfitting"
        else:
            expected = "underfitting" if last < 0.5 else "fine"
        assert found["diagnosis"] == expected
        diagnoses.add(expected)
    assert diagnoses == {"not learning", "overfitting", "underfitting", "fine"}


@pytest.mark.figure("clinic")
@pytest.mark.parametrize(
    ("loss", "training", "validation", "expected"),
    [
        (1.0, 0.80, 0.64, "overfitting"),
        (1.0, 0.80, 0.66, "fine"),
        (1.0, 0.51, 0.45, "fine"),
        (1.0, 0.49, 0.45, "underfitting"),
        (2.3, 0.16, 0.10, "underfitting"),
        (2.3, 0.14, 0.10, "not learning"),
        (None, 0.80, 0.79, "not learning"),
    ],
)
def test_the_clinics_rules_hold_at_their_borders(written, loss, training, validation, expected):
    settings = {"rate": 0.1, "pictures": 10, "augmentation": False, "width": 4}
    run = {
        "settings": settings, "test_accuracy": 0.5, "loss": [2.3, loss], "accuracy": [0.1, training],
        "validation_loss": [2.3, 2.0], "validation_accuracy": [0.1, validation],
    }  # fmt: skip
    figure = figures.Interactive("clinic", "One run with the numbers of the test.", {"runs": [run]})
    page = written(figure.html)
    page.wait_for_selector("[data-ready] .status")
    shown = "document.querySelector('.cnnbook-figure').figure.result().diagnosis"
    assert page.evaluate(shown) == expected


@pytest.mark.figure("grad_cam")
def test_the_grad_cam_figure_runs_the_network_of_the_page(opened):
    drawn_here = shapes.shapes(12, seed=figures.GRAD_CAM_SEED)
    settings = drawn(
        SETTINGS, 11, picture=range(12), asked=range(10), cover=[False, True],
        row=range(25), column=range(25),
    )  # fmt: skip
    network, card = weights.pretrained("shapes"), weights.about("shapes")
    for values, found in zip(settings, results(opened("grad_cam"), settings), strict=True):
        image = (255 * drawn_here.images[values["picture"]]).round()[None] / 255
        if values["cover"]:
            row, column = values["row"], values["column"]
            grey = torch.tensor(card["mean"])[:, None, None]
            image[0, :, row : row + 8, column : column + 8] = grey
        x, asked = weights.prepare("shapes", image), torch.tensor([values["asked"]])
        with torch.no_grad():
            logits = network(x)[0]
        assert torch.allclose(torch.tensor(found["logits"]), logits, atol=0.05)  # half precision
        heat = explain.grad_cam(network, network[10], x, asked)
        assert torch.allclose(as_map(found["map"]).float(), heat[0], atol=0.02 * heat.max() + 1e-3)
        large = F.interpolate(heat[None], (32, 32), mode="bilinear")[0, 0]
        assert torch.allclose(as_map(found["heat"]).float(), large, atol=0.02 * heat.max() + 1e-3)
        left, top, right, bottom = drawn_here.boxes[values["picture"]].tolist()
        share = large[top:bottom, left:right].sum() / large.sum().clamp_min(1e-9)
        assert abs(found["inside"] - share) < 0.02


@pytest.fixture(scope="module")
def box_iou():
    """torchvision's overlaps; it takes two seconds to load, and no other figure needs it."""
    from scripts.torchvision_on_cpu import torchvision

    return torchvision.ops.box_iou


def kept_by_hand(overlap, scores, threshold) -> list[int]:
    """Return what suppression leaves of boxes with these overlaps, by a plain loop."""
    kept = []
    for i in scores.argsort(descending=True, stable=True).tolist():
        if all(overlap[i, k] <= threshold for k in kept):
            kept.append(i)
    return kept


@pytest.mark.figure("detection")
def test_the_detection_toy_computes_overlaps_and_suppression(opened, box_iou):
    generator = torch.Generator().manual_seed(12)
    settings = []
    for _ in range(SETTINGS):
        sides = torch.randint(40, 160, (5, 2), generator=generator)
        places = torch.randint(0, 60, (5, 2), generator=generator)
        scores = torch.rand(5, generator=generator)
        boxes = [
            dict(zip("xywh", values, strict=True)) | {"score": score}
            for values, score in zip(
                torch.cat([places, sides], 1).tolist(), scores.tolist(), strict=True
            )
        ]
        percent = int(torch.randint(0, 101, (), generator=generator))
        settings.append({"boxes": boxes, "percent": percent, "chosen": 1})
    truth = torch.tensor([[90.0, 50, 210, 160]]).double()
    left = set()
    for values, found in zip(settings, results(opened("detection"), settings), strict=True):
        corners = torch.tensor(
            [[b["x"], b["y"], b["x"] + b["w"], b["y"] + b["h"]] for b in values["boxes"]]
        ).double()
        scores = torch.tensor([b["score"] for b in values["boxes"]])
        overlap = box_iou(corners, corners)
        assert torch.allclose(torch.tensor(found["table"]).double(), overlap, atol=1e-9)
        assert torch.allclose(
            torch.tensor(found["toTruth"]).double(),
            box_iou(corners, truth)[:, 0],
            atol=1e-9,
        )
        assert found["kept"] == kept_by_hand(overlap, scores, values["percent"] / 100)
        left.add(len(found["kept"]))
    assert len(left) >= 4


LIMITS = {"grad_cam": 140_000}  # bytes; it carries a network and twelve pictures


@of_figure(*FIGURES)
def test_a_figure_weighs_little_and_fetches_nothing(name):
    html = figure_of(name).html
    assert len(html.encode()) < LIMITS.get(name, 60_000)
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "import " not in html


@of_figure(*FIGURES)
@pytest.mark.parametrize("width", [375, 1100])
def test_a_figure_fits_its_page_and_axe_finds_nothing(opened, name, width):
    page = opened(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


@of_figure(*FIGURES)
def test_a_figure_is_described_where_no_script_runs(written, name):
    page = written(figure_of(name).html, scripts=False)
    assert page.inner_text(".cnnbook-figure") == figure_of(name).alt
    assert figure_of(name).alt in repr(figure_of(name))


KEYS = {  # what to focus, which key to press, and whose text or label must change
    "playground": ("canvas[tabindex]", "ArrowRight", "status"),
    "arithmetic": ("button", "Enter", "status"),
    "equivariance": ("canvas[tabindex]", "ArrowLeft", "status"),
    "backward": (".w button", "Enter", "status"),
    "field": ("button", "Enter", "status"),
    "dilation": ("input[type=range]", "ArrowRight", "status"),
    "normalisation": ("td button[data-place='5']", "Enter", "status"),
    "clinic": ("button", "Enter", "status"),
    "explorer": (".bars", "ArrowRight", "status"),
    "grad_cam": ("canvas[tabindex]", "ArrowRight", "status"),
    "detection": (".plane", "ArrowRight", "status"),
}


@of_figure(*FIGURES)
def test_a_figure_works_by_keyboard_and_says_what_changed(opened, name):
    page = opened(name)
    what, key, told = KEYS[name]
    before = page.inner_text(f".{told}")
    page.focus(what)
    page.keyboard.press(key)
    assert page.inner_text(f".{told}") != before
    assert page.evaluate("document.activeElement !== document.body")
    first = page.locator("input[type=range], select").first
    before = page.inner_text(f".{told}")
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('input, select')")


@pytest.mark.figure("arithmetic")
def test_nothing_moves_by_itself_where_the_reader_wants_no_motion(opened):
    assert opened("arithmetic").locator("text=play").count() == 1
    still = opened("arithmetic", motion="reduce")
    assert still.locator("text=play").count() == 0
    assert still.locator("text=one further").count() == 1


@of_figure(*FIGURES)
def test_a_figure_prints_without_its_controls(opened, name):
    page = opened(name)
    page.emulate_media(media="print")
    assert page.locator("input:visible[type=range], select:visible").count() == 0
    assert page.locator(".status").is_visible()
