"""The classic networks as one table: what can be counted is counted, what was measured is cited.

An accuracy means little without its protocol, so each has one: how many crops of which size, who
reports it, and when. "1 crop, 224 of 256" resizes the short side to 256 and takes the middle 224.
`lineage.toml` holds the citations; 1 MAC = 2 FLOPs.
"""

import html
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import torch

from cnnbook.block_diagrams import draw_parts
from cnnbook.block_parts import Part
from cnnbook.models.registry import ARCHITECTURES
from cnnbook.plots import Picture
from cnnbook.summary import summarize

__all__ = ["Network", "Result", "Table", "family_tree", "networks", "outside", "table"]

HEAD = ("network", "year", "parameters", "GMACs", "top-1", "top-5", "protocol", "reported by")
NUMBERS = range(1, 6)  # columns that are aligned to the right


@dataclass(frozen=True)
class Result:
    """An accuracy on ImageNet's validation part, in percent, and where it comes from.

    source: a key of the bibliography; year: of the report; weights: torchvision's name for them.
    """

    top1: float
    protocol: str
    year: int
    source: str
    top5: float | None = None
    weights: str = ""


@dataclass(frozen=True)
class Network:
    """One network of the registry; year: of its first publication.

    follows: those whose idea it takes further; only_scaled: it has no idea of its own.
    """

    name: str
    paper: str
    year: int
    idea: str
    follows: tuple[str, ...]
    results: tuple[Result, ...]
    only_scaled: bool = False

    def build(self) -> torch.nn.Module:
        """Return the network of `cnnbook.models`, without values, which costs no memory."""
        return ARCHITECTURES[self.name].build()


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(files("cnnbook").joinpath("lineage.toml").read_text(encoding="utf-8"))


def outside() -> list[str]:
    """Return the families of `cnnbook.models` that are not in the lineage."""
    return _file()["outside"]


@cache
def networks() -> dict[str, Network]:
    """Return all networks of the lineage by name, in the order of their years."""
    return {
        name: Network(
            name,
            **entry
            | {
                "follows": tuple(entry["follows"]),
                "results": tuple(Result(**result) for result in entry.get("results", ())),
            },
        )
        for name, entry in _file().items()
        if name != "outside"
    }


@cache
def counts(name: str) -> tuple[int, int]:
    """Return the parameters and the MACs of a network for one picture of its size."""
    found = summarize(networks()[name].build(), ARCHITECTURES[name].input_shape)
    return found.parameters, found.macs


@dataclass(frozen=True, repr=False)
class Table:
    """Lines of text that print under their heads, and show as HTML in a page."""

    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [HEAD, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
        return "\n".join(
            "  ".join(
                f"{text:>{width}}" if column in NUMBERS else f"{text:{width}}"
                for column, (text, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(tag, cells):
            return "<tr>" + "".join(cell(tag, n, text) for n, text in enumerate(cells)) + "</tr>"

        def cell(tag, column, text):
            side = "right" if column in NUMBERS else "left"
            style = f"padding:0.15rem 0.6rem;text-align:{side};white-space:nowrap"
            return f'<{tag} style="{style}">{html.escape(text)}</{tag}>'

        body = "".join(line("td", row) for row in self.rows)
        # A page may let wide tables scroll; then the keyboard must be able to reach them. The
        # class is that of pandas, which themes know how to darken.
        start, head = '<table class="dataframe" tabindex="0">', line("th", HEAD)
        return f"{start}<thead>{head}</thead><tbody>{body}</tbody></table>"


def table(*names: str, only_torchvision: bool = False) -> Table:
    """Return a line for each accuracy of each network named, with its protocol and its source.

    `only_torchvision` keeps the accuracies of one source, so that the lines can be compared.
    Raises ValueError at a name that is not in the lineage.
    """
    rows = []
    for name in names:
        if name not in networks():
            raise ValueError(
                f"{name!r} is not in the lineage: it must be one of {', '.join(networks())}"
            )
        network, (parameters, macs) = networks()[name], counts(name)
        start = (name, str(network.year), f"{parameters:,}", f"{macs / 1e9:.3f}")
        for result in network.results:
            if only_torchvision and not result.weights:
                continue
            five = "" if result.top5 is None else f"{result.top5:.2f}"
            rows.append((*start, f"{result.top1:.2f}", five, result.protocol, _reporter(result)))
    return Table(tuple(rows))


def _reporter(result: Result) -> str:
    if result.weights:
        return f"torchvision {result.weights.rsplit('_', 1)[1]}, read {result.year}"
    return f"{result.source.rstrip('0123456789').capitalize()} {result.year}"  # the first author


def family_tree(*, alt: str) -> Picture:
    """Draw which network takes up the ideas of which; those that are only scaled are left out."""
    first = Part(["LeNet-5", "1998"], "weights")
    parts = {"lenet5": first}
    for name, network in networks().items():
        if network.only_scaled:
            continue
        reads = [parts[before] for before in network.follows]
        parts[name] = Part([name, str(network.year)], "weights", reads)
    return draw_parts(list(parts.values()), alt=alt)
