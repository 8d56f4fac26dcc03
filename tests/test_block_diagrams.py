"""Diagrams of blocks: everything that runs is in them, and no line runs through a box."""

import itertools

import pytest
import torch
from torch import nn

from cnnbook.block_diagrams import _place, _points, _rows, block_diagram
from cnnbook.block_parts import parts_of
from cnnbook.models import (
    attention,
    convnext,
    densenet,
    efficientnet,
    inception,
    inception_v3,
    mobilenet,
    repvgg,
    resnet,
    xception,
)

BLOCKS = {
    "inception": (inception.inception(inception.BiasConv, 192, (64, 96, 128, 16, 32, 32)), 192),
    "inception-v3": (inception_v3.block_c(128), 128),
    "basic, option A": (resnet.BasicBlock(64, 128, 2, option="A"), 64),
    "bottleneck": (resnet.Bottleneck(64, 16), 64),
    "ResNeXt": (resnet.Bottleneck(64, 32, groups=8), 64),
    "dense": (nn.Sequential(densenet.DenseLayer(64, 32), densenet.DenseLayer(96, 32)), 64),
    "SE": (attention.SqueezeExcitation(64, 16), 64),
    "CBAM": (attention.CBAM(64), 64),
    "inverted residual": (mobilenet.InvertedResidual(24, 24, 1, 6), 24),
    "MBConv": (efficientnet.MBConv(24, 24, expand=6, kernel_size=3, stride=1, drop=0.1), 24),
    "RepVGG": (repvgg.RepVGGBlock(48, 48), 48),
    "ConvNeXt": (convnext.ConvNeXtBlock(96, 0.1), 96),
    "Xception": (xception.Block(16, (32, 32), stride=2), 16),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_every_layer_with_weights_is_in_a_box_as_often_as_it_runs(name):
    block, channels = BLOCKS[name]
    ran = []
    hooks = [
        layer.register_forward_hook(lambda layer, *_: ran.append(layer))
        for layer in block.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.LayerNorm)
    ]
    block.eval()(torch.zeros(1, channels, 8, 8))
    for hook in hooks:
        hook.remove()
    lines = [line for part in parts_of(block, (channels, 8, 8)) for line in part.lines]
    weights = [
        line for line in lines if "conv, " in line or "depthwise, " in line or "dense" in line
    ]
    norms = [line for line in lines if line in ("batch norm", "layer norm")]
    assert len(weights) == sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in ran)
    assert len(norms) == len(ran) - len(weights)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_output_has_the_shape_that_the_block_puts_out(name):
    block, channels = BLOCKS[name]
    output = block.eval()(torch.zeros(1, channels, 8, 8))
    assert parts_of(block, (channels, 8, 8))[-1].shape == tuple(output.shape[1:])


@pytest.mark.parametrize("name", BLOCKS)
def test_what_stands_in_one_row_stands_apart(name):
    block, channels = BLOCKS[name]
    rows, ways = _rows(parts_of(block, (channels, 8, 8)))
    _place(rows, ways)
    for row in rows:
        places = sorted(part.x for part in row)
        assert all(b - a > 0.999 for a, b in itertools.pairwise(places))
    for way in ways:  # a line goes down one row at a time, through free places only
        assert [part.row for part in way] == list(range(way[0].row, way[-1].row + 1))
        assert all(part.kind == "free" for part in way[1:-1])


@pytest.mark.parametrize("name", BLOCKS)
def test_lines_are_slanted_between_the_rows_only(name):
    block, channels = BLOCKS[name]
    rows, ways = _rows(parts_of(block, (channels, 8, 8)))
    _place(rows, ways)
    bands = [
        (row[0].y - 0.5 * lines - 0.2, row[0].y + 0.5 * lines + 0.2)
        for row in rows
        for lines in [max(len(part.lines) for part in row)]
    ]
    for way in ways:
        points = _points(way, rows)
        for (x, y), (other_x, other_y) in itertools.pairwise(points[:-1]):
            if abs(x - other_x) > 1e-6:
                assert not any(low < y < high or low < other_y < high for low, high in bands)
            assert y > other_y
        assert points[-1][1] <= points[-2][1]  # the arrow goes down


def test_an_inception_module_has_four_ways_side_by_side():
    parts = parts_of(BLOCKS["inception"][0], (192, 8, 8))
    joined = next(part for part in parts if part.lines == ["side by side"])
    assert [read.lines[0] for read in joined.reads] == [
        "1×1 conv, 64", "3×3 conv, 128", "5×5 conv, 32", "1×1 conv, 32",
    ]  # fmt: skip
    assert joined.reads[3].reads[0].lines == ["3×3 max pool"]


def test_a_residual_block_adds_its_input():
    parts = parts_of(resnet.Bottleneck(64, 16), (64, 8, 8))
    added = next(part for part in parts if part.lines[0] == "+")
    assert added.reads[1] is parts[0]
    strided = parts_of(resnet.Bottleneck(64, 32, stride=2), (64, 8, 8))
    added = next(part for part in strided if part.lines[0] == "+")
    assert added.reads[1].lines == ["1×1 conv, 128, stride 2", "batch norm"]


def test_a_picture_of_a_block_leaves_it_as_it_was():
    block = resnet.Bottleneck(64, 16).train()
    before = {name: value.clone() for name, value in block.state_dict().items()}
    picture = block_diagram(block, (64, 8, 8), alt="a bottleneck with its shortcut at the right")
    assert picture.png.startswith(b"\x89PNG")
    assert block.training and all(layer.training for layer in block.modules())
    assert all(torch.equal(value, before[name]) for name, value in block.state_dict().items())
