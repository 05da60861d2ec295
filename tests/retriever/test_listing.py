from __future__ import annotations

from indexer.types import Filters
from indexer.views import View
from retriever.listing import articles, extent


def test_articles_come_newest_first_and_undated_last(view: View) -> None:
    assert [head.id for head in articles(view, Filters(), 10, 0)] == ["a3", "a1", "a2", "a5", "a4"]
    assert [head.id for head in articles(view, Filters(), 2, 1)] == ["a1", "a2"]
    assert [head.id for head in articles(view, Filters(author=("Ann Lee",)), 10, 0)] == ["a1", "a4"]


def test_extent_names_dates_and_sources(view: View) -> None:
    assert extent(view) == ("2021-12-31T23:59:59Z", "2022-03-01T00:00:00Z", {"WION": 2, "Wikinews": 2})
