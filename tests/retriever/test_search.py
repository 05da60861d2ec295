from __future__ import annotations

from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Filters, Mode, Passage
from indexer.views import View
from retriever import fuse
from retriever import search as searching
from retriever.search import fusion, search
from tests.fakes import WordEmbedder, article, page


def test_dense_and_hybrid_fill_up_with_what_is_allowed(view: View, embedder: WordEmbedder) -> None:
    for mode in ("dense", "hybrid"):
        hits = search("Khan met Xi in Beijing.", view, embedder, 20, mode)
        assert len(hits) == view.info.passages == 6
        assert hits[0].text == "Khan met Xi in Beijing."
        assert len(search("Khan", view, embedder, 20, mode, Filters(source=("Wikinews",)))) == 2


def test_lexical_finds_only_passages_that_hold_a_term(view: View, embedder: WordEmbedder) -> None:
    hits = search("When did the volcano erupt?", view, embedder, 20, "lexical")
    assert [hit.text for hit in hits] == ["Volcanoes erupted; nobody was hurt."]  # by their stems
    assert search("asteroid", view, embedder, 20, "lexical") == []
    assert search("?!", view, embedder, 20, "lexical") == []


def test_words_of_the_question_alone_find_nothing_but_a_query_of_them_does(view: View, embedder: WordEmbedder) -> None:
    assert {hit.article.id for hit in search("the", view, embedder, 20, "lexical")} == {"a3", "a4"}
    assert {hit.article.id for hit in search("the Khan", view, embedder, 20, "lexical")} == {"a1", "a2"}


def test_a_hit_says_where_it_stands_and_keeps_the_parts_of_its_score(view: View, embedder: WordEmbedder) -> None:
    hit = search("Xi thanked", view, embedder, 1)[0]
    article = view.article(hit.article.id)
    assert hit.text == " Khan thanked Xi." == article.text[hit.range.start : hit.range.end]
    assert [article.text[h.start : h.end] for h in hit.highlights] == ["thanked", "Xi"]
    assert (hit.article.id, hit.article.source, hit.article.author) == ("a2", "WION", "Bob Roy")
    assert hit.parts.dense is not None
    assert hit.parts.lexical is not None
    assert hit.score == hit.parts.fused == pytest.approx(1.0)  # first in both legs
    assert hit.parts.rerank is None


def test_ties_come_by_article_then_offset(view: View, embedder: WordEmbedder) -> None:
    hits = search("zzz", view, embedder, 6, "lexical")
    assert hits == []
    flat = WordEmbedder()
    flat.encode_query = lambda question: embedder.encode_query("same") * 0  # type: ignore[method-assign]
    order = [(hit.article.id, hit.range.start) for hit in search("anything", view, flat, 6, "dense")]
    assert order == sorted(order)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_same_question_gives_the_same_hits(view: View, embedder: WordEmbedder, mode: Mode) -> None:
    assert search("Xi Beijing", view, embedder, 5, mode) == search("Xi Beijing", view, embedder, 5, mode)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_every_ranking_is_the_start_of_a_longer_one(tmp_path: Path, mode: Mode) -> None:
    """So that pages follow each other; 300 passages, most of them tied."""
    embedder = WordEmbedder()
    archive = Archive(tmp_path / "archive", embedder, create=True)
    drafts = []
    for i in range(300):
        text = f"khan met xi {i % 7}"
        vectors = embedder.encode([(None, text)])
        made = article(text, id=f"a{(i * 37) % 300}")
        drafts.append(Draft(page(text, id=made.id), made, [Passage(0, len(text))], vectors))
    commit(archive, drafts)
    view = archive.view()
    whole = [hit.article.id for hit in search("khan 3", view, embedder, 300, mode, copies=True)]
    assert len(whole) == len(set(whole)) == 300
    for k in (1, 20, 99, 100, 101, 150, 299):
        assert [hit.article.id for hit in search("khan 3", view, embedder, k, mode, copies=True)] == whole[:k]
    archive.close()


def test_another_way_of_fusing_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {fusion()}
    assert fusion.__wrapped__() in names
    for module, constant, value in (
        (fuse, "_LEAST_SHARE", 0.7),
        (fuse, "_MOST_SHARE", 0.9),
        (fuse, "_NEXT", 8),
        (searching, "LEG_DEPTH", 90),
        (searching, "PRESENT", 0.1),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, constant, value)
            names.add(fusion.__wrapped__())
    assert len(names) == 6
