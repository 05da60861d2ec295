from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.passing import allowed, passing
from indexer.types import Excluded, Filters
from indexer.views import View
from retriever.filter import unknown_dates, where

UNITS = [
    "2021",
    "2022",
    "2021-12",
    "2022-02",
    "2022-02-06",
    "2022-02-06T11:56:00Z",
    "2022-02-06T11:57:00Z",
    "2022-03-01",
]
filters = st.builds(
    Filters,
    source=st.sets(st.sampled_from(["WION", "Wikinews", "nobody"])).map(tuple),
    author=st.sets(st.sampled_from(["Ann Lee", "Bob Roy"])).map(tuple),
    ids=st.sets(st.sampled_from(["a1", "a2", "a3", "a4", "a5", "zz"])).map(tuple),
    since=st.none() | st.sampled_from(UNITS),
    until=st.none() | st.sampled_from(UNITS),
)


def ids(view: View, rows: list[int]) -> set[str]:
    return {view.article_at(place.article).id for place in view.passages(rows)}


def passing_ids(view: View, wanted: Filters) -> set[str]:
    rows = allowed(view, view.info.sequence, wanted)
    assert rows is not None
    assert passing(view, view.info.sequence, wanted, [*range(1, 99)]) == set(rows.tolist())
    return ids(view, rows.tolist())


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filters(source=("WION",)), {"a1", "a2"}),
        (Filters(source=("WION", "Wikinews"), author=("Ann Lee",)), {"a1", "a4"}),
        (Filters(ids=("a5", "zz")), {"a5"}),
        (Filters(since="2022"), {"a1", "a2", "a3"}),
        (Filters(until="2021"), {"a5"}),  # to its last second
        (Filters(since="2022-02", until="2022-02"), {"a1", "a2"}),
        (Filters(since="2022-02-06T12:00:00Z", until="2022-02-06"), {"a2"}),  # a bare day passes if any of it does
        (Filters(until="2022-02-06T00:00:00Z"), {"a2", "a5"}),
        (Filters(source=("nobody",)), set()),
    ],
)
def test_what_passes(view: View, wanted: Filters, expected: set[str]) -> None:
    assert passing_ids(view, wanted) == expected


def test_no_filter_is_no_list_of_passages(view: View) -> None:
    assert allowed(view, view.info.sequence, Filters()) is None


def test_articles_without_a_date_are_counted_where_a_date_is_asked(view: View) -> None:
    assert unknown_dates(view, Filters(since="2022")) == Excluded(1)
    assert unknown_dates(view, Filters(since="2022", source=("WION",))) == Excluded(0)
    assert unknown_dates(view, Filters(source=("Wikinews",))) == Excluded(0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=filters)
def test_lexical_search_and_the_store_let_the_same_articles_pass(view: View, wanted: Filters) -> None:
    found = view.lexical.search("khan xi beijing games boycott volcanoes", 100, wanted)
    rows = allowed(view, view.info.sequence, wanted)
    expected = {place.article for place in view.passages(rows.tolist())} if rows is not None else set(range(1, 6))
    assert {place.article for place in view.passages([row for row, _ in found])} == expected


@pytest.mark.parametrize("wanted", [Filters(source=("WION",)), Filters(since="2022"), Filters(author=("Ann Lee",))])
def test_filters_read_an_index_and_no_page_of_a_text(view: View, wanted: Filters) -> None:
    condition, values = where(view, wanted)
    plan = view.rows(f"EXPLAIN QUERY PLAN SELECT article.rowid FROM article WHERE {condition}", values)
    assert "USING COVERING INDEX article_" in plan[0][3]
