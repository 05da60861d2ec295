"""The articles of a view, as lists and counts."""

from __future__ import annotations

from indexer.types import ArticleHead, Filters
from indexer.views import Glance
from retriever.filter import where

_MOST_SOURCES = 100


def articles(view: Glance, filters: Filters, limit: int, offset: int) -> list[ArticleHead]:
    """Return up to `limit` articles that pass the filters, newest first, undated last, ties by id."""
    condition, values = where(view, filters)
    sql = f"""SELECT id, title, source, url, author, published_at FROM article WHERE {condition}
        ORDER BY published_at IS NULL, published_at DESC, id LIMIT :limit OFFSET :offset"""
    return [ArticleHead(*row) for row in view.rows(sql, {**values, "limit": limit, "offset": offset})]


def extent(view: Glance) -> tuple[str | None, str | None, dict[str, int]]:
    """Return the oldest and the newest date, and the number of articles of each of the 100 largest sources."""
    condition, values = where(view, Filters())
    sql = f"SELECT min(published_at), max(published_at) FROM article WHERE {condition}"
    oldest, newest = view.rows(sql, values)[0]
    sql = f"""SELECT source, count(*) FROM article WHERE {condition} AND source IS NOT NULL
        GROUP BY source ORDER BY count(*) DESC, source LIMIT {_MOST_SOURCES}"""
    return oldest, newest, dict(view.rows(sql, values))
