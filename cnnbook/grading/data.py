"""Values as data: what a student's process says is decoded without executing anything.

Only numbers, text, containers, arrays, tensors and pictures exist in it; `boundary` says what stands
for anything else, and for a tensor whose gradients would flow back ("graph").
"""

import itertools
import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch
from PIL import Image
from torch import nn

from cnnbook.forked.messages import WireError

DEPTH, LONGEST = 60, 100_000  # of nested containers; parts of an iterator
FIELDS, DIGITS = 100, 4000  # of a named tuple; of a Decimal
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
        torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
    )
}  # fmt: skip
ARRAY_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c(8|16)|[SU]\d{1,6})")
PLAIN = (bool, int, float, complex, str, bytes, list, tuple, set, dict)
CLASSES = {kind.__name__: kind for kind in PLAIN}
MODES = {"1": 1, "L": 8, "LA": 16, "RGB": 24, "RGBA": 32, "I": 32, "F": 32}  # bits of a pixel


class Unsendable(TypeError):
    """A value that cannot be had as data."""


def encoded(value, buffers: list, other: Callable, depth: int = 0):
    """Return a value as JSON; large parts go to `buffers`, and `other(value)` encodes what is no data.

    Subclasses of plain types are sent as what they are at heart: a float that claims to equal
    everything arrives as a float.
    """
    if depth > DEPTH:
        raise Unsendable(f"it is nested more than {DEPTH} deep, or holds itself")
    if type(value) in (type(None), bool, str):
        return value

    def inside(part):
        return encoded(part, buffers, other, depth + 1)

    if isinstance(value, bool | np.bool_ | np.number):
        return _array_form(np.asarray(value), buffers, "scalar")
    if isinstance(value, int):
        number = int.__index__(value)
        return number if abs(number) < 1 << 53 else {"t": "int", "v": hex(number)}
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, complex):
        pair = complex.__complex__(value)
        return {"t": "complex", "v": [pair.real, pair.imag]}
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return {"t": type(value).__name__, "b": _put(bytes(value), buffers)}
    if isinstance(value, torch.Tensor):
        return _tensor_form(value, buffers)
    if isinstance(value, np.ndarray):
        return _array_form(value, buffers, "array")
    if isinstance(value, list):
        return {"t": "list", "v": [inside(part) for part in list.__iter__(value)]}
    if isinstance(value, set | frozenset):
        kind = "set" if isinstance(value, set) else "frozenset"
        return {"t": kind, "v": [inside(part) for part in value]}
    if isinstance(value, tuple):
        return _tuple_form(value) | {"v": [inside(part) for part in tuple.__iter__(value)]}
    if isinstance(value, dict):
        return {"t": "dict", "v": [[inside(k), inside(v)] for k, v in dict.items(value)]}
    if isinstance(value, range | slice):
        bounds = [inside(n) for n in (value.start, value.stop, value.step)]
        return {"t": type(value).__name__, "v": bounds}
    if isinstance(value, torch.dtype):
        return {"t": "dtype", "v": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"t": "device", "v": str(value)}
    if isinstance(value, Fraction):
        return {"t": "fraction", "v": [inside(value.numerator), inside(value.denominator)]}
    if isinstance(value, Decimal) and _is_short(value):
        return {"t": "decimal", "v": Decimal.__str__(value)}
    if isinstance(value, Image.Image) and value.mode in MODES:
        pixels = _put(value.tobytes(), buffers)
        return {"t": "picture", "m": value.mode, "s": list(value.size), "b": pixels}
    if isinstance(value, Iterator):
        parts = [inside(part) for part in itertools.islice(value, LONGEST)]
        return {"t": "iterator", "v": parts} if len(parts) < LONGEST else other(value)
    if isinstance(value, type) and known_class(value.__name__) is value:
        return {"t": "class", "v": value.__name__}
    return other(value)


def known_class(name: str) -> type | None:
    """Return a class that both sides have, by its name: one of torch.nn, or of plain values."""
    kind = CLASSES.get(name) or getattr(nn, name, None)
    return kind if isinstance(kind, type) else None


def _is_short(number: Decimal) -> bool:
    return not number.is_finite() or abs(number.adjusted()) + len(number.as_tuple()[1]) < DIGITS


def _tuple_form(value: tuple) -> dict:
    if isinstance(value, torch.Size):
        return {"t": "size"}
    if type(value).__module__ == "torch.return_types":  # of torch.max, torch.topk and others
        return {"t": "returned", "n": type(value).__name__}
    names = getattr(value, "_fields", None)
    if isinstance(names, tuple):
        return {"t": "named", "n": type(value).__name__, "f": list(names)}
    return {"t": "tuple"}


def _put(raw: bytes, buffers: list) -> int:
    buffers.append(raw)
    return len(buffers) - 1


def _array_form(value: np.ndarray, buffers: list, kind: str) -> dict:
    dtype = value.dtype.str
    if not ARRAY_DTYPE.fullmatch(dtype):
        raise Unsendable(f"arrays of dtype {dtype} cannot be handed over")
    return {"t": kind, "d": dtype, "s": list(value.shape), "b": _put(value.tobytes(), buffers)}


