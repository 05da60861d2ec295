"""Which articles of a view a request may see, decided before anything is ranked (invariant 7)."""

from __future__ import annotations

from typing import Any

from indexer.passing import condition
from indexer.types import Excluded, Filters
from indexer.views import Glance


def where(view: Glance, filters: Filters, dated: bool = True) -> tuple[str, dict[str, Any]]:
    """Return an SQL condition on the table article, and its parameters. dated=False leaves the dates out."""
    return condition(view.info.sequence, filters, dated)


def unknown_dates(view: Glance, filters: Filters) -> Excluded:
    """Count the articles that fail for want of a date alone."""
    if not (filters.since or filters.until):
        return Excluded()
    found, values = where(view, filters, dated=False)
    sql = f"SELECT count(*) FROM article WHERE {found} AND published_at IS NULL"
    return Excluded(unknown_date=int(view.rows(sql, values)[0][0]))
