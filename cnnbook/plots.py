"""The book's figures: one call each, with alt text that says what to see.

Figures use Okabe and Ito's colours, which stay apart for colour-blind readers, and never
colour alone: lines have markers, bars have numbers, highlighted cells have a frame.
"""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

if TYPE_CHECKING:  # older releases of Matplotlib have no name for it
    from matplotlib.typing import RcKeyType

BLUE, ORANGE, GREEN, PURPLE, INK, PAPER = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#222222", "#FDFCF9",
)  # fmt: skip
SERIES = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"))

_STYLE: "dict[RcKeyType, Any]" = {
    "font.family": "DejaVu Sans", "font.size": 11, "axes.titlesize": 11, "text.color": INK,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": PAPER,
    "axes.facecolor": PAPER, "axes.grid.axis": "y", "grid.color": "#D9D6CE", "savefig.dpi": 144,
}  # fmt: skip


class Picture:
    """A drawn figure that shows itself as a PNG and, where there are no pictures, as its alt text.

    Raises ValueError where `alt` is missing: a figure that says nothing shuts readers out.
    """

    def __init__(self, figure: Figure, alt: str):
        if not isinstance(alt, str) or len(alt.split()) < 5:
            raise ValueError(f"alt={alt!r} is not allowed: say in a sentence what there is to see")
        self.alt = " ".join(alt.split())
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        with mpl.rc_context(_STYLE):
            figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.15)
        self.png = buffer.getvalue()

    def __repr__(self) -> str:
        return f"[Figure: {self.alt}]"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": self.png, "text/plain": repr(self)}
        return data, {"image/png": {"alt": self.alt}}


