"""How far the proof is: a bar in a terminal, a line now and then elsewhere."""

import sys
import time

from tqdm import tqdm

PAUSE = 10.0  # seconds between two lines where there is no terminal


class Progress:
    """Counts units as they begin and end."""

    def __init__(self) -> None:
        self.total, self.done, self.failed = 0, 0, 0
        self.running: list[str] = []
        self.last = time.monotonic()
        self.bar = tqdm(total=0, unit="unit", leave=False) if sys.stderr.isatty() else None

    def add(self, count: int) -> None:
        """There are more units to prove."""
        self.total += count
        if self.bar is not None:
            self.bar.total = self.total
            self.bar.refresh()

    def began(self, name: str) -> None:
        """A unit began."""
        self.running.append(name)
        self._say()

    def ended(self, name: str, failed: bool, seconds: float) -> None:
        """A unit ended."""
        self.running.remove(name)
        self.done += 1
        self.failed += failed
        if self.bar is not None:
            self.bar.update()
        self._say()

    def _say(self) -> None:
        words = ", ".join(self.running)
        if self.bar is not None:
            self.bar.set_description_str(words[:60])
        elif time.monotonic() > self.last + PAUSE:
            self.last = time.monotonic()
            failed = f", {self.failed} failed" if self.failed else ""
            print(f"{self.done} of {self.total}{failed}; now {words}", flush=True)

    def print(self, text: str) -> None:
        """Print something of its own, above the bar."""
        if self.bar is not None:
            tqdm.write(text)
        else:
            print(text, flush=True)

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.close()
