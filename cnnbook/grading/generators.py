"""The random generators of Python, NumPy and torch: their states, compared and handed over."""

import random

import numpy as np
import torch


class Random:
    """The states of the random generators, sent when a test has set or used them.

    After each probe they are moved on here, so that a test which seeds them anew, even as before, is
    noticed; a test that does not lets the generators over there run on.
    """

    def __init__(self):
        self.known: dict = {}

    def news(self) -> dict:
        """Return the states, by name, that are not those after the last probe."""
        now = generator_states()
        random.random(), np.random.random(), torch.rand(())
        news = {name: state for name, state in now.items() if state != self.known.get(name)}
        self.known = generator_states()
        return news


def generator_states() -> dict[str, tuple | bytes]:
    """Return the states of Python's, NumPy's and torch's generators, each equal only to itself."""
    kind, keys, *rest = np.random.get_state()
    assert isinstance(keys, np.ndarray)
    return {
        "python": random.getstate(),
        "numpy": (kind, keys.tobytes(), *rest),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


def skip_absent_gpus() -> None:
    """Let torch.manual_seed pass over GPUs, which are hidden while grading.

    For each kind of GPU it would keep a trace of the call for later, a millisecond each.
    """
    for name in ("cuda", "xpu", "mtia"):
        if hasattr(torch, name):
            getattr(torch, name).manual_seed_all = lambda seed: None


def seed_generators(number: int) -> None:
    """Seed the generators of Python, NumPy and torch, without what torch notes for GPUs that are not there."""
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.default_generator.manual_seed(number)


def set_generators(states: dict) -> None:
    """Set those random generators that are named, from what `generator_states` returned."""
    if "python" in states:
        random.setstate(states["python"])
    if "numpy" in states:
        kind, keys, *rest = states["numpy"]
        np.random.set_state((kind, np.frombuffer(keys, np.uint32), *rest))
    if "torch" in states:
        torch.set_rng_state(torch.frombuffer(bytearray(states["torch"]), dtype=torch.uint8))
