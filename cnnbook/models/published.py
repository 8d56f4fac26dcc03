"""Weights that others have published, in the book's networks.

The key map: the networks of `cnnbook.models` register their layers in torchvision's order, so the
n-th entry of a published state dict belongs to the n-th entry of the network's own, whatever the
two are called. Names differ because ours are chosen to be read.
"""

from collections.abc import Mapping

import torch
from torch import nn

__all__ = ["key_map", "load_published"]


def key_map(module: nn.Module, published: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """Return, for each name of the module's state dict, the published name that belongs to it.

    Raises ValueError where the two do not have the same number of entries, or a shape differs.
    """
    own = module.state_dict()
    if len(own) != len(published):
        raise ValueError(
            f"{type(module).__name__} has {len(own)} entries and the published state dict "
            f"{len(published)}: they are not of the same network"
        )
    pairs = dict(zip(own, published, strict=True))
    for ours, theirs in pairs.items():
        if own[ours].numel() != published[theirs].numel():
            raise ValueError(
                f"{ours} has shape {tuple(own[ours].shape)}, and {theirs} has "
                f"{tuple(published[theirs].shape)}: they are not of the same network"
            )
    return pairs


def load_published(module: nn.Module, published: Mapping[str, torch.Tensor]) -> None:
    """Load a state dict that torchvision publishes; nothing is changed where it does not fit."""
    own = module.state_dict()
    pairs = key_map(module, published)
    state = {ours: published[theirs].reshape(own[ours].shape) for ours, theirs in pairs.items()}
    module.load_state_dict(state, assign=any(value.is_meta for value in own.values()))
