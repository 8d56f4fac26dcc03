"""Values as data: what goes in comes out, and nothing else can be made to come out."""

import socket
import threading
import time
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnnbook.forked import messages
from cnnbook.grading import data

plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
    ),
    max_leaves=12,
)


def there_and_back(value):
    """Encode, send through a socket, and decode."""
    buffers, refuse = [], lambda other: (_ for _ in ()).throw(data.Unsendable(str(type(other))))
    form = data.encoded(value, buffers, refuse)
    left, right = socket.socketpair()
    with left, right:
        messages.send(left, {"v": form}, buffers)
        message, out = messages.receive(right, 1 << 24)
    return data.decoded(message["v"], out, refuse)


@given(plain_values)
def test_plain_values_come_back_equal_and_of_the_same_type(value):
    back = there_and_back(value)
    assert back == value
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        1 << 70, -(1 << 70), float("inf"), 3 - 2j, range(2, 9, 3), slice(1, None, 2), {1, 2}, frozenset("ab"),
        torch.Size([2, 3]), torch.float64, torch.device("cpu"), np.float64(2.5), np.int8(-3), np.bool_(True),
        bytearray(b"ab"), Fraction(1, 3), Decimal("-1.50"), torch.nn.Linear, int,
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_other_plain_values_keep_their_type(value):
    back = there_and_back(value)
    assert type(back) is type(value)
    assert back == value


def test_a_named_tuple_keeps_its_names():
    point = namedtuple("Point", "h w")(1, 2.5)
    back = there_and_back(point)
    assert (back.h, back.w) == back == point
    assert type(back).__name__ == "Point"


@pytest.mark.parametrize(
    "form",
    [
        {"t": "fraction", "v": [1, 0]},
        {"t": "decimal", "v": "1e999999999"},
        {"t": "decimal", "v": "open('x')"},
        {"t": "named", "n": "P", "f": ["__class__"], "v": [1]},
        {"t": "named", "n": "P", "f": ["a, b=print(1)"], "v": [1]},
        {"t": "named", "n": "P", "f": [f"a{n}" for n in range(101)], "v": [1] * 101},
        {"t": "returned", "n": "__loader__", "v": [1]},
        {"t": "returned", "n": "max", "v": [1]},
        {"t": "class", "v": "eval"},
        {"t": "class", "v": "functional"},
        {"t": "class", "v": "__builtins__"},
    ],
    ids=str,
)
def test_no_form_makes_more_than_a_value(form):
    with pytest.raises(messages.WireError):
        data.decoded(form, [], lambda other: None)


def test_a_decimal_of_endless_digits_is_not_sent():
    with pytest.raises(data.Unsendable):
        there_and_back(Decimal("1e999999999"))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
    ],
)
def test_the_order_of_dimensions_in_memory_comes_back(tensor):
    back = there_and_back(tensor)
    assert torch.equal(back, tensor)
    assert back.stride() == tensor.stride()
    form = data.encoded(tensor, buffers := [], None)
    for order in ([0, 0, 1, 2], [7], "x", [0, 1, 2, -1]):
        with pytest.raises(messages.WireError):
            data.decoded({**form, "o": order}, buffers, None)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "complex64", "U3", "f2"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_arrays_come_back(dtype, shape):
    array = np.ones(shape, dtype=dtype)
    back = there_and_back(array)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@pytest.mark.parametrize("name", data.DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 2), (3,), (2, 1, 4)])
def test_tensors_come_back(name, shape):
    tensor = (
        (torch.arange(24)[: torch.Size(shape).numel()] % 2).reshape(shape).to(data.DTYPES[name])
    )
    back = there_and_back(tensor.transpose(0, -1) if tensor.dim() else tensor)
    assert back.dtype == tensor.dtype
    assert torch.equal(back, tensor.transpose(0, -1) if tensor.dim() else tensor)


@pytest.mark.parametrize(
    "view",
    [
        torch.arange(2.0)[::2],  # one number, with a stride of two
        torch.arange(12.0).reshape(3, 4)[:, ::2],
        torch.arange(12.0).reshape(3, 4).T,
        torch.arange(6.0).expand(3, 6),
        torch.tensor(5.0),
        torch.zeros(0, 3)[:, ::2],
    ],
    ids=["single", "every second", "transposed", "expanded", "scalar", "empty"],
)
def test_views_of_tensors_come_back(view):
    back = there_and_back(view)
    assert back.shape == view.shape
    assert torch.equal(back, view)


