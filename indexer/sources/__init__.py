"""Paths to pages. One module a format, behind the Protocol `Source`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import article_id
from indexer.sources.decode import MAX_BYTES
from indexer.sources.jsonl import STDIN, JsonlSource
from indexer.sources.options import SourceOptions
from indexer.sources.source import Source, sha256
from indexer.sources.text import TextSource
from indexer.sources.walk import File, find_files
from indexer.types import Page

SOURCES: tuple[Source, ...] = (TextSource(), JsonlSource())
NO_OPTIONS = SourceOptions()
SUFFIXES = {suffix: source for source in SOURCES for suffix in source.suffixes}

__all__ = ["SOURCES", "SourceOptions", "read_pages"]


def read_pages(
    paths: Sequence[str | Path], options: SourceOptions = NO_OPTIONS, stdin: io.BufferedReader | None = None
) -> Iterator[Page | SourceUnreadable]:
    """Every page under files, folders (recursively, sorted), globs, and "-" (stdin); a refusal where one is unreadable.

    A file met twice is read once. An id that occurs twice in a run is refused from its second time on: the first stays,
    so that a second run over the same sources changes nothing.
    """
    seen: set[str] = set()
    for found in _read(paths, options, stdin):
        if isinstance(found, SourceUnreadable):
            yield found
            continue
        try:
            id = article_id(found)
        except InvalidInput as problem:
            yield SourceUnreadable(found.origin, str(problem))
            continue
        if id in seen:
            what = f"id {found.id}" if found.id else f"URL {found.url}"
            yield SourceUnreadable(
                found.origin, f"{what} occurs twice in this run, and the first is kept: give each its own"
            )
        else:
            seen.add(id)
            yield found


def _read(
    paths: Sequence[str | Path], options: SourceOptions, stdin: io.BufferedReader | None
) -> Iterator[Page | SourceUnreadable]:
    met: set[Path] = set()
    for path in paths:
        if str(path) == "-":
            yield from _read_stdin(stdin or cast(io.BufferedReader, sys.stdin.buffer), options)
            continue
        for file in find_files(path, frozenset(SUFFIXES)):
            if isinstance(file, SourceUnreadable):
                yield file
            elif file.path not in met:
                met.add(file.path)
                yield from _read_file(file, options)


def _read_file(file: File, options: SourceOptions) -> Iterator[Page | SourceUnreadable]:
    try:
        with file.path.open("rb") as stream:
            yield from SUFFIXES[file.suffix].read(stream, file.path.as_uri(), options)
    except OSError as problem:
        yield SourceUnreadable(file.path.as_uri(), f"it cannot be read ({problem.strerror or problem})")


def _read_stdin(stream: io.BufferedReader, options: SourceOptions) -> Iterator[Page | SourceUnreadable]:
    """JSON Lines where it begins with an object, else one text."""
    head = stream.peek(io.DEFAULT_BUFFER_SIZE).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{"):
        yield from JsonlSource().read(stream, STDIN, options)
    else:
        data = stream.read(MAX_BYTES + 1)
        # Two texts piped in one after the other are two articles: their bytes name them.
        yield from TextSource().read(io.BytesIO(data), STDIN + sha256(data)[:20], options)
