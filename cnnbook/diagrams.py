"""Drawings made from data: the shapes that a network goes through, and events on a line of years."""

import math

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from cnnbook.plots import _STYLE, BLUE, INK, ORANGE, Picture

__all__ = ["backbone", "timeline"]


def backbone(shapes: dict[str, tuple[int, ...]], *, alt: str) -> Picture:
    """Draw each map as a box: its face is height × width, its depth grows with the channels.

    `shapes` maps a label to (C, H, W), or to (C,) for what has no place any more.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(1.35 * len(shapes) + 0.4, 3.2))
        ax = figure.subplots()
        tallest = max(shape[1] for shape in shapes.values() if len(shape) == 3)
        left = 0.0
        for label, shape in shapes.items():
            channels, height = shape[0], (shape[1] if len(shape) == 3 else 1)
            tall, deep = 0.12 + 0.88 * height / tallest, 0.07 * math.log2(channels + 1)
            _box(ax, left, tall, deep)
            text = "×".join(str(n) for n in (*shape[1:], channels))
            ax.text(left, -0.08, f"{label}\n{text}", ha="left", va="top", fontsize=9)
            left += max(0.35 * tall + deep + 0.25, 0.95)
        ax.set(xlim=(-0.1, left), ylim=(-0.5, 1.45))
        ax.axis("off")
    return Picture(figure, alt)


def _box(ax, left: float, tall: float, deep: float) -> None:
    """Draw a box whose front leans, seen from its side: the long edge is the depth."""
    lean = 0.35 * tall
    front = [(left, 0), (left + lean, 0.3 * tall), (left + lean, 1.3 * tall), (left, tall)]
    ax.add_patch(Polygon([(x + deep, y) for x, y in front], fc="#CFE3F1", ec=INK, lw=1))
    ax.add_patch(Polygon(
        [(left, tall), (left + lean, 1.3 * tall), (left + lean + deep, 1.3 * tall), (left + deep, tall)],
        fc="#E7F1F8", ec=INK, lw=1,
    ))  # fmt: skip
    ax.add_patch(Rectangle((left, 0), deep, tall, fc=BLUE, ec=INK, lw=1))


def timeline(events: dict[int, str], *, alt: str) -> Picture:
    """Draw one line of text for each year, from old to new, beside a line with a dot for each."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 0.42 * len(events) + 0.4))
        ax = figure.subplots()
        places = range(len(events), 0, -1)
        ax.plot([0] * len(events), list(places), color=BLUE, marker="o", mfc=ORANGE, mec=INK, ms=7)
        for place, (year, text) in zip(places, sorted(events.items()), strict=True):
            ax.text(-0.04, place, str(year), ha="right", va="center", weight="bold")
            ax.text(0.04, place, text, ha="left", va="center")
        ax.set(xlim=(-0.25, 1.6), ylim=(0.4, len(events) + 0.6))
        ax.axis("off")
    return Picture(figure, alt)
