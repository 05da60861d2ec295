"""What an answer's passages bring with them out of an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Filters, Passage
from reader.answer import Question, raw_standings
from reader.weigh import Standing
from retriever.search import find
from tests.fakes import WordEmbedder, article, page

DATES = {"old": "2022-01-07", "new": "2022-03-08", "undated": None}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for name, day in DATES.items():
        text = f"Khan met Xi, says {name}."
        made = article(text, id=name, title=f"The {name} story", published_at=day)
        vectors = archive.embedder.encode([(None, "Khan met Xi")])
        commit(archive, [Draft(page(text, id=name), made, [Passage(0, len(text))], vectors)])
    return archive


def standing_of(archive: Archive, text: str, as_of: str | None = None) -> dict[str, Standing]:
    view, question = archive.view(), Question(text, 3, 3, "hybrid", Filters(as_of=as_of))
    found = find(text, view, archive.embedder, 3, question.mode, question.filters)
    names = [view.article_at(kept.place.article).id for kept in found]
    return dict(zip(names, raw_standings(question, view, found), strict=True))


def test_a_question_about_the_present_knows_what_is_new(archive: Archive) -> None:
    found = standing_of(archive, "Whom did Khan meet this week?")
    assert {name: (round(one.latest, 4), one.asked) for name, one in found.items()} == {
        "new": (1.0, 0.0),  # the newest date in the view is now
        "old": (0.25, 0.0),  # sixty days before
        "undated": (0.625, 0.0),  # the mean: nobody knows
    }
    assert {one.title for one in found.values()} == {"The new story", "The old story", "The undated story"}
    assert all(one.cosine is not None for one in found.values())


def test_another_question_only_where_it_says_when_it_is_asked(archive: Archive) -> None:
    assert all((one.latest, one.asked) == (0.0, 0.0) for one in standing_of(archive, "Whom did Khan meet?").values())
    found = standing_of(archive, "Whom did Khan meet?", as_of="2022-02-06")
    assert {name: (one.latest, round(one.asked, 4)) for name, one in found.items()} == {
        "old": (0.0, 0.5),
        "undated": (0.0, 0.5),
    }
