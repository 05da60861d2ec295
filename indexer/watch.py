"""Waiting for what changes in files and folders. The only module that imports watchfiles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import watchfiles

from indexer.errors import SourceUnreadable
from indexer.sources.formats import is_candidate
from indexer.sources.walk import find_files

_QUIET_MS = 400  # a file is read once it has not changed for so long
_GATHER_MS = 2_000  # but no later than that
_TICK = 0.5  # seconds until the clock is looked at again

_Raw = set[tuple[watchfiles.Change, str]]
_Seen = set[tuple[watchfiles.Change, Path]]


class Change(NamedTuple):
    """paths: files that appeared or changed. gone: whether any went. due: whether it is time to ask feeds again."""

    paths: tuple[Path, ...]
    gone: bool
    due: bool


NOTHING = Change((), False, False)


def changes(roots: Sequence[Path], interval: float, stop: threading.Event) -> Iterator[Change]:
    """What happens under files and folders (resolved paths), and every `interval` seconds that it is time.

    The first one says nothing: what is read after it came is read while all that happens is already noted. What the
    system did not tell of (it does not on some network drives, nor when too much happens at once) is seen when it is
    time. It ends with `stop`.
    """
    due = time.monotonic() + interval
    files: _Files | None = None
    for seen in _seen(roots, stop):
        if files is None:
            files = _Files(roots)  # after the watching began: nothing falls between
            yield NOTHING
        is_due = time.monotonic() >= due
        if is_due:
            due = time.monotonic() + interval
        change = files.after(seen, all_of_them=is_due)
        if change != NOTHING:
            yield change


class _Files:
    """The files that a run over the roots would read, as they were last seen."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._stamps = _stamps(roots)

    def after(self, seen: _Seen, all_of_them: bool) -> Change:
        """What is new or gone, told of by events; by a look at every file, too, where that is due or one may be gone.

        A folder that is moved in or out is one event: what lies in it is looked for.
        """
        wanted = {(kind, path) for kind, path in seen if self._is_wanted(path)}
        there = _stamps(path for _, path in wanted if path.is_file())
        new = {path for kind, path in wanted if kind == watchfiles.Change.added and path.is_dir()}
        there |= {path: stamp for path, stamp in _stamps(new).items() if self._stamps.get(path) != stamp}
        self._stamps |= there
        gone = False
        if all_of_them or any(not path.exists() for _, path in wanted):
            now = _stamps(self._roots)
            gone = not self._stamps.keys() <= now.keys()
            there |= {path: stamp for path, stamp in now.items() if self._stamps.get(path) != stamp}
            self._stamps = now
        return Change(tuple(sorted(there)), gone, all_of_them)

    def _is_wanted(self, path: Path) -> bool:
        """Whether a run over the roots would come by a path: it is one, or in a folder and not hidden."""
        may_be_read = is_candidate(path.name) or not path.is_file()  # a folder, or gone
        return any(
            path == root
            or (
                may_be_read
                and path.is_relative_to(root)
                and not any(part.startswith(".") for part in path.relative_to(root).parts)
            )
            for root in self._roots
        )


def _stamps(paths: Iterable[Path]) -> dict[Path, str]:
    """The files at and under some paths. What cannot be read is told of when it is read, not here."""
    found = (file for path in paths for file in find_files(path))
    return {file.path: file.stamp for file in found if not isinstance(file, SourceUnreadable)}


def _seen(roots: Sequence[Path], stop: threading.Event) -> Iterator[_Seen]:
    """Events as they come, and nothing at every tick. A root that is replaced as a whole is watched anew."""
    again = _Seen()
    while not stop.is_set():
        places = _places(roots)
        watchers = [_watcher(found, recursive, stop) for recursive, found in _by_depth(roots).items() if found]
        while not stop.is_set() and (again or _places(roots) == places):
            seen, again = again, _Seen()
            for watcher in watchers:
                seen |= {(kind, Path(path)) for kind, path in next(watcher, _Raw())}
            if not watchers:
                stop.wait(_TICK)
            yield seen
        again = {(watchfiles.Change.added, root) for root in roots}


def _places(roots: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Which folders on disk the roots are; a file may be replaced, its folder is watched."""
    found: list[tuple[int, int] | None] = []
    for root in roots:
        try:
            status = root.stat() if root.is_dir() else root.parent.stat()
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def _by_depth(roots: Sequence[Path]) -> dict[bool, set[Path]]:
    """What to watch to the bottom, and what not: beside a file, which is seen from its folder, others are no matter."""
    folders = {root for root in roots if root.is_dir()}
    beside = {root.parent for root in roots if not root.is_dir() and root.parent.is_dir()}
    return {True: folders, False: beside}


def _watcher(folders: Iterable[Path], recursive: bool, stop: threading.Event) -> Iterator[_Raw]:
    return watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=_GATHER_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=int(1000 * _TICK),
        yield_on_timeout=True,
        raise_interrupt=True,
        recursive=recursive,
        ignore_permission_denied=True,
    )
