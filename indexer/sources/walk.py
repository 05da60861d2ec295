"""Which files a path stands for."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from indexer.errors import SourceUnreadable


class File(NamedTuple):
    """path: resolved. suffix: of the name it was found by, in lower case; a link may lead to a file of another name."""

    path: Path
    suffix: str


def find_files(path: str | Path, suffixes: frozenset[str]) -> Iterator[File | SourceUnreadable]:
    """Regular files under a file, folder or glob, in a stable order.

    In folders and globs only files with one of the suffixes (lower case) are candidates, and names that begin with a
    dot are passed over; a file that is named must be one, else it is refused.
    """
    named = Path(path)
    try:
        exists = named.exists() or named.is_symlink()
    except (OSError, ValueError):  # a name too long, or with a NUL
        exists = False
    if exists:
        yield from _under(named, suffixes)
    elif glob.has_magic(str(path)):
        yield from _matching(str(path), suffixes)
    else:
        yield SourceUnreadable(str(path), "there is no such file or folder")


def _matching(pattern: str, suffixes: frozenset[str]) -> Iterator[File | SourceUnreadable]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 Path.glob takes no absolute pattern
    wanted = [Path(match) for match in matches if Path(match).is_dir() or Path(match).suffix.lower() in suffixes]
    if not wanted:
        yield SourceUnreadable(pattern, f"it matches no {_or(suffixes)} file")
    for match in wanted:
        yield from _under(match, suffixes)


def _under(path: Path, suffixes: frozenset[str]) -> Iterator[File | SourceUnreadable]:
    if path.is_dir():
        empty = True
        for found in _walk(path, suffixes, set()):
            empty = False
            yield found
        if empty:
            yield SourceUnreadable(path.resolve().as_uri(), f"the folder holds no {_or(suffixes)} file")
    elif path.suffix.lower() in suffixes:
        yield _regular(path)
    else:
        yield SourceUnreadable(path.absolute().as_uri(), f"its kind is unknown: name {_or(suffixes)} files")


def _walk(folder: Path, suffixes: frozenset[str], met: set[tuple[int, int]]) -> Iterator[File | SourceUnreadable]:
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
    folders = [entry for entry in entries if _is_folder(entry)]
    for entry in entries:
        if entry not in folders and Path(entry.name).suffix.lower() in suffixes:
            yield _regular(Path(entry.path))
    for entry in folders:
        yield from _walk(Path(entry.path), suffixes, met)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def _regular(path: Path) -> File | SourceUnreadable:
    """A regular file: opening a pipe would wait for ever, a device could do anything."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return File(path.resolve(), path.suffix.lower())
        return SourceUnreadable(path.absolute().as_uri(), "it is a pipe, socket or device: read it with `-` from stdin")
    except (OSError, RuntimeError) as problem:
        reason = getattr(problem, "strerror", None) or "a link that leads nowhere"
        return SourceUnreadable(path.absolute().as_uri(), f"it cannot be read ({reason})")


def _or(suffixes: frozenset[str]) -> str:
    return " or ".join(sorted(suffixes, key=lambda suffix: (suffix != ".txt", suffix)))