def _tensor_form(tensor: torch.Tensor, buffers: list) -> dict:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in DTYPES or tensor.layout is not torch.strided or tensor.is_meta:
        raise Unsendable(f"tensors of {tensor.dtype}, {tensor.layout} cannot be handed over")
    values, order = torch.Tensor.detach(tensor), list(range(tensor.dim()))
    by_stride = sorted(order, key=tensor.stride, reverse=True)
    if not values.is_contiguous() and values.permute(by_stride).is_contiguous():
        order = by_stride  # as with channels last
    values = values.permute(order)
    if values.dtype is torch.bfloat16:  # which NumPy does not know
        values = values.contiguous().view(torch.int16)
    place = _put(values.numpy(force=True).tobytes(), buffers)
    kind = "parameter" if isinstance(tensor, nn.Parameter) else "tensor"
    form = {"t": kind, "d": dtype, "s": list(tensor.shape), "o": order, "b": place}
    if tensor.requires_grad and not tensor.is_leaf:
        return {"t": "graph", "v": form}
    return form | ({"grad": True} if tensor.requires_grad else {})


SEQUENCES: dict[str, Callable] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "size": torch.Size, "iterator": iter,
    "bytes": bytes, "bytearray": bytearray, "range": range, "slice": slice,
}  # fmt: skip


def decoded(form, buffers: list, other: Callable, depth: int = 0):
    """Return the value that `encoded` described; `other(form)` decodes what is no data.

    Raises WireError at anything that the format does not allow.
    """
    if depth > DEPTH + 1:
        raise WireError("a value nested too deep")
    if type(form) in (type(None), bool, str, int, float):
        return form
    if type(form) is not dict:
        raise WireError("a value without a type")
    try:
        return _decoded(form, buffers, other, depth)
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"a value that cannot be read: {error}") from None


def _decoded(form: dict, buffers: list, other: Callable, depth: int):
    def inside(part):
        return decoded(part, buffers, other, depth + 1)

    match form.get("t"):
        case "list" | "tuple" | "set" | "frozenset" | "size" | "iterator" as kind:
            return SEQUENCES[kind]([inside(part) for part in form["v"]])
        case "bytes" | "bytearray" as kind:
            return SEQUENCES[kind](buffers[form["b"]])
        case "range" | "slice" as kind:
            return SEQUENCES[kind](*map(inside, form["v"]))
        case "dict":
            return {inside(key): inside(part) for key, part in form["v"]}
        case "int":
            return int(form["v"], 16)
        case "complex":
            return complex(*form["v"])
        case "fraction":
            return Fraction(*(int(inside(n)) for n in form["v"]))
        case "decimal":
            number = Decimal(form["v"][:DIGITS])
            return number if _is_short(number) else _refuse(form["v"][:20])
        case "named":
            names = form["f"] if len(form["f"]) <= FIELDS else _refuse("a tuple of so many names")
            return namedtuple(form["n"], names)(*map(inside, form["v"]))
        case "returned":
            made = vars(torch.return_types).get(form["n"])
            if not (isinstance(made, type) and issubclass(made, tuple)):
                return _refuse(form["n"])
            return made(map(inside, form["v"]))
        case "class":
            return known_class(form["v"]) or _refuse(form["v"])
        case "dtype" | "device" as kind:
            return DTYPES[form["v"]] if kind == "dtype" else torch.device(form["v"])
        case "array" | "scalar" as kind:
            dtype = form["d"] if ARRAY_DTYPE.fullmatch(form["d"]) else _refuse(form["d"])
            array = np.frombuffer(buffers[form["b"]], dtype=dtype)
            array = array.reshape([int(n) for n in form["s"]])
            return array.copy() if kind == "array" else array[()]
        case "tensor" | "parameter":
            return _tensor(form, buffers)
        case "picture":
            return _picture(form, buffers)
    return other(form)


def _refuse(what):
    raise WireError(f"a value that is not allowed: {what!r}")


def _tensor(form: dict, buffers: list) -> torch.Tensor:
    dtype, shape, order = DTYPES[form["d"]], *([int(n) for n in form[k]] for k in "so")
    if min(shape, default=1) < 0 or sorted(order) != list(range(len(shape))):
        raise WireError(f"a tensor of shape {shape}, in order {order}")
    raw = bytearray(buffers[form["b"]])
    flat = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    there = flat.reshape([shape[n] for n in order])
    tensor = there.permute([order.index(n) for n in range(len(order))])
    if form["t"] == "parameter":
        return nn.Parameter(tensor, requires_grad="grad" in form)
    return tensor.requires_grad_("grad" in form)


def _picture(form: dict, buffers: list) -> Image.Image:
    width, height = (int(n) for n in form["s"])
    pixels = bytes(buffers[form["b"]])
    row = (width * MODES[form["m"]] + 7) // 8  # each row of a black and white one is whole bytes
    if min(width, height) < 0 or row * height != len(pixels):
        raise WireError(f"an image of {width} by {height} in {len(pixels)} bytes")
    return Image.frombytes(form["m"], (width, height), pixels)
