"""The book's interactive figures: pages of HTML with a script in them, and nothing to fetch.

Each is one call that ends a cell. It works in Jupyter, Colab, VS Code and the built book, without a
kernel. Where no script runs, its description is shown.
"""

import base64
import hashlib
import html
import json
import re
from importlib.resources import files

import torch

SHARED = ("convolution.js", "interface.js")


class Interactive:
    """A figure to try: HTML where it can be shown, else its description."""

    def __init__(self, name: str, alt: str, settings: dict):
        self.name, self.alt, self.settings = name, " ".join(alt.split()), settings

    def __repr__(self) -> str:
        return f"[Interactive figure: {self.alt}]"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self.html, "text/plain": repr(self)}

    @property
    def html(self) -> str:
        """The whole figure: style, a place that holds the description, and a module that fills it."""
        settings = json.dumps(self.settings)
        mark = f"{self.name}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"
        text, place = html.escape(self.alt), f'[data-figure="{mark}"]:not([data-ready])'
        return (
            f"<style>{_read('figure.css')}</style>"
            f'<div class="cnnbook-figure" role="group" aria-label="{text}" data-figure="{mark}">'
            f"<p>{text}</p></div>"
            f'<script type="module">{script(self.name)}\n'
            f"for (const root of document.querySelectorAll('{place}')) {{\n"
            f"  root.dataset.ready = true;\n  mount(root, {settings});\n}}</script>"
        )


def playground() -> Interactive:
    """Return the convolution playground: kernel, stride, padding, dilation and groups on a photograph."""
    alt = """A photograph, a kernel whose numbers can be changed, and the output of the convolution, with
    its size, parameters and MACs. A window walks over the photograph with the pointer or the arrow keys."""
    photo = _photo("astronaut", 48)
    return Interactive("playground", alt, {"photo": photo, "size": 48})


def arithmetic(*, transposed: bool = False) -> Interactive:
    """Return the arithmetic of a convolution, or of a transposed one, step by step on a grid."""
    alt = """Two grids of squares, the input with its padding and the output. A frame marks what one output
    sees; buttons move it on; sliders change the sizes, the stride, the padding and the dilation."""
    return Interactive("arithmetic", alt, {"transposed": transposed})


def equivariance() -> Interactive:
    """Return a picture to drag, and the map of a layer that follows it, or does not."""
    alt = """A picture that can be dragged, the map of a layer of the moved picture, the moved map, and
    their difference, with the error drawn over the shift. Padding, stride and pooling can be changed."""
    return Interactive("equivariance", alt, {"photo": _photo("china", 32, gray=True), "size": 32})


def backward() -> Interactive:
    """Return a small layer with its gradients, in which each number shows the products it is in."""
    alt = """Tables of an input, a kernel, an output and their gradients. Choosing a number frames the
    numbers it meets and writes down the sum of products behind it."""
    return Interactive("backward", alt, {})


def script(name: str) -> str:
    """Return one figure's code with what it imports, as a single module."""
    parts = [_read(part) for part in (*SHARED, f"{name}.js")]
    joined = re.sub(r"^import .*;\n", "", "\n".join(parts), flags=re.M)
    return re.sub(r"^export ", "", joined, flags=re.M)


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _photo(name: str, size: int, *, gray: bool = False) -> str:
    """Return a photograph's bytes, row by row, in base64."""
    from cnnbook.data import photo

    picture = (255 * photo(name, size=size, gray=gray)).round().to(torch.uint8)
    return base64.b64encode(picture.permute(1, 2, 0).contiguous().numpy().tobytes()).decode()
