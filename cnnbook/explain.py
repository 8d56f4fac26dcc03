"""Where a classifier looks: CAM, Grad-CAM, saliency, occlusion and activation maximisation.

All functions take one batch of pictures (N, C, H, W) and leave the network as it was, in evaluation
mode. Sources: Zhou et al. 2016, arXiv:1512.04150 (CAM); Selvaraju et al. 2017, arXiv:1610.02391
(Grad-CAM); Simonyan, Vedaldi and Zisserman 2014, arXiv:1312.6034 (saliency); Zeiler and Fergus 2014,
arXiv:1311.2901 (occlusion).
"""

import contextlib
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from cnnbook.tracing import evaluating


def cam(maps: torch.Tensor, classifier: nn.Linear, classes: torch.Tensor) -> torch.Tensor:
    """Return the class activation maps, (N, H, W): the maps weighted by the class's own weights.

    `maps` (N, C, H, W) are those that global average pooling and `classifier` read; their mean over
    places, plus the bias, is the logit.
    """
    weights = classifier.weight[classes]  # (N, C)
    return torch.einsum("nc,nchw->nhw", weights, maps).detach()


def grad_cam(
    network: nn.Module, layer: nn.Module, images: torch.Tensor, classes: torch.Tensor
) -> torch.Tensor:
    """Return Grad-CAM maps, (N, H, W), not negative, at the size of the layer's maps.

    Each channel of `layer`'s output is weighted by the mean of the logit's gradient over places; the
    sum passes ReLU. For a network that ends in global pooling and a dense layer it is ReLU(CAM) / HW.
    """
    with evaluating(network), _watching(layer) as seen:
        logits = network(images)
        _check_classes(classes, logits)
        chosen = logits.gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, seen[-1])
    weights = gradient.mean((2, 3), keepdim=True)
    return F.relu((weights * seen[-1]).sum(1)).detach()


def saliency(network: nn.Module, images: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Return the largest absolute gradient of the class's logit over channels, (N, H, W)."""
    images = images.detach().clone().requires_grad_()
    with evaluating(network):
        logits = network(images)
        _check_classes(classes, logits)
        chosen = logits.gather(1, classes[:, None]).sum()
        (gradient,) = torch.autograd.grad(chosen, images)
    return gradient.abs().amax(1)


def occlusion(
    network: nn.Module,
    images: torch.Tensor,
    classes: torch.Tensor,
    *,
    size: int = 8,
    stride: int = 4,
    fill: float = 0.5,
) -> torch.Tensor:
    """Return how much the class's logit falls when a square is covered, (N, rows, columns).

    Entry (i, j) belongs to the size × size square whose upper left corner is at (i, j) times stride.
    """
    height, width = images.shape[2:]
    if not 1 <= size <= min(height, width):
        raise ValueError(f"size={size!r} is not allowed: it must be from 1 to {min(height, width)}")
    tops, lefts = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    falls = images.new_zeros(len(images), len(tops), len(lefts))
    with evaluating(network), torch.no_grad():
        whole = network(images)
        _check_classes(classes, whole)
        whole = whole.gather(1, classes[:, None])[:, 0]
        for i, top in enumerate(tops):
            for j, left in enumerate(lefts):
                covered = images.clone()
                covered[:, :, top : top + size, left : left + size] = fill
                falls[:, i, j] = whole - network(covered).gather(1, classes[:, None])[:, 0]
    return falls


def maximise_activation(
    network: nn.Module,
    layer: nn.Module,
    channel: int,
    *,
    shape: tuple[int, int, int],
    steps: int = 64,
    rate: float = 0.05,
) -> torch.Tensor:
    """Return a picture (C, H, W) in [0, 1] that makes one channel of a layer large.

    Gradient ascent on the channel's mean from grey with a little noise. Each step is shifted by up to
    two pixels, which keeps out patterns that depend on single pixels.
    """
    generator = torch.Generator().manual_seed(0)
    start = 0.5 + 0.01 * torch.randn(1, *shape, generator=generator)
    picture = start.to(next(network.parameters())).requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=rate)
    with evaluating(network), _watching(layer) as seen:
        for _ in range(steps):
            down, right = torch.randint(-2, 3, (2,), generator=generator).tolist()
            network(picture.clamp(0, 1).roll((down, right), (2, 3)))
            (picture.grad,) = torch.autograd.grad(-seen[-1][:, channel].mean(), picture)
            optimizer.step()
            seen.clear()
    return picture.detach().clamp(0, 1)[0]


@contextlib.contextmanager
def _watching(layer: nn.Module) -> Iterator[list[torch.Tensor]]:
    """Collect what the layer puts out."""
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda module, inputs, output: seen.append(output))
    try:
        yield seen
    finally:
        hook.remove()


def _check_classes(classes: torch.Tensor, logits: torch.Tensor) -> None:
    count = logits.shape[1]
    if classes.shape != logits.shape[:1] or not ((classes >= 0) & (classes < count)).all():
        raise ValueError(
            f"classes={classes.tolist()} is not allowed: give one class from 0 to {count - 1} for each "
            f"of {len(logits)} pictures"
        )