def images(pictures: Mapping[str, ArrayLike], *, alt: str, height: float = 2.9) -> Picture:
    """Show pictures in rows, each under its title, and return the figure.

    `pictures` maps a title to a (1, H, W), (3, H, W) or (H, W) array. A picture with negative
    values is drawn with zero as middle grey, and its strongest half percent as black and white;
    all others run from black (0) to white (1).
    """
    with mpl.rc_context(_STYLE):
        arrays = {title: _channels_last(picture) for title, picture in pictures.items()}
        widest = max(array.shape[1] / array.shape[0] for array in arrays.values())
        columns = {1: 1, 2: 2, 4: 2}.get(len(arrays), 3)  # few enough for a telephone
        if widest > 1.5:
            columns = 1 if len(arrays) < 3 else 2
        rows = -(-len(arrays) // columns)
        figure = Figure(figsize=(height * widest * columns, 1.1 * height * rows))
        axes = figure.subplots(rows, columns, squeeze=False).flatten()
        for unused in axes[len(arrays) :]:
            unused.set_axis_off()
        for ax, (title, array) in zip(axes, arrays.items(), strict=False):
            low, top = 0.0, 1.0
            if array.min() < 0:
                top = float(np.quantile(np.abs(array), 0.995))
                low = -top
            shown = array.clip(low, top)
            ax.imshow(shown, cmap="gray", vmin=low, vmax=top, interpolation="nearest")
            ax.set_title(title)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(True)
        figure.subplots_adjust(wspace=0.06, hspace=0.12)
        return Picture(figure, alt)


def number_grids(
    grids: Mapping[str, ArrayLike],
    *,
    alt: str,
    marked: Mapping[str, tuple[int, int, int, int]] | None = None,
    cell: float = 0.52,
) -> Picture:
    """Show small matrices as squares with their numbers, side by side, and return the figure.

    `grids` maps a title to an (H, W) array; NaN leaves a square empty. `marked` maps a title
    to (row, column, height, width) of the squares to frame.
    """
    with mpl.rc_context(_STYLE):
        arrays = {title: np.asarray(grid, dtype=float) for title, grid in grids.items()}
        widths = [a.shape[1] for a in arrays.values()]
        tallest = max(a.shape[0] for a in arrays.values())
        size = (cell * (sum(widths) + 1.2 * len(widths)), cell * (tallest + 1))
        figure = Figure(figsize=size)
        axes = figure.subplots(1, len(arrays), width_ratios=widths, squeeze=False)[0]
        for ax, (title, array) in zip(axes, arrays.items(), strict=True):
            _draw_squares(ax, array)
            ax.set_title(title)
            if marked and title in marked:
                row, column, high, wide = marked[title]
                frame = Rectangle(
                    (column - 0.5, row - 0.5), wide, high, fill=False, lw=3, ec=ORANGE
                )
                frame.set_clip_on(False)
                ax.add_patch(frame)
        return Picture(figure, alt)


def bars(
    values: Mapping[str, float], *, alt: str, xlabel: str, log: bool = False, form: str = "{:,.0f}"
) -> Picture:
    """Show one horizontal bar for each label, with its number at the end, and return the figure."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, 0.42 * len(values) + 0.9))
        ax = figure.subplots()
        drawn = ax.barh(list(values), list(values.values()), color=BLUE, height=0.62)
        ax.bar_label(drawn, [form.format(v) for v in values.values()], padding=4)
        ax.invert_yaxis()
        ax.set_xlabel(xlabel)
        ax.margins(x=0.22)
        if log:
            ax.set_xscale("log")
        ax.tick_params(axis="y", length=0)
        return Picture(figure, alt)


def lines(
    series: Mapping[str, ArrayLike],
    x: Sequence[float],
    *,
    alt: str,
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = False,
) -> Picture:
    """Show up to four curves over the same x, told apart by marker and dash, with a legend."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.4))
        ax = figure.subplots()
        for (label, y), (colour, marker, dash) in zip(series.items(), SERIES, strict=False):
            ax.plot(x, y, color=colour, marker=marker, ls=dash, label=label, ms=5)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if log_x:
            ax.set_xscale("log", base=2)
            ax.set_xticks(x, [str(value) for value in x])
        if log_y:
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
        ax.grid(True)
        ax.legend(frameon=False)
        return Picture(figure, alt)


def roofline(
    points: Mapping[str, tuple[float, float]], *, peak: float, bandwidth: float, alt: str
) -> Picture:
    """Show layers under the roof of a machine (Williams 2009), and return the figure.

    `points` maps a name to (FLOPs per byte, GFLOP/s); `peak` is in GFLOP/s, `bandwidth` in GB/s.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(6.4, 3.6))
        ax = figure.subplots()
        intensities = [intensity for intensity, _ in points.values()]
        x = np.geomspace(min(intensities) / 2, 4 * max(intensities), 200)
        ax.plot(x, np.minimum(peak, bandwidth * x), color=INK, lw=2)
        for name, (intensity, speed) in points.items():
            ax.plot(intensity, speed, "o", color=BLUE, ms=7)
            ax.annotate(name, (intensity, speed), xytext=(6, -12), textcoords="offset points")
        ax.set(xscale="log", yscale="log", xlabel="FLOPs per byte", ylabel="GFLOP/s")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
        ax.grid(True)
        return Picture(figure, alt)


def shares(table: Mapping[str, Sequence[float]], labels: Sequence[str], *, alt: str) -> Picture:
    """Show, for each column of `table`, how the labels share its total, as panels in one row.

    `table` maps a title to one number for each label.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(2.9 * len(table) + 0.8, 0.24 * len(labels) + 0.9))
        panels = figure.subplots(1, len(table), sharey=True, squeeze=False)[0]
        for ax, (title, column), (colour, _, _) in zip(panels, table.items(), SERIES, strict=False):
            percent = 100 * np.asarray(column, dtype=float) / sum(column)
            drawn = ax.barh(labels, percent, color=colour, height=0.7)
            ax.bar_label(
                drawn, [f"{p:.0f} %" if p >= 0.5 else "" for p in percent], padding=3, size=9
            )
            ax.set_title(title)
            ax.margins(x=0.2)
            ax.set(xticks=[])
            ax.spines["bottom"].set_visible(False)
            ax.tick_params(axis="y", length=0, labelsize=9)
        panels[0].invert_yaxis()
        figure.tight_layout()
        return Picture(figure, alt)


def _channels_last(picture: ArrayLike) -> np.ndarray:
    array = np.asarray(picture, dtype=float)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        raise ValueError(f"shape={array.shape} is not a picture: (H, W), (1, H, W) or (3, H, W) is")
    return array


def _draw_squares(ax: Axes, array: np.ndarray) -> None:
    peak = np.nanmax(np.abs(array)) or 1
    ax.imshow(np.nan_to_num(np.abs(array)) / peak, cmap="Blues", vmin=0, vmax=2.2)
    for (row, column), value in np.ndenumerate(array):
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, lw=0.8, ec="#8A877F"))
        if not np.isnan(value):
            text = f"{value:.0f}" if value == round(value) else f"{value:.2g}"
            ax.text(column, row, text, ha="center", va="center")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
