"""Calls of an engine that hear nothing for too long: is it slow, or gone? A connection that is dead may not say so."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

LOG = logging.getLogger("pullquote")
_Done = TypeVar("_Done")


class Lifeline:
    """Watches calls; where one has waited for `patience` seconds and the engine is gone, all are cut off.

    alive: asks the engine, within some seconds, whether it answers anybody. Safe to share between threads; it has one
    of its own, from the first call on.
    """

    def __init__(self, alive: Callable[[], bool], patience: float) -> None:
        self._alive, self._patience = alive, patience
        self._calls: dict[object, tuple[float, Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, cut: Callable[[], None]) -> Iterator[None]:
        """One call. cut: makes it fail, from another thread."""
        call = object()
        with self._lock:
            self._calls[call] = (time.monotonic(), cut)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="lifeline", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._calls[call]

    def close(self) -> None:
        """End the thread."""
        self._ended.set()

    def _watch(self) -> None:
        asked = time.monotonic()  # what began before, the engine was asked about
        while not self._ended.wait(self._patience / 5):
            now = time.monotonic()
            with self._lock:
                waiting = any(now - max(began, asked) > self._patience for began, _ in self._calls.values())
            if not waiting:
                continue
            alive, asked = self._asked(), time.monotonic()
            if not alive:
                with self._lock:
                    for _, cut in self._calls.values():
                        self._survived(cut)

    def _asked(self) -> bool:
        """Whether the engine answers anybody; where that cannot be known, calls are left to wait."""
        return self._survived(self._alive) is not False

    def _survived(self, work: Callable[[], _Done]) -> _Done | None:
        """Do some work; this thread is needed, whatever comes of it: its errors are told in the log alone."""
        try:
            return work()
        except Exception:
            LOG.exception("a look at whether an engine answers failed")
            return None
