"""The summary's totals, against PyTorch's own counter."""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnbook.receptive_field import receptive_field_of
from cnnbook.summary import count_macs, count_parameters, summarize, trace_shapes
from cnnbook.tracing import run_on_shapes


class Functional(nn.Module):
    """Has a convolution that is no layer, runs one layer twice, and multiplies matrices."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 2, 3, 3))
        self.conv = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(self.conv(F.conv2d(x, self.weight)))
        rows = x.flatten(2)
        return self.head((rows @ rows.transpose(1, 2)).mean(2))


NETWORKS = {
    "conv2d": (nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1), (3, 11, 9)),
    "grouped": (nn.Conv2d(8, 8, 3, groups=4), (8, 7, 7)),
    "conv1d": (nn.Conv1d(2, 4, 5, dilation=2), (2, 30)),
    "conv3d": (nn.Conv3d(2, 4, (3, 1, 3)), (2, 5, 6, 7)),
    "transposed": (nn.ConvTranspose2d(4, 2, 3, stride=2), (4, 5, 6)),
    "dense": (nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (3, 2, 2)),
    "dense on a map": (nn.Linear(6, 5), (7, 4, 6)),
    "functional": (Functional(), (2, 8, 8)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_macs_are_half_of_pytorchs_flops(name):
    module, shape = NETWORKS[name]
    with FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, *shape))
    assert 2 * count_macs(module, shape) == counter.get_total_flops() > 0


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ReLU()],
        [nn.BatchNorm2d(4)],
        [nn.BatchNorm2d(4, affine=False), nn.ReLU(True)],
        [nn.BatchNorm2d(4, track_running_stats=False)],
    ],
)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_shapes_alone_are_those_of_numbers(layers, layout):
    class Laid(nn.Module):
        def forward(self, x):
            return x.contiguous(memory_format=layout)

    network = nn.Sequential(Laid(), *layers).eval()
    alone = run_on_shapes(network, (4, 5, 6), contextlib.nullcontext())
    real = network(torch.zeros(1, 4, 5, 6))
    assert (alone.shape, alone.dtype, alone.stride()) == (real.shape, real.dtype, real.stride())


@pytest.mark.parametrize("channels", [3, 8])
def test_a_normalisation_of_other_channels_is_no_network(channels):
    with pytest.raises(RuntimeError):
        summarize(nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(channels)), (2, 8, 8))


def test_rows_come_in_the_order_in_which_layers_run():
    summary = summarize(Functional(), (2, 8, 8))
    named = [(row.name, row.output_shape) for row in summary.rows]
    assert named == [
        ("(itself)", (3,)), ("conv", (4, 6, 6)), ("conv", (4, 6, 6)), ("head", (3,)),
    ]  # fmt: skip
    assert sum(row.macs for row in summary.rows) == summary.macs
    assert summary.rows[0].macs == 4 * 36 * 18 + 4 * 4 * 36, "the function and the product"


def test_shapes_leave_the_batch_axis_out():
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten())
    assert trace_shapes(net, (3, 6, 6)) == {"0": (8, 4, 4), "1": (8, 4, 4), "2": (128,)}


def test_a_shared_parameter_counts_once_and_a_frozen_one_can_be_left_out():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4, bias=False))
    net[1].weight = net[0].weight
    assert count_parameters(net) == 20
    net[0].bias.requires_grad_(False)
    assert count_parameters(net, trainable_only=True) == 16


def test_the_table_names_the_unit_in_text_and_in_html():
    summary = summarize(nn.Sequential(nn.Conv2d(3, 8, 3)), (3, 6, 6))
    assert "1 MAC = 2 FLOPs" in str(summary)
    assert "<caption>1 MAC = 2 FLOPs</caption>" in summary._repr_html_()
    for text in (str(summary), summary._repr_html_()):
        assert "8×4×4" in text
        assert "3,456" in text


def test_counting_works_in_inference_mode_too():
    convolution = nn.Conv2d(3, 8, 3)
    with torch.inference_mode():
        assert count_macs(convolution, (3, 32, 32)) == 9 * 3 * 8 * 30 * 30
        assert receptive_field_of(convolution, (3, 32, 32)).size == 3


def test_the_network_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    summarize(net, (1, 8, 8))
    assert all(part.training for part in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in net.modules())


def test_hooks_come_off_when_the_shapes_do_not_fit():
    net = nn.Sequential(nn.Conv2d(3, 8, 3))
    with pytest.raises(RuntimeError):
        summarize(net, (4, 6, 6))
    assert not net[0]._forward_hooks
