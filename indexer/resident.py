"""How much memory the files that a process maps may take: what searches touch of them stays until memory is short."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

MOST = 100_000_000  # bytes that searches may touch before the files are opened anew
_STATM = Path("/proc/self/statm")  # Linux alone has it; elsewhere nothing is opened anew
_Mapping = TypeVar("_Mapping")


class Bounded(Generic[_Mapping]):
    """What maps files that never change, opened anew once much of them is resident. Safe to share between threads.

    The kernel would take such pages back when memory is short; until then they count as this process's. They stay in
    its cache, so that opening anew reads nothing from the disk. What was mapped goes with the last search that uses it.
    again: opens the same once more, or says that it cannot; then what is there serves on.
    """

    def __init__(self, held: _Mapping, again: Callable[[], _Mapping | None]) -> None:
        self._held, self._again = held, again
        self._before: int | None = None  # bytes that were resident at the first search since the files were opened
        self._lock = threading.Lock()

    def now(self) -> _Mapping:
        """What maps the files now: keep it no longer than one search."""
        now, before = resident_files(), self._before
        if before is None or now < before:
            self._before = now  # not when they are opened: what was mapped until then may not have gone yet
        elif now - before > MOST and self._lock.acquire(blocking=False):
            try:
                self._held, self._before = self._again() or self._held, None
            finally:
                self._lock.release()
        return self._held


def resident_files() -> int:
    """Bytes of mapped files that are resident in this process; 0 where the system does not tell."""
    try:
        return int(_STATM.read_bytes().split()[2]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
