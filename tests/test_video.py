"""Networks for clips: what inflation must keep, and which frames each network reads."""

import pytest
import torch
from torch import nn

from cnnbook.models import (
    convnext,
    densenet,
    efficientnet,
    inception,
    mobilenet,
    nin,
    resnet,
    video,
)
from cnnbook.summary import count_macs, count_parameters


def test_a_motionless_clip_gets_the_answer_of_its_picture():
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, 3, stride=2, padding=1).double()
    picture = torch.randn(1, 3, 9, 9, dtype=torch.float64)
    clip = picture[:, :, None].expand(-1, -1, 7, -1, -1)
    answers = video.inflate_conv(conv, 3)(clip)
    inner = (answers[:, :, 1:-1] - conv(picture)[:, :, None]).abs().max()
    assert inner < 1e-13
    bias = conv.bias[None, :, None, None]
    edge = (answers[:, :, 0] - bias) / (conv(picture) - bias)
    assert torch.allclose(edge, torch.full_like(edge, 2 / 3)), "zero padding in time"


def settled(network):
    """Return the network in evaluation mode, with statistics and scales for which each layer counts."""
    for name, value in network.named_parameters():
        if "scale" in name:
            nn.init.ones_(value)
        elif "bias" in name:
            nn.init.zeros_(value)
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 128, 128))
    return network.eval()


def middle_frame(network, picture, length):
    """Return what the inflated network makes of the middle frame of a motionless clip."""
    seen = []
    inflated = video.inflate(network)
    inflated.network.register_forward_hook(lambda module, args, answer: seen.append(answer))
    clip = picture[:, :, None].expand(-1, -1, length, -1, -1)
    with torch.no_grad():
        inflated(clip)
    return seen[0].unflatten(0, (-1, length))[:, length // 2]


# One more frame on each side for every convolution wider than 1 on the longest way through.
INFLATED = {
    resnet.resnet18: 17, densenet.densenet121: 59, convnext.convnext_tiny: 22, nin.nin: 4,
    mobilenet.mobilenet_v2: 18, efficientnet.efficientnet_b0: 17, inception.googlenet: 13,
}  # fmt: skip


@pytest.mark.parametrize("make", INFLATED, ids=lambda make: make.__name__)
def test_any_network_is_inflated_and_keeps_its_answers(make):
    torch.manual_seed(0)
    network = settled(make(num_classes=7))
    convs = [m for m in network.modules() if type(m) is nn.Conv2d]
    picture = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        expected = network(picture)
    found = middle_frame(network, picture, 2 * INFLATED[make] + 1)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert [m for m in network.modules() if type(m) is nn.Conv2d] == convs, "it was left alone"
    short = middle_frame(network, picture, 3)
    assert (short - expected).abs().max() > 1e-3 * expected.abs().max(), "frames are seen together"


def test_an_inflated_network_sees_order_and_learns():
    torch.manual_seed(0)
    inflated = video.inflate(resnet.resnet18(num_classes=5))
    clip = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        for part in inflated.modules():
            if isinstance(part, nn.Conv3d):
                part.weight += 0.01 * torch.randn_like(part.weight)
    inflated(clip).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in inflated.parameters())
    answers, backwards = (inflated.eval()(c) for c in (clip, clip.flip(2)))
    assert answers.shape == (2, 5) and not torch.allclose(answers, backwards, rtol=1e-2)


def test_maps_and_several_heads_come_back_clip_by_clip():
    torch.manual_seed(0)
    shared = nn.Conv2d(3, 3, 3, padding=1)
    maps = video.inflate(nn.Sequential(shared, nn.ReLU(), shared))
    assert maps(torch.randn(2, 3, 5, 8, 8)).shape == (2, 3, 5, 8, 8)
    assert len(list(maps.parameters())) == 2, "a layer in two places stays one"
    heads = video.inflate(inception.googlenet(auxiliary=True, num_classes=4))
    assert [h.shape for h in heads(torch.randn(2, 3, 3, 224, 224))] == [(2, 4)] * 3


@pytest.mark.parametrize("padding, mode", [("same", "zeros"), ("valid", "zeros"), (2, "circular")])
def test_an_inflated_layer_keeps_its_padding(padding, mode):
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 4, (3, 5), padding=padding, padding_mode=mode, dilation=2)
    picture = torch.randn(1, 3, 12, 12)
    answers = video.inflate_conv(conv, 3)(picture[:, :, None].expand(-1, -1, 5, -1, -1))
    assert torch.allclose(answers[:, :, 2], conv(picture), atol=1e-6)
    if mode == "circular":
        assert torch.allclose(answers[:, :, 0], conv(picture), atol=1e-6)


def test_what_cannot_be_inflated_is_said():
    with pytest.raises(ValueError, match="frames=2 is not allowed: it must be an odd number"):
        video.inflate(nn.Sequential(nn.Conv2d(3, 3, 3)), frames=2)
    with pytest.raises(ValueError, match="Sequential has no nn.Conv2d wider than 1"):
        video.inflate(nn.Sequential(nn.Conv2d(3, 3, 1), nn.Flatten()))
    with pytest.raises(ValueError, match='padding="same" of an even kernel'):
        video.inflate_conv(nn.Conv2d(3, 3, 2, padding="same"), 3)


def test_c3d_counts():
    with torch.device("meta"):
        network = video.c3d()
    assert count_macs(network, (3, 16, 112, 112)) / 1e9 == pytest.approx(38.5, abs=0.1)


def test_slowfast_reads_the_right_frames():
    torch.manual_seed(0)
    network = video.SlowFast(5).eval()
    x = torch.randn(1, 3, 16, 16, 16, requires_grad=True)
    (through_slow,) = torch.autograd.grad(network.slow[0](x[:, :, ::8]).square().sum(), x)
    read = through_slow[0].abs().sum((0, 2, 3)).nonzero().flatten().tolist()
    assert read == [0, 8]
    (through_both,) = torch.autograd.grad(network(x).square().sum(), x)
    assert (through_both[0].abs().sum((0, 2, 3)) > 0).all()
    fast = sum(p.numel() for p in network.fast.parameters())
    assert fast < 0.2 * count_parameters(network)
