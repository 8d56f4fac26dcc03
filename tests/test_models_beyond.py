"""Networks that torchvision does not hold: what each must do, checked by its own definition."""

import pytest
import torch
from torch import nn

from cnnbook.models import atrous, audio, group, repvgg, resnet, segmentation
from cnnbook.models.attention import CBAM, SpatialAttention, SqueezeExcitation
from cnnbook.models.published import load_published
from cnnbook.models.registry import ARCHITECTURES
from cnnbook.models.resnet_cifar import resnet20
from cnnbook.receptive_field import receptive_field_of
from cnnbook.summary import count_macs, count_parameters
from cnnbook.symmetry import equivariance_error, rotate90, rotate_p4
from scripts.torchvision_on_cpu import torchvision
from tests.test_models import lively


def squeeze(channels):
    return SqueezeExcitation(channels, channels // 16)


def test_squeeze_and_excitation_adds_its_weights_to_resnet50():
    with torch.device("meta"):
        plain, with_se = resnet.resnet50(), resnet.resnet50(attention=squeeze)
    stages = [(256, 3), (512, 4), (1024, 6), (2048, 3)]
    weights = sum(blocks * 2 * c * (c // 16) for c, blocks in stages)
    biases = sum(blocks * (c + c // 16) for c, blocks in stages)
    assert weights == 2_514_944
    assert count_parameters(with_se) == 28_088_024
    assert count_parameters(with_se) - count_parameters(plain) == weights + biases
    old = resnet.resnet50(stride_first=True, attention=squeeze)
    assert count_macs(old, (3, 224, 224)) / 1e9 == pytest.approx(3.8605, abs=1e-4)


def test_squeeze_and_excitation_scales_channels_and_nothing_else():
    torch.manual_seed(0)
    x = torch.randn(2, 32, 5, 5)
    ratio = squeeze(32)(x) / x
    assert torch.allclose(ratio, ratio[:, :, :1, :1].expand_as(ratio))
    assert ratio.min() > 0
    assert ratio.max() < 1
    assert ratio[:, :, 0, 0].std() > 0


def test_spatial_attention_scales_places_and_nothing_else():
    torch.manual_seed(0)
    x = torch.randn(2, 8, 9, 9)
    ratio = SpatialAttention()(x) / x
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), atol=1e-6)
    assert ratio[:, 0].std() > 0


@pytest.mark.parametrize("make_attention", [squeeze, CBAM])
def test_attention_fits_behind_any_block(make_attention):
    for network in (
        resnet.resnet18(5, attention=make_attention),
        resnet.bottleneck_resnet((1, 1, 1, 1), 5, attention=make_attention),
    ):
        assert network(torch.randn(1, 3, 64, 64)).shape == (1, 5)


def test_a_merged_repvgg_computes_the_same():
    torch.manual_seed(0)
    network = repvgg.RepVGG((1, 2, 2), (8, 8, 16), num_classes=5).double().eval()
    lively(network)
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.weight.data.uniform_(0.5, 1.5)
        norm.bias.data.normal_()
    x = torch.randn(2, 3, 33, 32, dtype=torch.float64)
    merged = repvgg.merge(network)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in merged.modules())
    error = (merged(x) - network(x)).abs().max() / network(x).abs().max()
    assert error < 1e-13


def test_repvgg_counts_in_training_and_merged():
    network = repvgg.repvgg_a0()
    assert count_parameters(network) == 9_108_968
    assert count_parameters(repvgg.merge(network)) == 8_309_384


@pytest.mark.parametrize("norm", [True, False])
def test_a_p4_network_turns_with_the_picture_and_its_logits_stay(norm):
    torch.manual_seed(0)
    network = group.p4cnn(in_channels=3, norm=norm).double().eval()
    lively(network)
    for name, p in network.named_parameters():
        if "bias" in name or "norm" in name:
            p.data.normal_()
    x = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    assert equivariance_error(network.features, x, rotate90, of_output=rotate_p4) < 1e-12
    assert equivariance_error(network, x, rotate90, of_output=lambda y: y) < 1e-12
    odd = x[..., :11, :11]  # the pooling drops a row and a column, after a turn others
    assert equivariance_error(network, odd, rotate90, of_output=lambda y: y) > 1e-3
    plain = resnet20().double().eval()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64)
    assert equivariance_error(plain, x, rotate90, of_output=lambda y: y) > 1e-3


DENSE = {
    "FCN": segmentation.FCN,
    "U-Net": segmentation.UNet,
    "DeepLab": atrous.DeepLab,
}


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("size", [(32, 32), (37, 45)])
def test_a_dense_network_answers_for_every_pixel_and_learns(name, size):
    torch.manual_seed(0)
    network = DENSE[name](4)
    x, target = torch.randn(2, 3, *size), torch.randint(0, 4, (2, *size))
    logits = network(x)
    assert logits.shape == (2, 4, *size)
    nn.functional.cross_entropy(logits, target).backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_output_stride_is_exchanged_for_dilation(stride):
    features = atrous.DeepLab(4, output_stride=stride).features
    assert features(torch.zeros(1, 3, 32, 32)).shape[-1] == 32 // stride
    assert receptive_field_of(features, (3, 32, 32)).jump == stride


def test_dilation_costs_more_at_the_same_width():
    costs = [count_macs(atrous.DeepLab(4, output_stride=s), (3, 64, 64)) for s in (8, 4, 2)]
    assert costs == sorted(costs)
    with pytest.raises(ValueError, match="output_stride=3"):
        atrous.DeepLab(4, output_stride=3)


SEGMENTING = torchvision.models.list_models(torchvision.models.segmentation)


@pytest.mark.parametrize("name", [name for name in SEGMENTING if name in ARCHITECTURES])
def test_segmentation_networks_are_torchvisions(name):
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights_backbone=None, aux_loss=True).eval()
    make = ARCHITECTURES[name].constructor
    network = make(auxiliary=True)
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["num_params"]
    assert count_parameters(network) == published
    assert count_parameters(make()) < published
    lively(theirs)
    load_published(network, theirs.state_dict())
    x = torch.randn(2, 3, 64, 96)
    expected = theirs(x)
    scores, auxiliary = network.train(mode=False)(x), network.auxiliary_head
    assert (scores - expected["out"]).abs().max() <= 1e-4 * expected["out"].abs().max().clamp_min(1)
    assert scores.std() > 1e-3
    network.backbone.train(mode=False)
    network.training = True  # the pair comes out; batch normalisation still evaluates
    _, early = network(x)
    assert auxiliary is not None
    assert (early - expected["aux"]).abs().max() <= 1e-4 * expected["aux"].abs().max().clamp_min(1)


