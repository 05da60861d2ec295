"""JSON Lines: one object a line, one article an object. Streamed: a file may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from indexer.errors import SourceUnreadable
from indexer.sources.limits import MAX_BYTES, MB
from indexer.sources.options import SourceOptions
from indexer.sources.records import Record, Records, load
from indexer.sources.source import NOTHING, Given
from indexer.types import Page


class JsonlSource:
    """A bad line is refused with its number and a reason; the others go in."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every line that is not blank."""
        records = Records(origin, options, label, "line")
        for number, line in enumerate(_lines(stream), 1):
            if line.strip():
                yield records.read(number, line, partial(_parsed, line))


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends, and without a byte order mark. One over the limit comes cut, one byte too long."""
    first = True
    while line := stream.readline(MAX_BYTES + 1):
        rest = line
        while len(line) > MAX_BYTES and rest and not rest.endswith(b"\n"):
            rest = stream.readline(MB)
        yield (line.removeprefix(b"\xef\xbb\xbf") if first else line).rstrip(b"\r\n")
        first = False


def _parsed(line: bytes) -> Record:
    if len(line) > MAX_BYTES:
        raise ValueError(f"it is longer than {MAX_BYTES // MB} MB")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"byte {problem.start + 1} is not UTF-8: JSON Lines must be UTF-8") from None
    record, warnings = load(text)
    if not isinstance(record, dict):
        raise ValueError("it is JSON, but not an object")
    return record, warnings
