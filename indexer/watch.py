"""Waiting for what changes in folders. The only module that imports watchfiles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import watchfiles

from indexer.sources.formats import is_candidate

_QUIET_MS = 400  # a file is read once it has not changed for so long
_GATHER_MS = 2_000  # but no later than that
_TICK = 0.5  # seconds until the clock is looked at again


class Change(NamedTuple):
    """paths: files that appeared or changed. gone: whether any went. due: whether it is time to ask feeds again."""

    paths: tuple[Path, ...]
    gone: bool
    due: bool


def changes(roots: Sequence[Path], interval: float, stop: threading.Event) -> Iterator[Change]:
    """What happens under files and folders, and every `interval` seconds that it is time for feeds; until `stop`."""
    due = time.monotonic() + interval
    for seen in _seen(roots, stop):
        is_due = time.monotonic() >= due
        if is_due:
            due = time.monotonic() + interval
        wanted = {(kind, path) for kind, path in seen if _is_wanted(path, roots)}
        there = tuple(sorted(path for path in {path for _, path in wanted} if path.is_file()))
        gone = any(kind == watchfiles.Change.deleted and not path.exists() for kind, path in wanted)
        if there or gone or is_due:
            yield Change(there, gone, is_due)


def _seen(roots: Sequence[Path], stop: threading.Event) -> Iterator[set[tuple[watchfiles.Change, Path]]]:
    """Changes as they come, and nothing at every tick."""
    if not roots:
        while not stop.wait(_TICK):
            yield set()
        return
    folders = {root if root.is_dir() else root.parent for root in roots}
    found = watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=_GATHER_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=int(1000 * _TICK),
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    for several in found:
        yield {(kind, Path(path).resolve()) for kind, path in several}


def _is_wanted(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a run over the roots would read a path: it is one, or a candidate in a folder that is not hidden."""
    for root in roots:
        if path == root:
            return True
        if path.is_relative_to(root) and is_candidate(path.name):
            return not any(part.startswith(".") for part in path.relative_to(root).parts)
    return False
