"""Which files a path stands for."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from indexer.errors import SourceUnreadable
from indexer.sources.formats import is_candidate

_WANTED = "text, HTML, feed, JSON, CSV, PDF, mail, WARC or archive"


class File(NamedTuple):
    """path: resolved. name: that by which it was found; a link may lead to a file of another name.

    stamp: what differs when its bytes do, as far as the system tells.
    """

    path: Path
    name: str
    stamp: str


def find_files(path: str | Path) -> Iterator[File | SourceUnreadable]:
    """Regular files under a file, folder or glob, in a stable order.

    In folders and globs only candidates are taken (see `formats.is_candidate`); a file that is named always is.
    """
    named = Path(path)
    try:
        exists = named.exists() or named.is_symlink()
    except (OSError, ValueError):  # a name too long, or with a NUL
        exists = False
    if exists:
        yield from _under(named)
    elif glob.has_magic(str(path)):
        yield from _matching(str(path))
    else:
        yield SourceUnreadable(str(path), "there is no such file or folder")


def _matching(pattern: str) -> Iterator[File | SourceUnreadable]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 Path.glob takes no absolute pattern
    wanted = [Path(match) for match in matches if Path(match).is_dir() or is_candidate(Path(match).name)]
    if not wanted:
        yield SourceUnreadable(pattern, f"it matches no {_WANTED} file")
    for match in wanted:
        yield from _under(match)


def _under(path: Path) -> Iterator[File | SourceUnreadable]:
    if path.is_dir():
        empty = True
        for found in _walk(path, set()):
            empty = False
            yield found
        if empty:
            yield SourceUnreadable(path.resolve().as_uri(), f"the folder holds no {_WANTED} file")
    else:
        yield _regular(path)


def _walk(folder: Path, met: set[tuple[int, int]]) -> Iterator[File | SourceUnreadable]:
    """Files of a folder, then of its folders, by name; a folder met again is left out, for links lead in circles."""
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as problem:
        yield SourceUnreadable(folder.absolute().as_uri(), f"the folder cannot be read ({problem.strerror})")
        return
    if (status.st_dev, status.st_ino) in met:
        return
    met.add((status.st_dev, status.st_ino))
    entries = [entry for entry in entries if not entry.name.startswith(".")]
    folders = {entry.name: Path(entry.path) for entry in entries if _is_folder(entry)}
    here = folder.resolve()
    for entry in entries:
        if entry.name not in folders and is_candidate(entry.name):
            yield _regular(Path(entry.path), here)
    for path in folders.values():
        yield from _walk(path, met)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def _regular(path: Path, folder: Path | None = None) -> File | SourceUnreadable:
    """A regular file: opening a pipe would wait for ever, a device could do anything. folder: it lies in, resolved."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            refusal = "it is a pipe, socket or device: read it with `-` from stdin"
            return SourceUnreadable(path.absolute().as_uri(), refusal)
        found = path.resolve() if folder is None or path.is_symlink() else folder / path.name
        return File(found, path.name, stamp_of(status))
    except (OSError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or "a link that leads nowhere"
        return SourceUnreadable(path.absolute().as_uri(), f"it cannot be read ({reason})")


def stamp_of(status: os.stat_result) -> str:
    """What differs when a file's bytes do: who sets back the time of their change leaves that of the file's status."""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
