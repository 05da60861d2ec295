from __future__ import annotations

from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit, delete
from indexer.types import Filters, Passage
from indexer.views import View
from retriever.recency import _NEWEST, _newest, asks_for_latest, bonus, freshness
from retriever.search import search
from tests.fakes import WordEmbedder, article, page

DATES = {"old": "2020-01-01", "mid": "2022-02-06T11:00:00Z", "new": "2022-03-08", "undated": None}


def view_of(archive: Archive) -> View:
    for name, day in DATES.items():
        text = f"Khan met Xi, says {name}."
        made = article(text, id=name, published_at=day)
        vectors = archive.embedder.encode([(None, "Khan met Xi")])
        commit(archive, [Draft(page(text, id=name), made, [Passage(0, len(text))], vectors)])
    return archive.view()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", WordEmbedder(), create=True)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the latest on Xi?", True),
        ("Who won this week?", True),
        ("Who is NOW mayor?", True),
        ("Who knows Xi?", False),
        ("Who was the last emperor?", False),
        ("What happened in the week of the storm?", False),
    ],
)
def test_questions_about_the_present(question: str, expected: bool) -> None:
    assert asks_for_latest(question) is expected


def test_the_bonus_halves_every_thirty_days_before_now(archive: Archive) -> None:
    view = view_of(archive)
    rows = [row for row, _ in view.dense.search(WordEmbedder().encode_query("khan"), 10)]
    ids = {row: view.article_at(place.article).id for row, place in zip(rows, view.passages(rows), strict=True)}
    found = {ids[row]: worth for row, worth in bonus(view, "the latest?", Filters(), rows).items()}
    assert found.keys() == {"old", "mid", "new"}
    assert found["new"] == 0.15  # the newest date in the view is now
    assert found["mid"] == pytest.approx(0.075)
    assert found["old"] < 1e-5
    as_of = bonus(view, "the latest?", Filters(as_of="2022-02"), rows)
    assert {ids[row]: worth for row, worth in as_of.items()}["mid"] == pytest.approx(0.15 * 0.5 ** (22 / 30))
    assert bonus(view, "who?", Filters(), rows) == {}
    asked = bonus(view, "who?", Filters(as_of="2022-03-08"), rows)  # of two stories likelier the one in the news
    assert {ids[row]: round(worth, 6) for row, worth in asked.items() if worth > 1e-4} == {"new": 0.05, "mid": 0.025}
    assert {ids[row]: share for row, share in freshness(view, Filters(), rows).items()}["new"] == 1


def test_the_latest_article_comes_first_when_asked_for_and_none_after_now(archive: Archive) -> None:
    view = view_of(archive)
    assert search("latest Khan Xi", view, archive.embedder, 4)[0].article.id == "new"
    then = search("latest Khan Xi", view, archive.embedder, 4, filters=Filters(as_of="2022-02-06"))
    assert then[0].article.id == "mid"
    assert {hit.article.id for hit in then} == {"old", "mid", "undated"}
    words = search("latest Khan Xi", view, archive.embedder, 4, "lexical", Filters(as_of="2022-02-06"))
    assert {hit.article.id for hit in words} == {"old", "mid", "undated"}


def test_the_newest_date_is_that_of_what_lives_and_is_found_without_reading_articles(archive: Archive) -> None:
    view = view_of(archive)
    dates = [at for (at,) in view.rows("SELECT published_at FROM article WHERE published_at IS NOT NULL", ())]
    assert str(_newest(view)) == max(dates)[:10]
    delete(archive, [i for (i,) in view.rows("SELECT id FROM article WHERE published_at = ?", (max(dates),))])
    assert str(_newest(archive.view())) == max(at for at in dates if at != max(dates))[:10]
    assert str(_newest(view)) == max(dates)[:10]  # the view from before
    plan = " ".join(str(row[3]) for row in view.rows(f"EXPLAIN QUERY PLAN {_NEWEST}", {"s": 1}))
    assert "USING COVERING INDEX article_published" in plan
    assert "TEMP B-TREE" not in plan
