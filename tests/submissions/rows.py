"""The list of rows: each is a function that spoils a submission, its deserved score and the reason."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One submission of the corpus."""

    name: str
    spoil: Callable
    score: float
    why: str


ROWS: dict[str, Row] = {}


def row(score: float, why: str) -> Callable:
    """Add the decorated function to the corpus."""

    def add(spoil: Callable) -> Callable:
        assert spoil.__name__ not in ROWS, f"{spoil.__name__} is there twice"
        ROWS[spoil.__name__] = Row(spoil.__name__, spoil, float(score), why)
        return spoil

    return add
