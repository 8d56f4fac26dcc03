"""The book's interactive figures: pages of HTML with a script in them, and nothing to fetch.

Each is one call that ends a cell. It works in Jupyter, Colab, VS Code and the built book, without a
kernel. Where no script runs, its description is shown.
"""

import base64
import gzip
import hashlib
import html
import json
import re
from importlib.resources import files

import torch
from torch import nn

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


def field() -> Interactive:
    """Return the receptive-field explorer: build a stack, and see its field grow over a picture."""
    alt = """A photograph of 224 pixels with two frames: what one output of a stack of layers sees, and where
    95 percent of its influence lies. Layers can be added, and the stacks of known networks chosen."""
    settings = {"photo": _photo("chelsea", 56), "size": 56, "presets": stacks()}
    return Interactive("field", alt, settings)


def stacks() -> dict[str, list[list[int]]]:
    """Return known networks along their longest path, as [kernel, stride, dilation] for each layer."""
    conv, pool, down = [3, 1, 1], [2, 2, 1], [3, 2, 1]
    alexnet = [[11, 4, 1], down, [5, 1, 1], down, conv, conv, conv, down]
    vgg = {
        n: [la for block in blocks for la in [*[conv] * block, pool]] for n, blocks in _VGG.items()
    }
    resnet18 = [[7, 2, 1], down, *[conv] * 4, *[down, *[conv] * 3] * 3]
    one = [1, 1, 1]
    resnet50 = [[7, 2, 1], down, *[one, conv, one] * 3]
    for blocks in (4, 6, 3):
        resnet50 += [one, down, one, *[one, conv, one] * (blocks - 1)]
    dilated = [[3, 1, 2**n] for n in range(7)]
    return {
        "own stack": [conv, conv, pool, conv, conv],
        "VGG-16": vgg["VGG-16"],
        "VGG-19": vgg["VGG-19"],
        "AlexNet": alexnet,
        "ResNet-18": resnet18,
        "ResNet-50": resnet50,
        "dilations 1, 2, 4, …, 64": dilated,
    }


_VGG = {"VGG-16": (2, 2, 3, 3, 3), "VGG-19": (2, 2, 4, 4, 4)}


def dilation() -> Interactive:
    """Return the dilation explorer: which positions a stack reads, and by how many paths."""
    alt = """The field of a stack of dilated layers as a plane of squares, filled where the stack reads a
    position and empty where it does not, with the number of paths along one axis. The dilations of up to
    five layers can be changed."""
    return Interactive("dilation", alt, {})


def normalisation() -> Interactive:
    """Return the axes of normalisation: choose a number, and see which others share its mean."""
    alt = """Three small pictures of four channels as tables of numbers. Choosing a number marks all those
    that share its mean under batch, layer, instance or group normalisation, and tells mean and variance."""
    return Interactive("normalisation", alt, {})


def clinic() -> Interactive:
    """Return the curve clinic: diagnose recorded runs, then turn a knob and see what changes."""
    from cnnbook.recorded import runs

    alt = """Training and validation curves of a real run on CIFAR-10 pictures. The reader chooses a diagnosis,
    then changes the learning rate, the number of pictures, augmentation or width, and sees the run that
    was recorded with those settings."""
    return Interactive("clinic", alt, {"runs": runs("clinic_cifar10")})


def explorer() -> Interactive:
    """Return the architecture explorer: any network of `cnnbook.models`, two side by side.

    What it shows is counted from the networks when this is called, in a few seconds.
    """
    from cnnbook.figures.architectures import architectures

    alt = """Two networks, each as a row of boxes, one for each size of map, and as a row of bars, one for each
    layer. Moving over the bars tells a layer's shape, parameters, MACs, receptive field and memory. The
    networks and what the bars show can be chosen."""
    networks = architectures()
    layers = [layer for network in networks for layer in network["layers"]]
    content = {
        "networks": [{**network, "layers": len(network["layers"])} for network in networks],
        "columns": list(zip(*layers, strict=True)),  # each packs best by itself: a tenth remains
    }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    packed = gzip.compress(text.encode(), mtime=0)
    return Interactive("explorer", alt, {"packed": base64.b64encode(packed).decode()})


def grad_cam() -> Interactive:
    """Return Grad-CAM in the page: a network that runs there, on pictures whose truth is known."""
    from cnnbook import shapes, weights
    from cnnbook.models.repvgg import fold_norm
    from cnnbook.transfer import find_head

    alt = """A picture of an outline among clutter, with a frame around the outline; the Grad-CAM map of the
    class that is asked for; and the network's share for each class. A square of the picture can be covered."""
    network, card = weights.pretrained("shapes"), weights.about("shapes")
    numbers: list[torch.Tensor] = []
    widths = [3]
    kernels = [part for part in network.children() if isinstance(part, nn.Conv2d)]
    norms = [part for part in network.children() if isinstance(part, nn.BatchNorm2d)]
    for conv, norm in zip(kernels, norms, strict=True):
        weight, bias = fold_norm(conv.weight, norm)
        numbers += [weight, bias]
        widths.append(len(bias))
    _, head = find_head(network)
    numbers += [head.weight, head.bias]
    stored = torch.cat([n.detach().flatten() for n in numbers]).half().numpy().tobytes()
    drawn = shapes.shapes(12, seed=GRAD_CAM_SEED)
    bytes_of = (255 * drawn.images).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    pictures = [
        {"label": label, "box": box, "pixels": base64.b64encode(pixels.numpy().tobytes()).decode()}
        for label, box, pixels in zip(
            drawn.labels.tolist(), drawn.boxes.tolist(), bytes_of, strict=True
        )
    ]
    settings = {"size": 32, "classes": shapes.CLASSES, "pictures": pictures, "widths": widths}
    settings |= {"weights": base64.b64encode(stored).decode()}
    settings |= {key: card[key] for key in ("mean", "deviation")}
    return Interactive("grad_cam", alt, settings)


def detection() -> Interactive:
    """Return boxes to drag, their overlaps, and what non-maximum suppression leaves."""
    alt = """Five boxes with scores around an object. Boxes can be moved by dragging or by arrow keys; a table
    tells their overlap with the object and with each other, and which remain after suppression."""
    return Interactive("detection", alt, {})


GRAD_CAM_SEED = 5


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