def test_subclasses_are_what_they_are_at_heart():
    class Always(int):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = None

    class Loud(str):
        __str__ = lambda self: "loud"  # noqa: E731

    class Strange(list):
        __iter__ = lambda self: iter([9])  # noqa: E731

    assert type(there_and_back(Always(3))) is int
    assert there_and_back(Always(3)) != 4
    assert there_and_back(Loud("quiet")) == "quiet"
    assert there_and_back(Strange([1, 2])) == [1, 2]
    assert type(there_and_back(True)) is bool


@pytest.mark.parametrize("value", [object(), print, [print], np.array([None]), type])
def test_what_is_no_data_is_refused(value):
    with pytest.raises(data.Unsendable):
        there_and_back(value)


def test_a_value_that_holds_itself_is_refused():
    held = []
    held.append(held)
    with pytest.raises(data.Unsendable, match="holds itself"):
        there_and_back(held)


@pytest.mark.parametrize(
    "form",
    [
        [1], {"t": "nothing"}, {}, {"t": "list"}, {"t": "int", "v": 3}, {"t": "dtype", "v": "system"},
        {"t": "array", "d": "|O", "s": [1], "b": 0}, {"t": "array", "d": "<f4", "s": [9], "b": 0},
        {"t": "array", "d": "<f4", "s": [1], "b": 7}, {"t": "dict", "v": [[{"t": "list", "v": []}, 1]]},
        {"t": "device", "v": "no such"}, {"t": "range", "v": [1, 2, 0]},
    ],
    ids=str,
)  # fmt: skip
def test_forged_forms_are_refused(form):
    def refuse(other):
        raise messages.WireError("not plain")

    with pytest.raises(messages.WireError):
        data.decoded(form, [b"1234"], refuse)


@pytest.mark.parametrize(
    "form",
    [
        {"d": "float32", "s": [2], "b": 0}, {"d": "object", "s": [1], "b": 0}, {"d": "float32", "s": [-1], "b": 0},
        {"d": "float32", "s": [1 << 60], "b": 0}, {"d": "float32", "s": [1]}, {},
        {"d": "float32", "s": [3], "b": 1},
    ],
    ids=str,
)  # fmt: skip
def test_forged_tensors_are_refused(form):
    with pytest.raises(messages.WireError):
        data.decoded({"t": "tensor", "o": [0], **form}, [b"1234", b""], None)


@pytest.mark.parametrize(
    "form",
    [
        {"t": "picture", "m": "F", "s": [100_000, 100_000], "b": 0},
        {"t": "picture", "m": "L", "s": [3, 3], "b": 0},
        {"t": "picture", "m": "L", "s": [-2, -4], "b": 0},
        {"t": "picture", "m": "L", "s": [4, 2], "b": 0, "ok": True},
        {"t": "picture", "m": "1", "s": [3, 8], "b": 0, "ok": True},
    ],
)
def test_an_image_has_the_size_of_its_pixels(form):
    if form.pop("ok", False):
        assert data.decoded(form, [bytes(8)], None).size == tuple(form["s"])
    else:
        with pytest.raises(messages.WireError, match="an image of"):
            data.decoded(form, [bytes(8)], None)


def test_a_message_that_is_too_large_or_malformed_is_refused():
    for raw in (
        messages.HEADER.pack(1 << 40, 0),
        messages.HEADER.pack(2, 1 << 40),
        messages.HEADER.pack(2, 1) + (1 << 40).to_bytes(8, "big"),
        messages.HEADER.pack(3, 0) + b"[1]",
        messages.HEADER.pack(3, 0) + b"{x}",
    ):
        left, right = socket.socketpair()
        with left, right:
            left.sendall(raw)
            left.shutdown(socket.SHUT_WR)
            with pytest.raises(messages.WireError):
                messages.receive(right, 1 << 20)


def test_a_trickle_of_bytes_does_not_move_the_deadline():
    left, right = socket.socketpair()
    stop = threading.Event()

    def trickle():
        while not stop.wait(0.02):
            left.send(b"\0")

    with left, right:
        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(TimeoutError):
            messages.receive(right, 1 << 20, time.monotonic() + 0.15)
        stop.set()
        thread.join()


@pytest.mark.parametrize("sizes", [[], [0], [5, 0, 7], [messages.SMALL], [messages.SMALL + 1, 3]])
def test_small_and_large_messages_come_in_one_piece(sizes):
    left, right = socket.socketpair()
    with left, right:
        sent = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
        sending = threading.Thread(target=messages.send, args=(left, {"n": 1}, sent))
        sending.start()
        message, buffers = messages.receive(right, 1 << 20)
        sending.join()
        assert message == {"n": 1} and [bytes(b) for b in buffers] == sent
        right.setblocking(False)
        with pytest.raises(BlockingIOError):
            right.recv(1)  # nothing is left behind
