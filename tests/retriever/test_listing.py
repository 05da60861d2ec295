from __future__ import annotations

from indexer.types import Filters
from indexer.views import View
from retriever.listing import article_list, articles, cluster_list, extent
from retriever.requests import offset_of


def test_articles_come_newest_first_and_undated_last(view: View) -> None:
    assert [head.id for head in articles(view, Filters(), 10, 0)] == ["a3", "a1", "a2", "a5", "a4"]
    assert [head.id for head in articles(view, Filters(), 2, 1)] == ["a1", "a2"]
    assert [head.id for head in articles(view, Filters(author=("Ann Lee",)), 10, 0)] == ["a1", "a4"]


def test_pages_follow_each_other_to_the_end(view: View) -> None:
    pages, skip = [], 0
    while True:
        page = article_list(view, Filters(), 2, skip)
        pages.append([head.id for head in page.items])
        assert page.view == view.info
        if page.next is None:
            break
        skip = offset_of(page.next)
    assert pages == [["a3", "a1"], ["a2", "a5"], ["a4"]]
    assert article_list(view, Filters(), 5, 0).next is None  # they end where the page does
    assert (cluster_list(view, 2, 0).items, cluster_list(view, 2, 0).next) == ((), None)


def test_extent_names_dates_and_sources(view: View) -> None:
    assert extent(view) == ("2021-12-31T23:59:59Z", "2022-03-01T00:00:00Z", {"WION": 2, "Wikinews": 2})
