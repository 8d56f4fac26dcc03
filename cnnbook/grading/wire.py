"""Values as data: what a student's process says is decoded without executing anything.

Only plain numbers, text, containers, arrays and tensors exist in
it; everything else stays where it was made and travels as a number (see `student` and `proxies`).
"""

import re
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from cnnbook.forked.messages import WireError

DEPTH = 60  # of nested containers
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
        torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
    )
}  # fmt: skip
ARRAY_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c(8|16)|[SU]\d{1,6})")
PLAIN = (type(None), bool, str)
CLASSES = {
    kind.__name__: kind for kind in (bool, int, float, complex, str, bytes, list, tuple, set, dict)
}
FIELDS, DIGITS = 100, 4000  # of a named tuple; of a Decimal


class Unsendable(TypeError):
    """A value that has no form on the wire."""


# --- values


def plain(value, buffers: list, other, depth: int = 0):
    """Return a value as JSON; large parts go to `buffers`, and `other(value)` encodes the rest.

    Subclasses of plain types are sent as what they are at heart: a float that claims to equal
    everything arrives as a float.
    """
    if depth > DEPTH:
        raise Unsendable(f"it is nested more than {DEPTH} deep, or holds itself")
    if type(value) in PLAIN:
        return value
    if isinstance(value, bool | np.bool_ | np.number):
        return _numpy(np.asarray(value), buffers, "scalar")
    if isinstance(value, torch.Size):
        return {"t": "size", "v": [int(n) for n in tuple.__iter__(value)]}

    def inside(part):
        return plain(part, buffers, other, depth + 1)

    if isinstance(value, int):
        number = int.__index__(value)
        return number if abs(number) < 1 << 53 else {"t": "int", "v": hex(number)}
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, complex):
        return {"t": "complex", "v": [complex.__complex__(value).real, complex(value).imag]}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        buffers.append(bytes(value))
        return {"t": type(value).__name__, "b": len(buffers) - 1}
    if isinstance(value, list):
        return {"t": "list", "v": [inside(part) for part in list.__iter__(value)]}
    names = getattr(value, "_fields", None) if isinstance(value, tuple) else None
    if isinstance(names, tuple):
        fields = {"n": type(value).__name__, "f": list(names)}
        return {"t": "named", **fields, "v": [inside(part) for part in tuple.__iter__(value)]}
    if type(value).__module__ == "torch.return_types":
        parts = [inside(part) for part in tuple.__iter__(value)]
        return {"t": "returned", "n": type(value).__name__, "v": parts}
    if isinstance(value, tuple):
        return {"t": "tuple", "v": [inside(part) for part in tuple.__iter__(value)]}
    if isinstance(value, set | frozenset):
        kind = "set" if isinstance(value, set) else "frozenset"
        return {"t": kind, "v": [inside(part) for part in value]}
    if isinstance(value, dict):
        return {"t": "dict", "v": [[inside(k), inside(v)] for k, v in dict.items(value)]}
    if isinstance(value, range):
        return {"t": "range", "v": [inside(n) for n in (value.start, value.stop, value.step)]}
    if isinstance(value, slice):
        return {"t": "slice", "v": [inside(n) for n in (value.start, value.stop, value.step)]}
    if isinstance(value, torch.dtype):
        return {"t": "dtype", "v": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"t": "device", "v": str(value)}
    if isinstance(value, np.ndarray):
        return _numpy(value, buffers, "array")
    if isinstance(value, Fraction):
        return {"t": "fraction", "v": [inside(value.numerator), inside(value.denominator)]}
    if isinstance(value, Decimal) and _is_short(value):
        return {"t": "decimal", "v": Decimal.__str__(value)}
    if isinstance(value, type) and known_class(value.__name__) is value:
        return {"t": "class", "v": value.__name__}
    return other(value)


def known_class(name: str) -> type | None:
    """Return a class that both sides have, by its name: one of torch.nn, or of plain values."""
    kind = CLASSES.get(name) or getattr(nn, name, None)
    return kind if isinstance(kind, type) else None


def _is_short(number: Decimal) -> bool:
    return not number.is_finite() or abs(number.adjusted()) + len(number.as_tuple()[1]) < DIGITS


def _numpy(value: np.ndarray, buffers: list, kind: str) -> dict:
    value = np.asarray(value)
    dtype = value.dtype.str
    if not ARRAY_DTYPE.fullmatch(dtype):
        raise Unsendable(f"arrays of dtype {dtype} cannot be handed over")
    buffers.append(value.tobytes())
    return {"t": kind, "d": dtype, "s": list(value.shape), "b": len(buffers) - 1}


SEQUENCES = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "size": torch.Size}


