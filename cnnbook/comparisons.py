"""Figures that compare networks: a Pareto front, and a walk of steps with their deviations."""

from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.figure import Figure

from cnnbook.plots import _STYLE, BLUE, INK, ORANGE, Picture

__all__ = ["front", "waterfall"]


def front(
    points: Mapping[str, tuple[float, float]],
    best: list[str],
    *,
    alt: str,
    xlabel: str,
    ylabel: str,
) -> Picture:
    """Show points on a logarithmic x axis, and a line with names through the best of them.

    `points` maps a name to (x, y); `best` lists the names of the front, from left to right.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.4, 4.6))
        ax = figure.subplots()
        others = [place for name, place in points.items() if name not in best]
        if others:
            ax.plot(*zip(*others, strict=True), "s", color=ORANGE, ms=5, label="dominated")
        leading = [points[name] for name in best]
        ax.plot(*zip(*leading, strict=True), "o-", color=BLUE, ms=6, label="on the front")
        ax.annotate(best[0], leading[0], (6, -12), textcoords="offset points", fontsize=9)
        for name, place in zip(best[1:], leading[1:], strict=True):  # so that neighbours have room
            ax.annotate(name, place, (2, 6), textcoords="offset points", rotation=55, fontsize=9)
        ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.margins(x=0.15, y=0.1)
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.35 * (high - low))  # room for the names
        ax.grid(True)
        ax.legend(frameon=False, loc="lower right")
        return Picture(figure, alt)


def waterfall(steps: Mapping[str, tuple[float, float]], *, alt: str, xlabel: str) -> Picture:
    """Show what each step adds or takes away, one line for each, with deviations as error bars.

    `steps` maps a name to (value, deviation); the first is where the walk begins.
    """
    with mpl.rc_context(_STYLE | {"axes.grid.axis": "x"}):
        figure = Figure(figsize=(4.6, 0.4 * len(steps) + 0.9))
        ax = figure.subplots()
        before = next(iter(steps.values()))[0]
        for place, (value, deviation) in enumerate(steps.values()):
            change = value - before
            colour, hatch = (BLUE, "") if change >= 0 else (ORANGE, "//")
            ax.barh(place, change, left=before, color=colour, hatch=hatch, ec=INK, height=0.6)
            ax.errorbar(value, place, xerr=deviation, color=INK, marker="o", ms=4, capsize=3)
            if place:
                right = max(value, before) + deviation
                text = f"{change:+.2f}".replace("-", "−")
                ax.annotate(text, (right, place), (6, 0), textcoords="offset points", va="center")
            before = value
        ax.set_yticks(range(len(steps)), list(steps))
        ax.set_xlabel(xlabel)
        ax.invert_yaxis()
        ax.margins(x=0.2)
        ax.tick_params(axis="y", length=0)
        ax.grid(True)
        ax.set_axisbelow(True)
        return Picture(figure, alt)
