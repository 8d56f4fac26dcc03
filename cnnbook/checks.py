"""What the test cells of the exercises call: checks whose failures say where to look.

A failed check raises an AssertionError with the call, what was expected, what came and what
to look at. What the function under test prints or warns about costs nothing.
"""

import contextlib
import copy
import io
import warnings
from collections.abc import Callable

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["expect", "no_convolutions"]


def expect(
    function: Callable, *args, gives, look_at: str, within: float | None = None, **kwargs
) -> None:
    """Check that `function(*args, **kwargs)` returns `gives`.

    Numbers, text, lists, tuples and dictionaries must be equal and of the same type. Tensors must have
    the same shape; whole numbers in them must be equal, others may be off by 1e-5, or 1e-9 in float64,
    of the largest one that is expected, and of 1 where all are smaller. (How far rounding can take a sum
    depends on the size of what is added, and that shows in the largest sum, not in each.) With `within`,
    a float may be off by that share of the one expected.
    """
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = run_probe(function, args, kwargs)
    problem = _difference(gives, got) if within is None else _distance(gives, got, within)
    if problem is not None:
        raise AssertionError(
            f"{_call(function, args, kwargs)}\n  expected {_show(gives)}\n"
            f"  got      {_show(got)}{problem}\n  look at  {look_at}"
        )


def _run_here(function: Callable, args: tuple, kwargs: dict):
    """Return `function(*args, **kwargs)`; what it does to its arguments changes no later check."""
    return function(*copy.deepcopy(args), **copy.deepcopy(kwargs))


run_probe: Callable = _run_here  # a grader puts its own here, which runs beside the student's code

_active: list[str] = []  # names of the restrictions in force


@contextlib.contextmanager
def no_convolutions():
    """Within this block PyTorch's own convolutions raise an AssertionError: write the sum."""
    _active.append("no_convolutions")
    try:
        with _NoConvolutions():
            yield
    finally:
        _active.pop()


def active_restrictions() -> list[str]:
    """Return the names of the restrictions in force, for whoever runs the function elsewhere."""
    return list(_active)


class _NoConvolutions(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name.lstrip("_").startswith(("conv", "thnn_conv")):
            raise AssertionError(f"this question asks for your own sum: torch's {name} was called")
        return func(*args, **(kwargs or {}))


def _difference(expected, got) -> str | None:
    """Return None where `got` is right, else a remark to put behind it, which may be empty."""
    if isinstance(expected, torch.Tensor):
        return _tensor_difference(expected, got)
    if type(expected) is not type(got):
        return f", which is of type {type(got).__name__}, not {type(expected).__name__}"
    if isinstance(expected, list | tuple):
        if len(expected) != len(got):
            return f", which has {len(got)} entries, not {len(expected)}"
        for index, pair in enumerate(zip(expected, got, strict=True)):
            if (problem := _difference(*pair)) is not None:
                return problem or f"\n  first difference in entry {index}"
        return None
    if isinstance(expected, dict):
        if expected.keys() != got.keys():
            return f"\n  missing keys {sorted(map(str, expected.keys() - got.keys()))}"
        for key in expected:
            if (problem := _difference(expected[key], got[key])) is not None:
                return problem or f"\n  first difference at {key!r}"
        return None
    return None if expected == got else ""


def _distance(expected: float, got, share: float) -> str | None:
    if type(got) is float and abs(got - expected) <= share * abs(expected):
        return None
    return _difference(expected, got) or f", more than {share:.0%} off"


def _tensor_difference(expected: torch.Tensor, got) -> str | None:
    if not _is_tensor(got):
        return f", which is of type {type(got).__name__}, not a tensor"
    if expected.shape != got.shape:
        return f"\n  shapes   expected {tuple(expected.shape)}, got {tuple(got.shape)}"
    wide = torch.complex128 if expected.is_complex() or got.is_complex() else torch.float64
    exact, tolerance = not (expected.is_floating_point() or expected.is_complex()), 1e-5
    if expected.dtype in (torch.float64, torch.complex128):
        tolerance = 1e-9
    expected, got = expected.detach().to(wide), got.detach().to(wide)
    if torch.allclose(got, expected, rtol=0, atol=0 if exact else tolerance):
        return None
    finite = expected[expected.isfinite()].abs()
    largest = finite.max().item() if finite.numel() else 0
    if not exact and torch.allclose(got, expected, rtol=0, atol=tolerance * max(1, largest)):
        return None
    error = (got - expected).abs()
    worst = tuple(int(i) for i in torch.unravel_index(error.argmax(), error.shape))
    return f"\n  furthest off at {worst}: expected {expected[worst]:.7g}, got {got[worst]:.7g}"


def _is_tensor(value) -> bool:
    """Return whether this is a tensor, without asking the value: it may be a student's object."""
    return issubclass(type(value), torch.Tensor)


def _call(function, args, kwargs) -> str:
    parts = [_show(a) for a in args] + [f"{name}={_show(v)}" for name, v in kwargs.items()]
    return f"{getattr(function, '__name__', 'function')}({', '.join(parts)})"


def _show(value) -> str:
    if _is_tensor(value):
        shape = f"tensor of shape {tuple(value.shape)}"
        return f"{shape}: {value.detach().tolist()}" if value.numel() <= 9 else shape
    text = " ".join(repr(value).split())
    return text if len(text) <= 300 else text[:300] + " …"