def value_of(form, buffers: list, other, depth: int = 0):
    """Return the value that `plain` encoded; `other(form)` decodes what is not plain.

    Raises WireError at anything that the format does not allow.
    """
    if depth > DEPTH + 1:
        raise WireError("a value nested too deep")
    if type(form) in (type(None), bool, str, int, float):
        return form
    if type(form) is not dict:
        raise WireError("a value without a type")
    kind = form.get("t")

    def inside(part):
        return value_of(part, buffers, other, depth + 1)

    try:
        if kind in SEQUENCES:
            return SEQUENCES[kind]([inside(part) for part in form["v"]])
        if kind == "dict":
            return {inside(key): inside(part) for key, part in form["v"]}
        if kind == "int":
            return int(form["v"], 16)
        if kind == "complex":
            return complex(*form["v"])
        if kind == "fraction":
            return Fraction(*(int(inside(n)) for n in form["v"]))
        if kind == "decimal":
            return _decimal(form["v"])
        if kind == "named":
            if len(form["f"]) > FIELDS:
                raise WireError("a tuple with too many names")
            return namedtuple(form["n"], form["f"])(*map(inside, form["v"]))
        if kind == "returned":  # by torch.max, torch.topk and others
            made = vars(torch.return_types).get(form["n"])
            if isinstance(made, type) and issubclass(made, tuple):
                return made(map(inside, form["v"]))
            return _unknown(form["n"])
        if kind == "class":
            return known_class(form["v"]) or _unknown(form["v"])
        if kind in ("bytes", "bytearray"):
            return (bytes if kind == "bytes" else bytearray)(buffers[form["b"]])
        if kind in ("range", "slice"):
            return (range if kind == "range" else slice)(*(inside(n) for n in form["v"]))
        if kind == "dtype":
            return DTYPES[form["v"]]
        if kind == "device":
            return torch.device(form["v"])
        if kind in ("array", "scalar"):
            if not ARRAY_DTYPE.fullmatch(form["d"]):
                raise WireError(f"an array of dtype {form['d']!r}")
            flat = np.frombuffer(buffers[form["b"]], dtype=form["d"])
            array = flat.reshape([int(n) for n in form["s"]])
            return array.copy() if kind == "array" else array[()]
        return other(form)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"a value that cannot be read: {error}") from None


def _decimal(text: str) -> Decimal:
    number = Decimal(text[:DIGITS])
    return number if _is_short(number) else _unknown(text[:20])


def _unknown(what):
    raise WireError(f"a value that is not allowed: {what!r}")


# --- tensors


def tensor_form(tensor: torch.Tensor, buffers: list) -> dict:
    """Return a tensor's values and kind. Raises Unsendable where it is not dense and on a device."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in DTYPES or tensor.layout is not torch.strided or tensor.is_meta:
        raise Unsendable(f"tensors of {tensor.dtype}, {tensor.layout} cannot be handed over")
    order = {} if tensor.is_contiguous() else _order_of(tensor)
    buffers.append(bytes_of(tensor, order.get("o")))
    return {
        **order,
        "d": dtype,
        "s": list(tensor.shape),
        "b": len(buffers) - 1,
        "grad": bool(tensor.requires_grad),
        "parameter": isinstance(tensor, torch.nn.Parameter),
    }


def _order_of(tensor: torch.Tensor) -> dict:
    """Return in which order a dense tensor's dimensions lie in memory, as with channels last."""
    order = sorted(range(tensor.dim()), key=tensor.stride, reverse=True)
    return {"o": order} if tensor.permute(order).is_contiguous() else {}


def bytes_of(tensor: torch.Tensor, order: list[int] | None = None) -> bytes:
    """Return a dense tensor's values, its dimensions in that order."""
    values = torch.Tensor.detach(tensor)
    if order is not None:
        values = values.permute(order)
    if values.dtype is torch.bfloat16:  # which NumPy does not know
        values = values.view(torch.int16)
    return values.numpy(force=True).tobytes()


def tensor_of(form: dict, buffers: list) -> torch.Tensor:
    """Return the tensor, without gradients. Raises WireError where the form is not one."""
    try:
        dtype, shape = DTYPES[form["d"]], [int(n) for n in form["s"]]
        raw = buffers[form["b"]]
        if min(shape, default=1) < 0:
            raise WireError("a negative size")
        if not raw:
            return torch.empty(shape, dtype=dtype) if 0 in shape else _mismatch(shape)
        flat = torch.frombuffer(bytearray(raw), dtype=dtype)
        if "o" not in form:
            return flat.reshape(shape)
        order = [int(n) for n in form["o"]]
        there = flat.reshape([shape[n] for n in order])
        return there.permute([order.index(n) for n in range(len(order))])
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"a tensor that cannot be read: {error}") from None


def _mismatch(shape):
    raise WireError(f"a tensor of shape {shape} without values")
