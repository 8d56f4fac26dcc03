"""Diagrams of blocks, drawn from their code: what is in the picture is what runs.

The boxes (`block_parts`) stand in rows by their longest way from the input. A way that passes rows
by, such as a shortcut, keeps a free place in each of them, so that no line runs through a box.
"""

import itertools

import matplotlib as mpl
from matplotlib.figure import Figure
from torch import nn

from cnnbook.block_parts import Part, parts_of
from cnnbook.plots import _STYLE, INK, Picture

__all__ = ["block_diagram", "draw_parts"]


def block_diagram(module: nn.Module, input_shape: tuple[int, ...], *, alt: str) -> Picture:
    """Draw a block, from its input of shape (C, H, W) at the top to its output at the bottom."""
    return draw_parts(parts_of(module, input_shape), alt=alt)


def draw_parts(parts: list[Part], *, alt: str) -> Picture:
    """Draw boxes in rows, each below all that it reads, and lines between them."""
    rows, ways = _rows(parts)
    _place(rows, ways)
    width = 1 + max(part.x for row in rows for part in row)
    height = 1 - min(part.y for part in rows[-1])
    longest = max(len(line) for part in parts for line in part.lines)
    column = 0.35 + 0.066 * longest  # inches, so that text is as large as it can be on a telephone
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(column * width, 0.3 * height))
        ax = figure.subplots()
        for way in ways:
            *passed, end = _points(way, rows)
            ax.plot(*zip(*passed, strict=True), color=INK, lw=1.2, zorder=1)
            arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", end, passed[-1], arrowprops=arrow, zorder=1)
        for part in parts:
            _draw(ax, part)
        ax.set(xlim=(-0.55, width - 0.45), ylim=(-height, 1))
        ax.axis("off")
    return Picture(figure, alt)


def _rows(parts: list[Part]) -> tuple[list[list[Part]], list[list[Part]]]:
    """Return the rows, with a free place wherever a way passes by, and the ways between parts."""
    for part in parts:
        part.row = 1 + max((read.row for read in part.reads), default=-1)
    rows: list[list[Part]] = [[] for _ in range(max(part.row for part in parts) + 1)]
    ways = []
    for part in parts:
        rows[part.row].append(part)
        for read in part.reads:
            free = [Part([], "free", row=row) for row in range(read.row + 1, part.row)]
            for place in free:
                rows[place.row].append(place)
            ways.append([read, *free, part])
    return rows, ways


def _place(rows: list[list[Part]], ways: list[list[Part]]) -> None:
    """Give each part a column near its neighbours above and below, and each row its height."""
    near: dict[Part, list[Part]] = {part: [] for row in rows for part in row}
    for way in ways:
        for upper, lower in itertools.pairwise(way):
            near[upper].append(lower)
            near[lower].append(upper)
    y = 0.0
    for number, row in enumerate(rows):
        lines = max(len(part.lines) for part in row)
        y -= 0.5 * lines + 0.9 if number else 0.0
        row.sort(key=lambda part: _mean([p.x for p in near[part] if p.row < part.row]))
        for column, part in enumerate(row):
            part.x, part.y = float(column), y
        y -= 0.5 * lines + 0.3
    for _ in range(30):
        for row in [*rows, *reversed(rows)]:
            _spread(row, [_mean([p.x for p in near[part]]) for part in row])
    least = min(part.x for row in rows for part in row)
    for row in rows:
        for part in row:
            part.x -= least


def _points(way: list[Part], rows: list[list[Part]]) -> list[tuple[float, float]]:
    """Return the corners of a line: upright beside the boxes of a row, slanted between the rows."""
    points = []
    for part in way[:-1]:
        half = 0.5 * max(len(other.lines) for other in rows[part.row]) + 0.3
        top = half if part.kind == "free" else 0
        points += [(part.x, part.y + top), (part.x, part.y - half)]
    return [*points, (way[-1].x, way[-1].y + 0.5 * len(way[-1].lines) + 0.2)]


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / max(1, len(numbers))


def _spread(row: list[Part], wanted: list[float]) -> None:
    """Move parts to where they want to be, in their order, at least one column apart."""
    groups: list[
        tuple[float, int]
    ] = []  # first column and size of what stands shoulder to shoulder
    for place in wanted:
        groups.append((place, 1))
        while len(groups) > 1 and sum(groups[-2]) > groups[-1][0]:
            (first, size), (second, more) = groups[-2], groups.pop()
            groups[-1] = ((first * size + (second - size) * more) / (size + more), size + more)
    columns = [first + step for first, size in groups for step in range(size)]
    for part, column in zip(row, columns, strict=True):
        part.x = column


def _draw(ax, part: Part) -> None:
    colours = {"weights": "#CFE3F1", "activation": "#F5E3CF", "pool": "#DDEEE3"}
    plain = part.kind in ("input", "output")
    shape = "circle,pad=0.2" if part.lines[0] in ("+", "×") else "round,pad=0.3"
    box = {
        "boxstyle": shape,
        "fc": colours.get(part.kind, "#FDFCF9"),
        "ec": "none" if plain else INK,
    }
    ax.text(part.x, part.y, "\n".join(part.lines), ha="center", va="center", fontsize=8, bbox=box)
