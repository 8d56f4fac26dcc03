"""A training run on disk: one safetensors file, whole at any moment, loaded without pickle."""

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn
from torch.optim import Optimizer

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer,
    average: nn.Module | None,
    history: list[dict[str, float]],
) -> None:
    """Write the run to `path`, in place of what is there; a crash leaves the old file or the new.

    `average` is an averaged model or None.
    """
    path = Path(path)
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                tensors[f"optimizer.{index}.{name}"] = value
    tensors = {name: value.contiguous().clone() for name, value in tensors.items()}
    unfinished = path.with_name(path.name + ".part")
    save_file(tensors, unfinished, metadata={"history": json.dumps(history)})
    os.replace(unfinished, path)


def load_checkpoint(
    path: str | Path, model: nn.Module, optimizer: Optimizer, average: nn.Module | None
) -> list[dict[str, float]]:
    """Put a saved run into model, optimizer and average, and return its history; [] if there is none.

    Raises ValueError where the file is damaged or of another model; nothing is changed then.
    """
    path = Path(path)
    if not path.exists():
        return []
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            history = json.loads(file.metadata()["history"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint ({error}): delete it to start anew") from error
    parts: dict[str, dict] = {"model": {}, "average": {}, "optimizer": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    targets = {"model": model} | ({"average": average} if average is not None else {})
    for part, target in targets.items():
        own = {name: value.shape for name, value in target.state_dict().items()}
        if own != {name: value.shape for name, value in parts[part].items()}:
            raise ValueError(
                f"{path} is of another model or recipe: give this run a path of its own"
            )
    for part, target in targets.items():
        target.load_state_dict(parts[part])
    state: dict[int, dict] = {}
    for name, value in parts["optimizer"].items():
        index, _, entry = name.partition(".")
        state.setdefault(int(index), {})[entry] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return history
