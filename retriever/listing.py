"""The articles of a view, as lists and counts."""

from __future__ import annotations

from indexer.stories import clusters
from indexer.types import ArticleHead, ArticleList, Cluster, ClusterList, Filters
from indexer.views import Glance
from retriever.filter import where
from retriever.requests import next_cursor
from retriever.search import head

_MOST_SOURCES = 100


def article_list(view: Glance, filters: Filters, limit: int, skip: int) -> ArticleList:
    """A page of the articles that pass the filters, after the first `skip`."""
    heads = articles(view, filters, limit + 1, skip)
    return ArticleList(tuple(heads[:limit]), next_cursor(skip, limit, len(heads)), view.info)


def cluster_list(view: Glance, limit: int, skip: int) -> ClusterList:
    """A page of the stories that several articles tell in nearly the same words, the latest first."""
    every = clusters(view)[skip : skip + limit + 1]
    stories = [tuple(head(view.article_at(row)) for row in one.members) for one in every[:limit]]
    page = tuple(Cluster(heads[0].id, heads) for heads in stories)
    return ClusterList(page, next_cursor(skip, limit, len(every)), view.info)


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
