"""Networks for clips (N, C, T, H, W): C3D (Tran et al. 2015, arXiv:1412.0767), I3D by inflation
(Carreira and Zisserman 2017, arXiv:1705.07750) and SlowFast (Feichtenhofer et al. 2019,
arXiv:1812.03982).

The idea: time is a third axis. C3D learns 3×3×3 kernels from nothing; I3D starts from a network for
pictures; SlowFast looks at few frames with many channels and at many frames with few.
"""

import copy

import torch
from torch import nn

from cnnbook.models.resnet import resnet18

Answer = torch.Tensor | tuple[torch.Tensor, ...]  # several with auxiliary heads


def c3d(num_classes: int = 487) -> nn.Sequential:
    """Return C3D for clips of 16 frames of 112×112, 79,991,015 parameters. Output (N, num_classes)."""

    def stage(
        in_channels: int,
        *widths: int,
        pool: tuple[int, int, int] = (2, 2, 2),
        padding: int | tuple[int, int, int] = 0,
    ) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Conv3d(in_channels, width, 3, padding=1), nn.ReLU()]
            in_channels = width
        return [*layers, nn.MaxPool3d(pool, pool, padding)]

    return nn.Sequential(
        *stage(3, 64, pool=(1, 2, 2)), *stage(64, 128), *stage(128, 256, 256),
        *stage(256, 512, 512), *stage(512, 512, 512, padding=(0, 1, 1)), nn.Flatten(),
        nn.Linear(512 * 4 * 4, 4096), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, num_classes),
    )  # fmt: skip


def inflate_conv(conv: nn.Conv2d, frames: int, *, time_padding: int | None = None) -> nn.Conv3d:
    """Return a 3-D convolution that answers a motionless clip as `conv` answers its picture.

    The kernel is repeated over `frames` and divided by their number; the bias is not divided. With
    zero padding in time (half the frames unless it is given) the first and last answers are smaller.
    Another padding mode than zeros holds in time as well.
    """
    padding = frames // 2 if time_padding is None else time_padding
    (high, wide), (down, right), (apart, beside) = conv.kernel_size, conv.stride, conv.dilation
    inflated = nn.Conv3d(
        conv.in_channels, conv.out_channels, (frames, high, wide), (1, down, right),
        (padding, *_padding(conv)), (1, apart, beside), conv.groups, conv.bias is not None,
        conv.padding_mode,
    ).to(conv.weight)  # fmt: skip
    with torch.no_grad():
        inflated.weight.copy_(conv.weight[:, :, None].expand_as(inflated.weight) / frames)
        if conv.bias is not None and inflated.bias is not None:
            inflated.bias.copy_(conv.bias)
    return inflated


