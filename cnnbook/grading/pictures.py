"""Pillow's images as data, on their way back from the student."""

from PIL import Image

from cnnbook.grading.wire import WireError

MODES = {"1": 1, "L": 8, "LA": 16, "RGB": 24, "RGBA": 32, "I": 32, "F": 32}  # bits a pixel


def picture_form(image: Image.Image, buffers: list) -> dict | None:
    """Return an image as data, or None where its mode needs more than its pixels."""
    if image.mode not in MODES:
        return None
    buffers.append(image.tobytes())
    return {"t": "picture", "mode": image.mode, "s": list(image.size), "b": len(buffers) - 1}


def picture_of(form: dict, buffers: list) -> Image.Image:
    """Return the image of a form. Raises WireError where its size and its pixels do not agree."""
    width, height = (int(n) for n in form["s"])
    pixels = bytes(buffers[form["b"]])
    row = (width * MODES[form["mode"]] + 7) // 8  # each row of a black and white one is whole bytes
    if min(width, height) < 0 or row * height != len(pixels):
        raise WireError(f"an image of {width} by {height} in {len(pixels)} bytes")
    return Image.frombytes(form["mode"], (width, height), pixels)
