"""CSV and TSV: the first row names the fields, every other is an article. Streamed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from indexer.errors import SourceUnreadable
from indexer.sources.decode import decode
from indexer.sources.fields import read_fields
from indexer.sources.limits import MAX_BYTES
from indexer.sources.options import SourceOptions
from indexer.sources.records import Record, Records
from indexer.sources.source import NOTHING, Given
from indexer.types import Page

_SAMPLE = 1 << 16
_DELIMITERS = ",;\t|"


class TableSource:
    """A bad row is refused with its number; the others go in."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every row below the header."""
        try:
            encoding, warnings = _encoding(stream.peek(_SAMPLE)[:_SAMPLE])  # type: ignore[attr-defined]
            text = io.TextIOWrapper(stream, encoding, newline="")
            try:
                yield from _rows(text, warnings, Records(origin, options, label, "row"), options)
            finally:
                text.detach()  # whoever opened the stream closes it
        except (ValueError, csv.Error) as problem:
            reason = "it is not in one encoding" if isinstance(problem, UnicodeDecodeError) else str(problem)
            yield SourceUnreadable(origin, f"it cannot be read as a table: {reason}")


def _encoding(sample: bytes) -> tuple[str, tuple[str, ...]]:
    """The encoding of a table by its beginning; a character may be cut in two at the sample's end."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return encoding, ()
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    found = decode(whole).warnings
    read_as = next((one.rpartition(" ")[2] for one in found if "read as" in one), None)
    return read_as or "utf-8", found


class _Recording:
    """The lines of a file, keeping those that the reader has taken for the row at hand."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line


def _rows(
    text: io.TextIOWrapper, warnings: tuple[str, ...], records: Records, options: SourceOptions
) -> Iterator[Page | SourceUnreadable]:
    csv.field_size_limit(MAX_BYTES)
    lines = _Recording(_bounded(text))
    try:
        first = next(lines)
    except StopIteration:
        raise ValueError("it is empty") from None
    lines.taken.clear()
    delimiter = max(_DELIMITERS, key=first.count)
    header_lines = _Recording(iter([first]))
    header = [name.strip() for name in next(csv.reader(header_lines, delimiter=delimiter), [])]
    if len(header) < 2:
        raise ValueError("its first row does not name fields: give it a header like title,text,date")
    _check_header(header, options)
    twice = [name for name in header if header.count(name) > 1]
    warnings += tuple(f"column {name!r} occurs twice: the first is taken" for name in dict.fromkeys(twice))
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 2):
        raw = "".join(lines.taken).encode(errors="surrogatepass")
        lines.taken.clear()
        if row and any(cell.strip() for cell in row):
            yield records.read(number, raw, partial(_parsed, header, row, warnings))
            warnings = ()


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines. Raises ValueError at one that is too long for an article."""
    while line := text.readline(MAX_BYTES + 1):
        if len(line) > MAX_BYTES:
            raise ValueError(f"a line is longer than {MAX_BYTES // 1_000_000} MB")
        yield line


def _check_header(header: list[str], options: SourceOptions) -> None:
    """Raises ValueError: no column can be the text."""
    fields, _ = read_fields(dict.fromkeys(header, "x"), options.map)
    if fields["text"] is None:
        names = ", ".join(header[:8])
        raise ValueError(f"none of its columns ({names}) is known to hold text: say with --map text=COLUMN which does")


def _parsed(header: list[str], row: list[str], warnings: tuple[str, ...]) -> Record:
    if len(row) != len(header):
        raise ValueError(f"it has {len(row)} cells, and the header {len(header)}: quote cells that hold delimiters")
    record: dict[str, Any] = {}
    for name, cell in zip(header, row, strict=True):
        record.setdefault(name or "column", cell or None)
    return {key: value for key, value in record.items() if value is not None}, warnings
