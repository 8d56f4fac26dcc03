"""From ResNet-50 to ConvNeXt-T one step at a time: Liu et al. 2022, "A ConvNet for the 2020s",
arXiv:2201.03545, section 2.

The idea: change one thing, train, look, keep it; after eleven steps the network is another one. Each
step here can be built and run; what it did to the accuracy is in the paper's Table 10.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from cnnbook.models.convnext import LayerNorm2d, convnext_tiny


@dataclass(frozen=True)
class Plan:
    """What has been changed so far; as it stands, ResNet-50."""

    depths: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 64
    patchify: bool = False
    depthwise: bool = False
    inverted: bool = False
    moved_up: bool = False
    kernel_size: int = 3
    activation: type[nn.Module] = nn.ReLU
    one_activation: bool = False
    one_norm: bool = False
    norm: type[nn.Module] = nn.BatchNorm2d


CHANGES: dict[str, dict[str, Any]] = {  # fields of Plan
    "ResNet-50": {},
    "stage ratio 3, 3, 9, 3": {"depths": (3, 3, 9, 3)},
    "patchify stem": {"patchify": True},
    "depthwise convolution": {"depthwise": True},
    "width 64 → 96": {"width": 96},
    "inverted bottleneck": {"inverted": True},
    "depthwise first": {"moved_up": True},
    "kernel 7×7": {"kernel_size": 7},
    "ReLU → GELU": {"activation": nn.GELU},
    "fewer activations": {"one_activation": True},
    "fewer norms": {"one_norm": True},
    "BN → LN": {"norm": LayerNorm2d},
}
LAST = "separate down-sampling"  # ConvNeXt-T


class Block(nn.Module):
    """A residual block after a plan; where the shape changes, a 1×1 projects the input."""

    def __init__(self, plan: Plan, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        narrow = out_channels // 4
        inside = 4 * out_channels if plan.inverted else narrow
        k, act = plan.kernel_size, plan.activation
        if plan.moved_up:
            sizes = [(in_channels, in_channels, k), (in_channels, inside, 1)]
        else:
            sizes = [(in_channels, inside, 1), (inside, inside, k)]
        layers: list[nn.Module] = []
        for number, (i, o, size) in enumerate([*sizes, (inside, out_channels, 1)]):
            step = stride if size == k else 1
            groups = i if size == k and plan.depthwise else 1
            has_norm = number == 0 or not plan.one_norm
            conv = nn.Conv2d(i, o, size, step, size // 2, groups=groups, bias=not has_norm)
            layers += [conv, *([plan.norm(o)] if has_norm else [])]
            if number == 1 or (number == 0 and not plan.one_activation):
                layers.append(act())
        self.layers = nn.Sequential(*layers)
        changes = stride != 1 or in_channels != out_channels
        projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        self.shortcut = (
            nn.Sequential(projection, plan.norm(out_channels)) if changes else nn.Identity()
        )
        self.last = nn.Identity() if plan.one_activation else act()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.shortcut(x) + self.layers(x))


class Modernised(nn.Module):
    """A network after a plan. Input (N, 3, H, W), output (N, num_classes)."""

    def __init__(self, plan: Plan, *, num_classes: int = 1000):
        super().__init__()
        w = plan.width
        if plan.patchify:
            stem = [nn.Conv2d(3, w, 4, stride=4, bias=False), plan.norm(w)]
        else:
            stem = [nn.Conv2d(3, w, 7, 2, 3, bias=False), plan.norm(w), plan.activation()]
            stem.append(nn.MaxPool2d(3, stride=2, padding=1))
        blocks, channels = [], w
        for stage, depth in enumerate(plan.depths):
            out = w * 2**stage * (1 if plan.inverted else 4)
            for index in range(depth):
                blocks.append(Block(plan, channels, out, 2 if index == 0 and stage else 1))
                channels = out
        self.features = nn.Sequential(*stem, *blocks)
        self.head = nn.Linear(channels, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x).mean((2, 3)))


def plans() -> dict[str, Plan]:
    """Return the plan behind each step but the last, in order; each keeps the changes before it."""
    plan, found = Plan(), {}
    for name, change in CHANGES.items():
        plan = found[name] = replace(plan, **change)
    return found


def step(name: str, num_classes: int = 1000) -> nn.Module:
    """Return the network behind a step; the last one is ConvNeXt-T.

    Raises ValueError at a name that is none.
    """
    if name == LAST:
        return convnext_tiny(num_classes)
    if name not in CHANGES:
        raise ValueError(f"{name!r} is no step: it must be one of {', '.join([*CHANGES, LAST])}")
    return Modernised(plans()[name], num_classes=num_classes)
