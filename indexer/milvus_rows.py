"""What Milvus holds of a passage, and the filters of a search as it reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import NamedTuple

from indexer.dates import bounds
from indexer.lexical import NO_DATE, Words, seconds, stemmed
from indexer.types import Filters, Floats

LONGEST = 65_535  # bytes of a text in Milvus
_FIRST_YEAR, _LAST_YEAR = 1800, 2200  # those in between have partitions of their own: Milvus has 1,024 at most
_UNKNOWN, _OTHER = "year_unknown", "year_other"
KEYS = {"source": "source_key", "author": "author_key", "ids": "id_key"}  # fields of `Filters` -> of Milvus


class Entry(NamedTuple):
    """A passage as Milvus takes it. vector: (width,) float32."""

    words: Words
    added: int
    vector: Floats


def partition_of(published_at: str | None) -> str:
    """The partition of a date's year; those of unknown years have one of their own."""
    if published_at is None:
        return _UNKNOWN
    year = published_at[:4]
    return f"year_{year}" if _FIRST_YEAR <= int(year) <= _LAST_YEAR else _OTHER


def row_of(entry: Entry) -> dict[str, object]:
    """A passage as Milvus writes it."""
    words = entry.words
    first, last = seconds(words.published_at)
    terms = f"{stemmed(words.text)} {stemmed(words.title or '')}".encode()[:LONGEST].decode(errors="ignore")
    return {
        "passage": words.passage,
        "article": words.article,
        "added": entry.added,
        "id_key": key_of(words.article_id),
        "source_key": key_of(words.source),
        "author_key": key_of(words.author),
        "published_first": first,
        "published_last": last,
        "words": terms,
        "vector": entry.vector,
    }


def expression(filters: Filters) -> str:
    """The filters as Milvus reads them. Names are compared by their keys, so that no text of a user is in it."""
    parts = [
        f"{KEYS[field]} in {[key_of(value) for value in values]}"
        for field, values in (("source", filters.source), ("author", filters.author), ("ids", filters.ids))
        if values
    ]
    if filters.since:
        parts.append(f"published_last >= {seconds(bounds(filters.since)[0])[0]}")
    if filters.until:
        parts.append(f"published_first > {NO_DATE} and published_first <= {seconds(bounds(filters.until)[1])[1]}")
    if filters.as_of:
        parts.append(f"published_first <= {seconds(bounds(filters.as_of)[1])[1]}")
    return " and ".join(parts)


def key_of(name: str | None) -> int:
    """A name as a number of 63 bits; 0 for none. Two names with one key are told apart by the store's last look."""
    if name is None:
        return 0
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


def partitions(filters: Filters, there: Collection[str]) -> list[str] | None:
    """Those of the partitions there are that dates leave; None for all."""
    if not (filters.since or filters.until):
        return None
    first = bounds(filters.since)[0][:4] if filters.since else "0000"
    last = bounds(filters.until)[1][:4] if filters.until else "9999"
    return [name for name in there if name == _OTHER or first <= name.removeprefix("year_") <= last]
