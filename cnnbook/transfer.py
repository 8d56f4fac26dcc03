"""Fine-tuning: replace the head, freeze and unfreeze, and give early layers smaller steps.

A network's *head* is its last dense layer; everything before it is the *backbone*.
"""

from collections.abc import Iterable

import torch
from torch import nn

from cnnbook.tracing import evaluating

__all__ = [
    "backbone_features",
    "find_head",
    "freeze",
    "layerwise_groups",
    "linear_probe",
    "replace_head",
    "unfreeze",
]


def find_head(network: nn.Module) -> tuple[str, nn.Linear]:
    """Return the name of the last dense layer and the layer itself.

    Raises ValueError where there is none.
    """
    dense = [(name, part) for name, part in network.named_modules() if isinstance(part, nn.Linear)]
    if not dense:
        raise ValueError(f"{type(network).__name__} has no dense layer that could be its head")
    return dense[-1]


def replace_head(network: nn.Module, num_classes: int, *, zero: bool = False) -> nn.Linear:
    """Put a new last dense layer for so many classes into the network, and return it.

    With `zero` its weights and biases are zero: then the first step sends no gradient into the
    backbone.
    """
    name, old = find_head(network)
    head = nn.Linear(old.in_features, num_classes).to(old.weight)
    if zero:
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, head)
    return head


def freeze(network: nn.Module, *, but: Iterable[nn.Module] = ()) -> None:
    """Let no parameter be trained, except those of the modules in `but`."""
    network.requires_grad_(False)
    for part in but:
        part.requires_grad_(True)


def unfreeze(network: nn.Module) -> None:
    """Let every parameter be trained."""
    network.requires_grad_(True)


def layerwise_groups(network: nn.Module, *, rate: float, decay: float) -> list[dict]:
    """Return parameter groups for an optimizer, whose rates fall by `decay` from the head down.

    A layer is a module with parameters of its own; the last to be registered gets `rate`, the one
    before it `rate * decay`, and so on. Every trainable parameter is in one group.
    """
    if not 0 < decay <= 1:
        raise ValueError(f"decay={decay!r} is not allowed: it must be above 0 and at most 1")
    layers = []
    for part in network.modules():
        own = [p for p in part.parameters(recurse=False) if p.requires_grad]
        if own:
            layers.append(own)
    return [
        {"params": parameters, "lr": rate * decay**depth}
        for depth, parameters in enumerate(reversed(layers))
    ]


def linear_probe(
    features: torch.Tensor,
    labels: torch.Tensor,
    *,
    num_classes: int,
    penalty: float = 1e-3,
    steps: int = 100,
) -> nn.Linear:
    """Return the dense layer that classifies fixed features (N, C) best, by L-BFGS from zero.

    The loss is the mean cross-entropy plus `penalty` times the sum of squared weights; it is convex, so
    that the answer does not depend on a seed.
    """
    head = nn.Linear(features.shape[1], num_classes).to(features)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.LBFGS(
        head.parameters(), max_iter=steps, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        error = nn.functional.cross_entropy(head(features), labels)
        total = error + penalty * head.weight.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return head


def backbone_features(
    network: nn.Module, images: torch.Tensor, *, batch_size: int = 256
) -> torch.Tensor:
    """Return what the network's head reads for each picture, (N, C), in evaluation mode."""
    _, head = find_head(network)
    seen: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    device = head.weight.device
    try:
        with evaluating(network), torch.no_grad():
            for batch in images.split(batch_size):
                network(batch.to(device))
    finally:
        hook.remove()
    return torch.cat(seen)
