"""Things of a test's that a call may change, and that travel as pickle: each keeps its identity.

Optimizers, generators, objects of a test's own classes, and the lists, dictionaries and sets that a
test's functions hold. Their states are plain data, and that is what comes back when they changed.
"""

import inspect
import random
import types

import numpy as np
import torch

from cnnbook.grading import wire

CONTAINERS = (list, dict, set, np.ndarray)
DATA = (bool, int, float, complex, str, bytes, np.ndarray, np.generic, torch.Tensor)
LENT_SIZE = 1000  # numbers in a list or an object
GENERATORS = (torch.Generator, np.random.Generator, random.Random)


def is_kept(value) -> bool:
    """Return whether it is one of those that are kept wherever they are met."""
    return type(value) in GENERATORS or isinstance(value, torch.optim.Optimizer)


def is_object(value) -> bool:
    """Return whether this is an object with attributes of its own, and no code."""
    code = isinstance(value, type | types.ModuleType | torch.nn.Module) or inspect.isroutine(value)
    return not code and isinstance(getattr(value, "__dict__", None), dict)


def held_by(function) -> list:
    """Return the containers that a function holds: in its closure, its globals, or as a method of one."""
    own = getattr(function, "__self__", None)
    found = [own]
    function = inspect.unwrap(getattr(function, "__func__", function))
    if isinstance(function, types.FunctionType):
        held = inspect.getclosurevars(function)
        found += [*held.nonlocals.values(), *held.globals.values()]
    return [value for value in found if isinstance(value, list | dict | set)]


def can_be_lent(value) -> bool:
    """Return whether an object that keeps it shares it: its state is compared at each of its calls."""
    if is_kept(value) or isinstance(value, torch.nn.Module | torch.Tensor):
        return True
    return not isinstance(value, np.ndarray) and _size(state_of(value)) <= LENT_SIZE


def _size(value) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(_size, value))
    if isinstance(value, torch.Tensor | np.ndarray):
        return value.numel() if isinstance(value, torch.Tensor) else value.size
    return 1


def state_of(value):
    """Return what a call may have changed in it."""
    if isinstance(value, torch.optim.Optimizer):
        return value.state_dict()
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, CONTAINERS):
        return value
    return {name: part for name, part in vars(value).items() if is_data(part)}


def is_data(value, depth: int = 0) -> bool:
    """Return whether there is nothing in it but numbers, text, arrays and tensors."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return depth < wire.DEPTH and all(is_data(part, depth + 1) for part in value)
    return value is None or isinstance(value, DATA)


def set_state(value, state, *, may_shrink: bool = False) -> None:
    """Give it that state. Raises ValueError or TypeError where it is none of its kind.

    What a function of the test's holds may only have grown: it may be what the test compares with.
    """
    if isinstance(value, torch.optim.Optimizer):
        value.load_state_dict(state)
    elif isinstance(value, torch.Generator):
        value.set_state(state)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = state
    elif isinstance(value, random.Random):
        value.setstate(state)
    elif isinstance(value, list | dict | set):
        if not may_shrink and not _has_grown(value, state):
            raise ValueError("what a function of the test's holds lost something")
        replace(value, state)
    else:
        for name, part in state.items():
            if name[:2] == "__" or not is_data(part):
                raise ValueError(f"an attribute {name!r} that is not allowed")
            held = vars(value).get(name)
            if type(held) is type(part) and isinstance(held, CONTAINERS):
                replace(held, part)
            elif held is None or not _alike(held, part):
                setattr(value, name, part)


def _has_grown(old, new) -> bool:
    """Return whether a container of the same kind still has all that it had."""
    if isinstance(old, list) and isinstance(new, list):
        return len(new) >= len(old) and all(map(_alike, old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and _alike(part, new[key]) for key, part in old.items())
    return isinstance(old, set) and isinstance(new, set) and old <= new


def look(value) -> tuple | None:
    """Return data of the test's as a picture, to compare it later."""
    from cnnbook.grading.arguments import Encoder

    return picture(Encoder(), value)


def _alike(one, other) -> bool:
    first = look(one)
    return one is other or (first is not None and first == look(other))


def replace(container, new) -> None:
    """Give a container the contents of another one of its kind."""
    if isinstance(container, np.ndarray) and isinstance(new, np.ndarray):
        if container.shape == new.shape:
            container[...] = new
    elif isinstance(container, list) and isinstance(new, list):
        container[:] = new
    elif isinstance(container, dict | set) and type(new) in (dict, set):
        container.clear()
        container.update(new)


def picture(encoder, value) -> tuple | None:
    """Return a value as data, to compare it later, or None where it is no data."""
    try:
        return encoder.encode(value), [*encoder.forms], encoder.out
    except (wire.Unsendable, RecursionError):
        return None
