"""The way to the student: arguments of calls, as data, or as pickle where they are no data."""

import ctypes
import io
import random
import struct
import sys

import cloudpickle
import numpy as np
import torch
from torch import nn

from cnnbook.grading import wire


class StudentOwned:
    """Base of the proxies: `_target` is the number under which the student's process keeps the thing."""

    _target: int | None = None


def is_owned(value) -> bool:
    """Return whether a value is a proxy, or the proxy of a class."""
    is_class = isinstance(value, type) and issubclass(value, StudentOwned)
    return is_class or isinstance(value, StudentOwned)


# Where the generators keep 624 numbers and a place: `getstate` takes thirty times as long as a look.
STATE_SIZE = 625 * 4
NUMPY_STATE = np.random.mtrand._rand._bit_generator.ctypes.state_address
PYTHON_STATE = id(random._inst) + object.__basicsize__  # in CPython; `python_mark` makes sure


def python_mark():
    """Return something to compare for the state of Python's generator."""
    if not STATE_IS_THERE:
        return random.getstate()
    return ctypes.string_at(PYTHON_STATE, STATE_SIZE), random._inst.gauss_next


def _python_state_is_there() -> bool:
    """Return whether memory holds what `getstate` tells."""
    if sys.implementation.name != "cpython" or type(random._inst).__basicsize__ < STATE_SIZE:
        return False
    place, *numbers = struct.unpack("i624I", ctypes.string_at(PYTHON_STATE, STATE_SIZE))
    return random.getstate()[1] == (*numbers, place)


STATE_IS_THERE = _python_state_is_there()


def generator_marks() -> dict[str, object]:
    """Return something to compare for the states of Python's, NumPy's and torch's generators."""
    return {
        "python": python_mark(),
        "numpy": ctypes.string_at(NUMPY_STATE, STATE_SIZE),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def skip_absent_gpus() -> None:
    """Let torch.manual_seed pass over GPUs, which are hidden while grading.

    For each kind of GPU it would keep a trace of the call for later, a millisecond each.
    """
    for name in ("cuda", "xpu", "mtia"):
        if hasattr(torch, name):
            getattr(torch, name).manual_seed_all = lambda seed: None


def generator_states(names: list[str]) -> dict[str, object]:
    """Return the states of these generators."""
    states = {
        "python": random.getstate,
        "numpy": np.random.get_state,
        "torch": lambda: torch.get_rng_state().numpy(),
    }
    return {name: states[name]() for name in names}


def seed_generators(number: int) -> None:
    """Seed the generators of Python, NumPy and torch, without what torch notes for GPUs that are not there."""
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.default_generator.manual_seed(number)


class Encoder:
    """Encodes the arguments of one call."""

    def __init__(self):
        self.out: list = []
        self.forms: list[dict] = []
        self.tensors: list[torch.Tensor] = []
        self.modules: list[nn.Module] = []
        self.places: dict[int, int] = {}

    def encode(self, value):
        """Return a value as JSON."""
        return wire.plain(value, self.out, self.other)

    def other(self, value):
        """Encode tensors and proxies; pickle everything else."""
        if isinstance(value, torch.Tensor):
            return {"t": "tensor", "i": self.tensor_index(value)}
        if is_owned(value):
            return {"t": "object", "i": value._target}
        stream = io.BytesIO()
        Pickler(stream, self).dump(value)
        self.out.append(stream.getvalue())
        if isinstance(value, nn.Module):
            self.modules.append(value)
        return {"t": "pickle", "b": len(self.out) - 1}

    def tensor_index(self, tensor: torch.Tensor) -> int:
        """Return the tensor's place in this message."""
        if id(tensor) not in self.places:
            self.places[id(tensor)] = len(self.tensors)
            self.forms.append(wire.tensor_form(tensor, self.out))
            self.tensors.append(tensor)
        return self.places[id(tensor)]


class Pickler(cloudpickle.Pickler):
    """Leaves tensors to the message, and proxies to the student's own objects."""

    def __init__(self, stream, encoder: Encoder):
        super().__init__(stream)
        self.encoder = encoder

    def persistent_id(self, value):
        if isinstance(value, torch.Tensor):
            return "tensor", self.encoder.tensor_index(value)
        if is_owned(value):
            return "object", value._target
        return None
