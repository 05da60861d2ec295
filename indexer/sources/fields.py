"""The fields of a record: which key holds which, and what each may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from indexer.sources.options import FIELDS

# The names that exports, feeds and scrapers use, likeliest first.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "text": ("text", "body", "content", "article", "maintext", "article_body", "articleBody", "full_text", "story"),
    "title": ("title", "headline"),
    "source": ("source", "site", "publisher", "publication"),
    "url": ("url", "link"),
    "author": ("author", "authors", "byline"),
    "published_at": (
        *("published_at", "date", "published", "publish_date", "date_publish", "pubDate", "datePublished"),
        *("pub_date", "publication_date", "date_published", "timestamp"),
    ),
    "language": ("language", "lang"),
}


def read_fields(record: Mapping[str, Any], map: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, Any]]:
    """Our fields as strings or None, and as metadata every key that became none of them.

    Raises ValueError: a field has a type that it cannot have; the message names key and type.
    """
    rest = dict(record)
    fields: dict[str, str | None] = {}
    for name in FIELDS:
        key, value = _find(record, name, map)
        rest.pop(key, None)
        fields[name] = None if value is None else _as_string(name, key, value)
    return fields, rest


def guessed(record: Mapping[str, Any], map: Mapping[str, str]) -> list[str]:
    """The fields that were taken from a key of another name, which no one said: ["text=body"]."""
    found = [(name, *_find(record, name, map)) for name in FIELDS if name not in map]
    return [f"{name}={key}" for name, key, value in found if value is not None and key != name]


def _find(record: Mapping[str, Any], name: str, map: Mapping[str, str]) -> tuple[str, Any]:
    """The key that holds a field, and its value. A mapped key may be a path ("meta.date"); then its root stays.

    Where no key of the usual names is there, one is that differs in case or punctuation only: "Body Text", "pub-date".
    """
    if name not in map:
        key = next((key for key in ALIASES[name] if record.get(key) not in (None, "")), None) or _alike(record, name)
        return key, record.get(key)
    key = map[name]
    value: Any = record
    for step in [key] if key in record else key.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return key, value


def _alike(record: Mapping[str, Any], name: str) -> str:
    wanted = [_letters(alias) for alias in ALIASES[name]]
    alike = {_letters(key): key for key in record if record[key] not in (None, "")}
    return next((alike[letters] for letters in wanted if letters in alike), ALIASES[name][0])


def _letters(key: str) -> str:
    return "".join(char for char in key.casefold() if char.isalnum())


def _as_string(name: str, key: str, value: Any) -> str | None:  # noqa: ANN401 JSON is anything
    if name == "author" and isinstance(value, list) and not any(isinstance(one, list) for one in value):
        names = [_as_string(name, key, one) for one in value]
        return ", ".join(one for one in names if one) or None
    if name in {"author", "source"} and isinstance(value, Mapping):
        value = value.get("name")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in {"id", "published_at"} and number and value == int(value):
        value = str(int(value))
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{key} is {_kind(value)}, not a string")


def _kind(value: Any) -> str:  # noqa: ANN401 JSON is anything
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "of another type")
