"""Paths to pages. One module a format, behind the Protocol `Source`; `formats` tells them apart."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import article_id, is_web_url
from indexer.sources.options import SourceOptions
from indexer.sources.source import Document, Unchanged, sha256

if TYPE_CHECKING:  # questions need none of these: what reads is imported where it reads
    from indexer.sources.fetch import Fetcher
    from indexer.sources.reading import Memory, Result
    from indexer.sources.walk import File

_URL = "it is a URL: add --fetch to get it from the web"
NO_OPTIONS = SourceOptions()
_TICK = 2.0  # seconds: the coarsest clock of a file system, that of FAT

__all__ = ["SourceOptions", "Unchanged", "read_pages"]


def read_pages(
    paths: Sequence[str | Path],
    options: SourceOptions = NO_OPTIONS,
    stdin: io.BufferedReader | None = None,
    memory: Memory | None = None,
    fetcher: Fetcher | None = None,
) -> Iterator[Result]:
    """Every page under files, folders (recursively, sorted), globs, "-" (stdin) and, with a fetcher, http(s) URLs.

    There is a refusal where one is unreadable. memory: of what was read before, and is not read again. A file met twice
    is read once. An id that occurs twice in a run is refused from its second time on: the first stays, so that a second
    run over the same sources changes nothing.
    """
    from indexer.sources.apart import Readers
    from indexer.sources.reading import NoMemory, Reading

    seen: set[str] = set()
    with Readers() as readers:
        memory = memory or NoMemory()
        for found in Reading(options, readers, memory, fetcher).read(_documents(paths, stdin, fetcher, memory)):
            yield found if isinstance(found, SourceUnreadable) else _once(found, seen)


def _once(found: Result, seen: set[str]) -> Result:
    if isinstance(found, SourceUnreadable):
        return found
    try:
        id = found.id if isinstance(found, Unchanged) else article_id(found)
    except InvalidInput as problem:
        return SourceUnreadable(found.origin, str(problem))
    if id in seen:
        what = f"URL {found.url}" if not isinstance(found, Unchanged) and not found.id else f"id {id}"
        return SourceUnreadable(
            found.origin, f"{what} occurs twice in this run, and the first is kept: give each its own"
        )
    seen.add(id)
    return found


def _documents(
    paths: Sequence[str | Path], stdin: io.BufferedReader | None, fetcher: Fetcher | None, memory: Memory
) -> Iterator[Document | Result]:
    from indexer.sources.walk import find_files

    met: set[Path] = set()
    for path in paths:
        if str(path) == "-":
            yield _piped(stdin or _stdin())
            continue
        if is_web_url(str(path)):
            yield from fetcher.get(str(path)) if fetcher else [SourceUnreadable(str(path), _URL)]
            continue
        for file in find_files(path):
            if isinstance(file, SourceUnreadable):
                yield file
            elif file.path not in met:
                met.add(file.path)
                yield from _opened(file, memory)


def _opened(file: File, memory: Memory) -> Iterator[Document | Result]:
    """A file's bytes; what it gave before where the system says that it is the same file, which is not even opened."""
    origin = file.path.as_uri()
    if (known := memory.seen(origin, file.stamp)) is not None:
        yield known
        return
    try:
        with file.path.open("rb", buffering=1 << 20) as stream:
            yield Document(file.name, origin, stream, stamp=_settled(os.fstat(stream.fileno())))
    except OSError as problem:
        yield SourceUnreadable(origin, f"it cannot be read ({problem.strerror or problem})")


def _settled(status: os.stat_result) -> str | None:
    """The stamp of a file, if a change from now on would be seen in it: clocks of file systems have coarse ticks."""
    from indexer.sources.walk import stamp_of

    return stamp_of(status) if abs(time.time() - status.st_ctime) > _TICK else None


def _stdin() -> io.BufferedReader:
    """A reader of its own: Python aborts at its end if another thread still waits for a line of `sys.stdin`."""
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except io.UnsupportedOperation:  # it is no file
        return cast(io.BufferedReader, sys.stdin.buffer)


def _piped(stream: io.BufferedReader) -> Document:
    """What was piped in. Two texts piped in one after the other are two articles: their bytes name them."""
    from indexer.sources.formats import HEAD, recognise
    from indexer.sources.limits import MAX_BYTES
    from indexer.sources.records import STDIN

    format = recognise(stream.peek(HEAD)[:HEAD], "")
    if format is None or format.whole:
        data = stream.read(MAX_BYTES + 1)
        return Document("", STDIN + sha256(data)[:20], cast(BinaryIO, io.BytesIO(data)))
    return Document("", STDIN, stream)
