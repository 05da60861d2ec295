"""Records, one article each, of JSON Lines, JSON arrays and tables."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote

from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import check_id
from indexer.sources.decode import whole_strings
from indexer.sources.fields import guessed, read_fields
from indexer.sources.options import SourceOptions
from indexer.sources.source import inside, sha256
from indexer.types import Page

STDIN = "stdin:"  # the origin of what was piped in
_IN_FRAGMENT = ":/?@!$&'()*+,;=%"  # RFC 3986, 3.5
_MOST_DIGITS = 300

Record = tuple[Mapping[str, Any], tuple[str, ...]]  # and warnings


class Records:
    """Reads the records of one file; what was guessed of their fields is told with the first."""

    def __init__(self, origin: str, options: SourceOptions, label: str, unit: str) -> None:
        self._origin, self._options, self._label, self._unit = origin, options, label, unit
        self._told: set[str] = set()

    def read(self, number: int, raw: bytes, parse: Callable[[], Record]) -> Page | SourceUnreadable:
        """The page of one record, or why it is none. number: from 1. raw: its bytes. parse: gives it, or raises."""
        try:
            record, warnings = parse()
            return self._page(record, warnings, number, raw)
        except (ValueError, InvalidInput) as problem:
            return SourceUnreadable(inside(self._origin, f"{self._unit}={number}"), f"{self._unit} {number}: {problem}")

    def _page(self, record: Mapping[str, Any], warnings: Sequence[str], number: int, raw: bytes) -> Page:
        fields, metadata = read_fields(record, self._options.map)
        text = fields["text"]
        if text is None or not text.strip():
            keys = ", ".join(list(record)[:8])
            raise ValueError(f"it has no text (its keys: {keys}): say with --map text=KEY where the text is")
        if "\0" in text:
            raise ValueError("its text holds NUL characters: remove them")
        if fields["id"] is not None:
            check_id(fields["id"])
        url = (fields["url"] or "").strip() or None
        return Page(
            origin=self._place(fields["id"], url, number, raw),
            source_sha256=sha256(raw),
            extractor=self._label,
            text=text,
            id=fields["id"],
            title=fields["title"],
            source=fields["source"] or self._options.source,
            url=url,
            author=fields["author"],
            published=fields["published_at"],
            language=fields["language"] or self._options.language,
            metadata=metadata,
            warnings=(*self._news(record), *warnings),
        )

    def _news(self, record: Mapping[str, Any]) -> tuple[str, ...]:
        """A warning for each field whose key was guessed and which has not been told of in this file."""
        found = [one for one in guessed(record, self._options.map) if one not in self._told]
        self._told.update(found)
        return (f"guessed {', '.join(found)}: say otherwise with --map",) if found else ()

    def _place(self, id: str | None, url: str | None, number: int, raw: bytes) -> str:
        """Under which key a second run finds the record again: its id, else its URL, else where it stands."""
        if id or url:
            return inside(self._origin, id or quote(url or "", safe=_IN_FRAGMENT))
        if self._origin == STDIN:
            return STDIN + sha256(raw)[:20]  # there, records do not stay
        return inside(self._origin, f"{self._unit}={number}")


def load(text: str) -> tuple[Any, tuple[str, ...]]:
    """Read one JSON value, whole characters in every string. Raises ValueError, with where and why."""
    warnings: dict[str, None] = {}

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(given)
        if len(found) < len(given):
            keys = [key for key, _ in given]
            twice = next(key for key in keys if keys.count(key) > 1)
            warnings[f"key {twice[:40]!r} occurs twice in an object: the last is taken"] = None
        return found

    try:
        value = json.loads(
            text, parse_constant=_constant, parse_int=_integer, parse_float=_float, object_pairs_hook=pairs
        )
    except json.JSONDecodeError as problem:
        line = f"line {problem.lineno}, " if problem.lineno > 1 else ""
        raise ValueError(f"{line}column {problem.colno} is not JSON ({problem.msg})") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return whole_strings(value, warnings), tuple(warnings)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)


def _float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise ValueError(f"{digits[:20]} is too large a number")
    return value
