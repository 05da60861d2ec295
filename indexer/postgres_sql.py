"""From the SQL that all stores share (see `indexer.stores`) to PostgreSQL's, and values to and fro."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from indexer.stores import Row, Values

_VALUE = r"\?\d*|(?<!:):[a-z_]+"
_PART = re.compile(
    rf"""(?P<kept>'[^']*'|"[^"]*")|(?P<percent>%)|IN\s+\(SELECT\ value\ FROM\ json_each\((?P<list>{_VALUE})\)\)"""
    rf"""|(?P<value>{_VALUE})""",
    re.VERBOSE,
)
# PostgreSQL's text takes no NUL. These two stand for it, and sort as it does; the second stands for the first itself.
_ESCAPES = {"\x01": "\x01\x02", "\x00": "\x01\x01"}


class Statement(NamedTuple):
    """SQL for psycopg, with the names of its values, and of those that are lists."""

    sql: str
    names: tuple[str, ...]
    lists: frozenset[str]


@lru_cache(maxsize=1024)
def translated(sql: str) -> Statement:
    """PostgreSQL's spelling of a statement: `?` and `:name` as `%(name)s`, lists as arrays."""
    names: list[str] = []
    lists: set[str] = set()

    def name_of(value: str) -> str:
        name = value[1:] or str(len(names) + 1)
        if name not in names:
            names.append(name)
        return name

    def part(found: re.Match[str]) -> str:
        if found["kept"]:
            return found["kept"].replace("%", "%%")
        if found["percent"]:
            return "%%"
        name = name_of(found["list"] or found["value"])
        if found["list"]:
            lists.add(name)
            return f"= ANY(%({name})s)"
        return f"%({name})s"

    return Statement(_PART.sub(part, sql), tuple(names), frozenset(lists))


def bound(statement: Statement, values: Values) -> dict[str, Any]:
    """The values of a statement by name, as psycopg takes them."""
    given = values if isinstance(values, dict) else dict(zip(statement.names, values, strict=True))
    return {name: _bound(given[name], name in statement.lists) for name in statement.names}


def read(row: Sequence[Any]) -> Row:
    """A row as it was written."""
    return tuple(_unescaped(value) if isinstance(value, str) and "\x01" in value else value for value in row)


def _bound(value: Any, is_list: bool) -> Any:  # noqa: ANN401 - whatever a column holds
    if is_list:
        return [_bound(one, False) for one in json.loads(value)]
    return _escaped(value) if isinstance(value, str) else value


def _escaped(text: str) -> str:
    return _replaced(text, _ESCAPES.items()) if "\x00" in text or "\x01" in text else text


def _unescaped(text: str) -> str:
    return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def _replaced(text: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text
