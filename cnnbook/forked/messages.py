"""Messages between two processes: JSON and raw buffers, with limits on time and size."""

import itertools
import json
import socket
import struct
import time

HEADER = struct.Struct(">QQ")
SMALL = 1 << 16  # bytes that are put together before they are sent: each piece wakes the other side


class WireError(Exception):
    """A message that is not what the format allows."""


def send(channel: socket.socket, message: dict, buffers: list[bytes]) -> None:
    """Send one message."""
    text = json.dumps(message).encode()
    sizes = struct.pack(f">{len(buffers)}Q", *map(len, buffers))
    head = HEADER.pack(len(text), len(buffers)) + sizes + text
    if sum(map(len, buffers)) <= SMALL:
        head, buffers = b"".join([head, *buffers]), []
    channel.sendall(head)
    for buffer in buffers:
        channel.sendall(buffer)


def receive(channel: socket.socket, limit: int, deadline: float | None = None):
    """Return a message and its buffers.

    Raises EOFError where the other side is gone, TimeoutError at the deadline (of
    time.monotonic) and WireError where the message is larger than `limit` or malformed.
    """
    length, count = HEADER.unpack(_exactly(channel, HEADER.size, deadline))
    if length > limit or count > 100_000:
        raise WireError(f"a message of {length} bytes, and {limit} are allowed")
    sizes = struct.unpack(f">{count}Q", _exactly(channel, 8 * count, deadline)) if count else ()
    if length + sum(sizes) > limit:
        raise WireError(f"a message of {length + sum(sizes)} bytes, and {limit} are allowed")
    if length + sum(sizes) <= SMALL:
        whole = _exactly(channel, length + sum(sizes), deadline)
        cuts = [0, *itertools.accumulate(sizes, initial=length)]
        text, *buffers = (whole[begin:end] for begin, end in itertools.pairwise(cuts))
    else:
        text = _exactly(channel, length, deadline)
        buffers = [_exactly(channel, size, deadline) for size in sizes]
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message that cannot be read: {error}") from None
    if not isinstance(message, dict):
        raise WireError("a message that is not an object")
    return message, buffers


def _exactly(channel: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            channel.settimeout(left)
        else:
            channel.settimeout(None)
        count = channel.recv_into(view[got:], size - got)
        if count == 0:
            raise EOFError
        got += count
    return data