class Inflated(nn.Module):
    """A network for pictures that reads clips: its convolutions see several frames at once.

    Everything else sees each frame alone. So the frames travel in the batch, (N·T, C, H, W), through the
    network's own code. Input (N, 3, T, H, W); maps come back as (N, C, T, H, W), classes as (N, classes),
    the mean of all frames' logits.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, clip: torch.Tensor) -> Answer:
        for part in self.network.modules():
            if isinstance(part, OverFrames):
                part.length = clip.shape[2]
        answer = self.network(clip.transpose(1, 2).flatten(0, 1))
        if isinstance(answer, tuple):  # with auxiliary heads
            return tuple(self._per_clip(part, clip.shape[2]) for part in answer)
        return self._per_clip(answer, clip.shape[2])

    def _per_clip(self, answer: torch.Tensor, length: int) -> torch.Tensor:
        answer = answer.unflatten(0, (-1, length))
        return answer.mean(1) if answer.ndim == 3 else answer.transpose(1, 2)


class OverFrames(nn.Module):
    """A 3-D convolution over frames that stand in the batch, (N·T, C, H, W), T of them a clip."""

    def __init__(self, conv: nn.Conv3d):
        super().__init__()
        self.conv, self.length = conv, 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        clip = x.unflatten(0, (-1, self.length)).transpose(1, 2)
        return self.conv(clip).transpose(1, 2).flatten(0, 1)


def inflate(network: nn.Module, frames: int = 3) -> nn.Module:
    """Return the network with each `nn.Conv2d` wider than 1 inflated to `frames`, an odd number.

    The one given is left as it was. Raises ValueError where there is nothing to inflate.
    """
    if type(frames) is not int or frames < 1 or frames % 2 == 0:
        raise ValueError(f"frames={frames!r} is not allowed: it must be an odd number from 1 on")
    if isinstance(network, nn.Conv2d):
        return inflate_conv(network, frames)
    result, made = copy.deepcopy(network), {}
    for path, part in list(result.named_modules(remove_duplicate=False)):
        if type(part) is nn.Conv2d and max(part.kernel_size) > 1:
            if part not in made:  # a layer that stands in two places stays one
                made[part] = OverFrames(inflate_conv(part, frames)).train(part.training)
            parent, _, name = path.rpartition(".")
            setattr(result.get_submodule(parent), name, made[part])
    if not made:
        raise ValueError(f"{type(network).__name__} has no nn.Conv2d wider than 1 to inflate")
    return Inflated(result)


class SlowFast(nn.Module):
    """Two pathways over one clip, joined after every stage; pooled, side by side, and classified.

    The slow one sees every `alpha`-th frame with `width` channels; the fast one sees all frames with
    a share `beta` of the channels. Input (N, 3, T, H, W) with T a multiple of alpha.
    """

    def __init__(
        self,
        num_classes: int = 400,
        *,
        width: int = 16,
        alpha: int = 8,
        beta: float = 1 / 8,
        stages: int = 3,
    ):
        super().__init__()
        self.alpha = alpha
        slow, fast = 3, 3
        self.slow, self.fast, self.lateral = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for stage in range(stages):
            wide, narrow = width * 2**stage, max(1, int(beta * width * 2**stage))
            self.slow.append(_block(slow, wide, frames=1))
            self.fast.append(_block(fast, narrow, frames=3))
            # One step in time for every alpha: the fast maps get the slow ones' length.
            self.lateral.append(
                nn.Conv3d(narrow, 2 * narrow, (5, 1, 1), (alpha, 1, 1), (2, 0, 0), bias=False)
            )
            slow, fast = wide + 2 * narrow, narrow
        self.classifier = nn.Linear(slow + fast, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        slow, fast = x[:, :, :: self.alpha], x
        for slow_stage, fast_stage, lateral in zip(self.slow, self.fast, self.lateral, strict=True):
            slow, fast = slow_stage(slow), fast_stage(fast)
            slow = torch.cat([slow, lateral(fast)], dim=1)
        pooled = torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], dim=1)
        return self.classifier(pooled)


def i3d_resnet18(num_classes: int = 400) -> nn.Module:
    """Return ResNet-18 inflated to three frames a kernel, 33,371,472 parameters for 400 classes."""
    return inflate(resnet18(num_classes))


def slowfast(num_classes: int = 400) -> SlowFast:
    """Return the small SlowFast, 67,166 parameters for Kinetics' 400 classes."""
    return SlowFast(num_classes)


def _block(in_channels: int, out_channels: int, frames: int) -> nn.Sequential:
    kernel, padding = (frames, 3, 3), (frames // 2, 1, 1)
    conv = nn.Conv3d(in_channels, out_channels, kernel, (1, 2, 2), padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(out_channels), nn.ReLU())


def _padding(conv: nn.Conv2d) -> tuple[int, int]:
    if conv.padding == "valid":
        return 0, 0
    if isinstance(conv.padding, tuple):
        down, right = conv.padding
        return down, right
    if any(size % 2 == 0 for size in conv.kernel_size):
        raise ValueError('padding="same" of an even kernel is not the same on both sides')
    down, right = (
        d * (size - 1) // 2 for d, size in zip(conv.dilation, conv.kernel_size, strict=True)
    )
    return down, right