@pytest.mark.parametrize("stride", [8, 16])
def test_a_dilated_resnet_keeps_its_weights_and_its_receptive_field_grows(stride):
    with torch.device("meta"):
        network, plain = atrous.dilated(resnet.resnet50(), stride), resnet.resnet50()
    field, before = (receptive_field_of(n, (3, 224, 224)) for n in (network, plain))
    assert (field.jump, before.jump) == (stride, 32)
    assert field.size >= before.size
    assert count_parameters(network) == count_parameters(plain)
    with pytest.raises(ValueError, match="must be 8 or 16"):
        atrous.dilated(resnet.resnet50(), 4)


def test_wavenet_never_looks_ahead_and_hears_1024_samples():
    torch.manual_seed(0)
    network = audio.WaveNet(channels=4, skip_channels=4, levels=3).double()
    assert receptive_field_of(network, (1, 1500)).size == 1024
    x = torch.randn(1, 1, 1200, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x)[0, :, 1100].sum(), x)
    heard = gradient[0, 0].nonzero().flatten()
    assert (heard.min().item(), heard.max().item()) == (1100 - 1023, 1100)


def test_a_tone_is_one_line_of_its_spectrogram():
    time = torch.arange(4096) / 8000
    picture = audio.spectrogram(torch.sin(2 * torch.pi * 1000 * time)[None])
    assert picture.shape == (1, 1, 129, 33)
    assert picture[0, 0, :, 16].argmax() == 32, "1,000 Hz in bins of 8,000 / 256 Hz"
    network = audio.SpectrogramCNN(5).eval()
    assert network(picture).shape == (1, 5)
