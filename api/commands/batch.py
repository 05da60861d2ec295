"""JSONL in, JSONL out: one line of output for each line of input, with its id, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.commands import exits, opening, output
from indexer.characters import is_unicode
from indexer.errors import InvalidInput, QuoteMismatch

Id = str | int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a batch: its number (from 1), its id, and the text of each field that was asked for."""

    number: int
    id: Id
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that cannot be processed; `id` is null where the line does not tell."""

    number: int
    id: Id | None
    error: InvalidInput


def rows_of(name: str, fields: Sequence[str | tuple[str, ...]]) -> Iterator[Row | BadRow]:
    """Read the rows of a JSONL file, or of stdin for `-`; blank lines are skipped.

    fields: the fields each line must have, as text; of a tuple of names, the first that is there.
    Raises InvalidInput when the file itself cannot be read.
    """
    for number, raw in enumerate(opening.lines_of(name), start=1):
        if raw.strip():
            yield _row(number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, fields)


def _row(number: int, raw: bytes, fields: Sequence[str | tuple[str, ...]]) -> Row | BadRow:
    row_id: Id | None = None
    try:
        record = _record(number, raw)
        given = record.get("id")
        row_id = given if isinstance(given, str | int) and not isinstance(given, bool) else None
        if row_id is None:
            raise InvalidInput(f"line {number}", "no id: add one, text or a whole number")
        return Row(number, row_id, tuple(_field(number, record, name) for name in fields))
    except InvalidInput as error:
        return BadRow(number, row_id, error)


def _record(number: int, raw: bytes) -> dict[str, Any]:
    try:
        record = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError
        raise InvalidInput(f"line {number}", f"not JSON in UTF-8 ({error}): put one object on each line") from error
    if not isinstance(record, dict):
        raise InvalidInput(f"line {number}", "not a JSON object: put one object on each line")
    return record


def _field(number: int, record: dict[str, Any], name: str | tuple[str, ...]) -> str:
    names = (name,) if isinstance(name, str) else name
    value = next((record[name] for name in names if name in record), None)
    if not isinstance(value, str):
        raise InvalidInput(f"line {number}", f"no text in {' or '.join(map(repr, names))}: add it")
    if not is_unicode(value):
        raise InvalidInput(f"line {number}", f"half a character in {' or '.join(map(repr, names))}: write it whole")
    return value


def run(name: str, fields: Sequence[str | tuple[str, ...]], process: Callable[..., object]) -> int:
    """Write `process(*fields)` of every row as a line of JSON with the row's id; a bad row gives a Problem instead.

    Returns exit code 0, or 70 if the last check of a quotation failed on some row (its Problem says so).
    """
    code = exits.DONE
    for row in rows_of(name, fields):
        if isinstance(row, BadRow):
            output.problem_with_id(row.id, row.error)
            continue
        try:
            output.json_with_id(row.id, process(*row.fields))
        except InvalidInput as error:
            output.problem_with_id(row.id, InvalidInput(f"line {row.number}, {error.field}", error.problem))
        except QuoteMismatch as error:
            output.problem_with_id(row.id, error)
            code = exits.INTERNAL
    return code
