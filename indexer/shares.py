"""How much of a request each engine takes that works for it: `store`, `embedder`, `dense`, `lexical`, `reader`."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar


class Shares:
    """Seconds of one request, by engine. Engines that work side by side are each counted whole."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = defaultdict[str, float](float)

    def add(self, engine: str, seconds: float) -> None:
        """Count time of an engine; safe between the threads of a request."""
        with self._lock:
            self._seconds[engine] += seconds

    def seconds(self) -> Mapping[str, float]:
        """What was counted until now."""
        with self._lock:
            return dict(self._seconds)


_NOW: ContextVar[Shares | None] = ContextVar("shares", default=None)


@contextmanager
def measured() -> Iterator[Shares]:
    """One request: what its engines take inside the block is counted, also in threads that get its context."""
    shares = Shares()
    before = _NOW.set(shares)
    try:
        yield shares
    finally:
        _NOW.reset(before)


@contextmanager
def share(engine: str) -> Iterator[None]:
    """A piece of work of one engine; counted where a request is measured."""
    shares = _NOW.get()
    if shares is None:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        shares.add(engine, time.perf_counter() - began)
