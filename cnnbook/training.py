"""The training loop: shuffle, predict, compare, differentiate, step.

`train` is written to be read. It prints nothing, and what it returns is plain data: a list with one
dictionary for each epoch. Runs repeat exactly on the same machine, also when they were interrupted,
because all draws of an epoch come from the seed and the number of the epoch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from cnnbook.checkpoints import load_checkpoint, save_checkpoint
from cnnbook.tracing import evaluating

History = list[dict[str, float]]
Change = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


class DataSet(Protocol):
    """Pictures and their classes, such as `cnnbook.data.LabelledImages`."""

    @property
    def images(self) -> torch.Tensor:
        """Return the pictures, (N, C, H, W)."""

    @property
    def labels(self) -> torch.Tensor:
        """Return their classes, (N,)."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    rate: the largest learning rate; warm_up: epochs of linear rise before the cosine fall; smoothing:
    of the labels; averaging: decay of the moving average of the weights, 0 for none; patience: epochs
    without a better validation loss before training stops, 0 for none.
    """

    epochs: int = 10
    batch_size: int = 64
    rate: float = 0.05
    warm_up: float = 0.0
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.0
    averaging: float = 0.0
    patience: int = 0
    seed: int = 0


def train(
    model: nn.Module,
    training_set: DataSet,
    recipe: Recipe,
    *,
    validation_set: DataSet | None = None,
    change: Change | None = None,
    checkpoint: str | Path | None = None,
) -> History:
    """Train a classifier where it is, and return its history.

    The sets have `images` (N, C, H, W) and `labels` (N,). `change(images, labels)` augments a batch; it
    returns pictures, and labels as classes or as shares of classes. With a `checkpoint` path the run is
    saved after every epoch, and goes on from there when it is called again.

    An epoch's entry holds its number, the mean loss and the accuracy in training, and the same in
    validation if there is a set. With `averaging`, validation uses the averaged weights, which are
    also the model's at the end.
    """
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=recipe.rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
    )
    average = None
    if recipe.averaging:
        average = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging), use_buffers=True
        )
    history = [] if checkpoint is None else load_checkpoint(checkpoint, model, optimizer, average)
    # Silent where there is no terminal, so that notebooks keep nothing of it.
    for epoch in tqdm(range(len(history), recipe.epochs), disable=None, leave=False):
        if _out_of_patience(history, recipe.patience):
            break
        torch.manual_seed(1_000_003 * recipe.seed + epoch)
        entry: dict[str, float] = {"epoch": epoch + 1}
        entry |= _train_epoch(model, training_set, recipe, optimizer, average, change, epoch)
        if validation_set is not None:
            seen = evaluate(average.module if average else model, validation_set)
            entry |= {f"validation_{name}": value for name, value in seen.items()}
        history.append(entry)
        if checkpoint is not None:
            save_checkpoint(checkpoint, model, optimizer, average, history)
    if average is not None:
        model.load_state_dict(average.module.state_dict())
    return history


def _train_epoch(
    model: nn.Module,
    training_set: DataSet,
    recipe: Recipe,
    optimizer: torch.optim.Optimizer,
    average: AveragedModel | None,
    change: Change | None,
    epoch: int,
) -> dict[str, float]:
    device = next(model.parameters()).device
    images, labels = training_set.images.to(device), training_set.labels.to(device)
    batches = torch.randperm(len(labels)).to(device).split(recipe.batch_size)
    loss_sum, right = torch.zeros((), device=device), torch.zeros((), device=device)
    model.train()
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * schedule(epoch + step / len(batches), recipe)
        x, y = images[batch], labels[batch]
        if change is not None:
            x, y = change(x, y)
        optimizer.zero_grad()
        logits = _predict(model, x)
        loss = F.cross_entropy(logits, y, label_smoothing=recipe.smoothing)
        loss.backward()
        optimizer.step()
        if average is not None:
            average.update_parameters(model)
        loss_sum += loss.detach() * len(batch)
        right += (logits.argmax(1) == (y if y.dim() == 1 else y.argmax(1))).sum()
    return {"loss": loss_sum.item() / len(labels), "accuracy": right.item() / len(labels)}


def _predict(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return logits in float32; on a GPU by bfloat16 and channels-last, which are faster there."""
    if images.device.type != "cuda":
        return model(images)
    with torch.autocast("cuda", torch.bfloat16):
        return model(images.contiguous(memory_format=torch.channels_last)).float()


def schedule(progress: float, recipe: Recipe) -> float:
    """Return the share of the largest rate after so many epochs: a linear rise, then half a cosine."""
    if progress < recipe.warm_up:
        return progress / recipe.warm_up
    rest = (progress - recipe.warm_up) / max(recipe.epochs - recipe.warm_up, 1e-9)
    return 0.5 * (1 + math.cos(math.pi * min(rest, 1.0)))


def evaluate(model: nn.Module, data_set: DataSet, *, batch_size: int = 256) -> dict[str, float]:
    """Return the mean cross-entropy and the accuracy on a set, in evaluation mode."""
    device = next(model.parameters()).device
    loss = right = 0.0
    with evaluating(model), torch.no_grad():
        for start in range(0, len(data_set.labels), batch_size):
            part = slice(start, start + batch_size)
            logits = _predict(model, data_set.images[part].to(device))
            labels = data_set.labels[part].to(device)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(1) == labels).sum().item()
    return {"loss": loss / len(data_set.labels), "accuracy": right / len(data_set.labels)}


def _out_of_patience(history: History, patience: int) -> bool:
    losses = [entry["validation_loss"] for entry in history if "validation_loss" in entry]
    return patience > 0 and len(losses) > patience and min(losses[-patience:]) > min(losses)
