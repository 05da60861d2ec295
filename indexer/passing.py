"""Which articles and passages pass the filters of a request, in the store's SQL (invariant 7)."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Protocol

import numpy as np

from indexer.dates import bounds
from indexer.stores import Row
from indexer.types import Filters, Ints

# With a sign, lest an index of sequence numbers be used: nearly all articles are visible, and the index of what
# filters look at holds these numbers too.
_VISIBLE = "+added_seq <= :s AND (removed_seq IS NULL OR removed_seq > :s)"
_OF_THOSE = "SELECT rowid FROM passage WHERE article IN (SELECT article.rowid FROM article WHERE"


class Queried(Protocol):
    """What runs a query: a store, or a view of one."""

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[Row]:
        """Run one query to its end."""
        ...


def condition(sequence: int, filters: Filters, dated: bool = True) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on the table article, and its parameters. dated=False leaves the dates out."""
    parts: list[str] = [_VISIBLE]
    values: dict[str, Any] = {"s": sequence}
    for column, names in (("source", filters.source), ("author", filters.author), ("id", filters.ids)):
        if names:
            parts.append(f"article.{column} IN (SELECT value FROM json_each(:{column}))")
            values[column] = json.dumps(names)
    if dated and filters.since:
        parts.append(f"published_at >= {_at_same_grain('since')}")
        values["since"] = bounds(filters.since)[0]
    if dated and filters.until:
        parts.append(f"published_at <= {_at_same_grain('until')}")
        values["until"] = bounds(filters.until)[1]
    if filters.as_of:
        parts.append(f"(published_at IS NULL OR published_at <= {_at_same_grain('as_of')})")
        values["as_of"] = bounds(filters.as_of)[1]
    return " AND ".join(parts), values


def allowed(store: Queried, sequence: int, filters: Filters) -> Ints | None:
    """Return the rows of the passages that pass, ascending; None when nothing is filtered."""
    if filters == Filters():
        return None
    where, values = condition(sequence, filters)
    return np.sort(np.array([row[0] for row in store.rows(f"{_OF_THOSE} {where})", values)], np.int64))


def passing(store: Queried, sequence: int, filters: Filters, passages: Collection[int]) -> set[int]:
    """Return those of some passages (rows) that pass."""
    where, values = condition(sequence, filters)
    sql = f"{_OF_THOSE} {where}) AND rowid IN (SELECT value FROM json_each(:passages))"
    return {row[0] for row in store.rows(sql, {**values, "passages": json.dumps(sorted(passages))})}


def _at_same_grain(name: str) -> str:
    """A bound cut to a bare date where the article has only that: the whole day passes if any of it does."""
    return f"CASE length(published_at) WHEN 10 THEN substr(:{name}, 1, 10) ELSE :{name} END"
