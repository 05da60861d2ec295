"""Where the time of a reply went."""

from __future__ import annotations

import time


class Stopwatch:
    """Laps in milliseconds, by name; `laps` adds the total."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """End a lap here."""
        now = time.perf_counter()
        self._laps[name] = round(1000 * (now - self._last), 3)
        self._last = now

    @property
    def laps(self) -> dict[str, float]:
        """All laps so far, and "total" since the start."""
        return {**self._laps, "total": round(1000 * (self._last - self._started), 3)}
