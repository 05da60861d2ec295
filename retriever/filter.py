"""Which articles and passages of a view a request may see, decided before anything is ranked (invariant 7)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from indexer.dates import bounds
from indexer.types import Excluded, Filters, Ints
from indexer.views import Glance

# With a sign, lest an index of sequence numbers be used: nearly all articles are visible, and the index of what
# filters look at holds these numbers too.
_VISIBLE = "+added_seq <= :s AND (removed_seq IS NULL OR removed_seq > :s)"


def where(view: Glance, filters: Filters, dated: bool = True) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on the table article, and its parameters. dated=False leaves the dates out."""
    parts: list[str] = [_VISIBLE]
    values: dict[str, Any] = {"s": view.info.sequence}
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


def allowed(view: Glance, filters: Filters) -> Ints | None:
    """Return the rows of the passages that pass, ascending; None when nothing is filtered."""
    if filters == Filters():
        return None
    condition, values = where(view, filters)
    sql = f"SELECT rowid FROM passage WHERE article IN (SELECT article.rowid FROM article WHERE {condition})"
    return np.sort(np.array([row[0] for row in view.rows(sql, values)], np.int64))


def unknown_dates(view: Glance, filters: Filters) -> Excluded:
    """Count the articles that fail for want of a date alone."""
    if not (filters.since or filters.until):
        return Excluded()
    condition, values = where(view, filters, dated=False)
    sql = f"SELECT count(*) FROM article WHERE {condition} AND published_at IS NULL"
    return Excluded(unknown_date=int(view.rows(sql, values)[0][0]))


def _at_same_grain(name: str) -> str:
    """A bound cut to a bare date where the article has only that: the whole day passes if any of it does."""
    return f"CASE length(published_at) WHEN 10 THEN substr(:{name}, 1, 10) ELSE :{name} END"
