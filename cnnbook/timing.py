"""How long a computation takes, measured so that two computations can be compared."""

import time
from collections.abc import Callable


def shortest_time(compute: Callable[[], object], *, repeat: int = 7) -> float:
    """Return the seconds of the fastest of `repeat` runs, after one that warms up.

    The fastest run is the one that other programs disturbed least. On a GPU the clock stops only
    when the work is done. Raises ValueError where `repeat` is not positive.
    """
    if repeat < 1:
        raise ValueError(f"repeat={repeat} is not allowed: at least one run must be timed")
    import torch

    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    compute()
    fastest = float("inf")
    for _ in range(repeat):
        wait()
        start = time.perf_counter()
        compute()
        wait()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
