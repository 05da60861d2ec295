from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Filters, Mode, Passage
from indexer.views import View
from retriever.search import find, search
from tests.fakes import WordEmbedder, article, page

SENTENCES = [
    f"Storm {a} hit {b} in Normandy and closed {c} roads near Caen."
    for a, b, c in zip(range(8), range(10, 18), range(20, 28), strict=True)
]
Made = Callable[..., View]


def view_of(archive: Archive, **texts: list[str]) -> View:
    """An archive of articles, each of whose sentences is a passage."""
    drafts = []
    for article_id, sentences in texts.items():
        text = " ".join(sentences)
        starts = [text.index(sentence) for sentence in sentences]
        passages = [Passage(at, at + len(sentence)) for at, sentence in zip(starts, sentences, strict=True)]
        vectors = archive.embedder.encode([(None, sentence) for sentence in sentences])
        source = "Wire" if article_id < "m" else "Paper"
        made = article(text, id=article_id, source=source, published_at="2022-02-06")
        drafts.append(Draft(page(text, id=article_id), made, passages, vectors))
    commit(archive, drafts)
    return archive.view()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", WordEmbedder(), create=True)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_copy_is_left_out_and_the_ranking_refilled(archive: Archive, mode: Mode) -> None:
    view = view_of(archive, a=SENTENCES[:4], b=SENTENCES[:4], z=["Khan met Xi near Caen."])
    hits = search("storm normandy caen", view, archive.embedder, 5, mode)
    assert len(hits) == 5
    assert {(hit.article.id) for hit in hits} == {"a", "z"}
    assert len(search("storm normandy caen", view, archive.embedder, 20, mode, copies=True)) == 9


def test_what_a_later_version_adds_is_kept(archive: Archive) -> None:
    view = view_of(archive, a=SENTENCES[:7], b=[*SENTENCES[:7], "A dog was rescued from a roof by firemen."])
    hits = search("dog rescued storm", view, archive.embedder, 20)
    assert ("b", "A dog was rescued from a roof by firemen.") in {(hit.article.id, hit.text) for hit in hits}
    assert len(hits) == 8


def test_copies_are_known_with_what_they_repeat(archive: Archive) -> None:
    view = view_of(archive, a=SENTENCES[:4], b=SENTENCES[:4])
    kept = find("storm 2 normandy", view, archive.embedder, 1, "hybrid", Filters())
    (only,) = kept
    (copy,) = only.copies
    texts = [view.article_at(p.article).text[p.start : p.end] for p in (only.place, copy)]
    assert texts == [SENTENCES[2], SENTENCES[2]]


def test_a_search_looks_as_far_down_as_copies_make_it(archive: Archive) -> None:
    """Eight copies of one article stand before all else: its passages, then what others say, as `find` has them."""
    copies = dict.fromkeys("abcdefgh", SENTENCES[:2])
    view = view_of(archive, **copies, z=["A storm closed a school.", "Nobody was hurt."])
    for k in (1, 2, 3, 4):
        hits = search("storm normandy", view, archive.embedder, k, "dense")
        whole = find("storm normandy", view, archive.embedder, k, "dense", Filters())
        assert [(hit.article.id, hit.range.start) for hit in hits] == [
            (view.article_at(kept.place.article).id, kept.place.start) for kept in whole
        ]
        assert len(hits) == k
    assert {hit.article.id for hit in search("storm normandy", view, archive.embedder, 4, "dense")} == {"a", "z"}
    assert sum(len(kept.copies) for kept in find("storm normandy", view, archive.embedder, 4, "dense", Filters())) == 14


def test_filters_come_first(archive: Archive) -> None:
    """The copy answers where a filter leaves the first article out."""
    view = view_of(archive, a=SENTENCES[:4], z=SENTENCES[:4])
    hits = search("storm", view, archive.embedder, 10, filters=Filters(source=("Paper",)))
    assert [hit.article.id for hit in hits] == ["z"] * 4


def test_two_passages_of_one_article_never_leave_each_other_out(archive: Archive) -> None:
    twice = ["Roads closed.", "The mayor spoke.", "Roads closed again."]
    view = view_of(archive, a=twice)
    assert len(search("roads", view, archive.embedder, 10)) == 3


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_every_ranking_is_the_start_of_a_longer_one(archive: Archive, mode: Mode) -> None:
    texts = {f"x{i}": SENTENCES[: 4 + i % 4] for i in range(30)}
    view = view_of(archive, **texts, z=["Khan met Xi near Caen."])
    whole = search("storm roads 3", view, archive.embedder, 100, mode)
    assert len(whole) in {7, 8}  # lexical needs a word
    for k in (1, 3, 6, 7, 8):
        assert search("storm roads 3", view, archive.embedder, k, mode) == whole[:k]
