from __future__ import annotations

import gc
import tempfile
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import articles
from indexer.archive import Archive
from indexer.commit import Draft, commit, delete
from indexer.errors import ArchiveDamaged, ArticleNotFound, ModelMismatch
from indexer.types import Filters, IndexEvent, Passage
from indexer.views import View
from tests.fakes import WordEmbedder, article, page

WORDS = ["khan", "xi", "pledged", "roads", "boycott", "olympics"]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
ids = st.sampled_from(["a", "b", "c", "d"])
steps = st.lists(st.tuples(ids, st.none() | texts), min_size=1, max_size=10)  # None deletes


def draft(archive: Archive, article_id: str, text: str, **fields: str) -> Draft:
    """An article whose every two words are a passage."""
    ends = [i for i, char in enumerate(text) if char == " "][1::2]
    cuts = [0, *ends, len(text)]
    passages = [Passage(start, end) for start, end in pairwise(cuts) if start < end]
    vectors = archive.embedder.encode([(None, text[p.start : p.end]) for p in passages])
    return Draft(page(text, id=article_id), article(text, id=article_id, **fields), passages, vectors)


def put(archive: Archive, article_id: str, text: str, **fields: str) -> IndexEvent:
    (event,) = commit(archive, [draft(archive, article_id, text, **fields)])
    return event


def contents(view: View) -> dict[str, str]:
    """What dense search over everything finds: article id -> its passages' text, joined."""
    found = view.dense.search(WordEmbedder().encode_query("khan"), 10_000)
    places = sorted(view.passages([row for row, _ in found]))
    texts: dict[str, str] = {}
    for place in places:
        whole = view.article_at(place.article)
        texts[whole.id] = texts.get(whole.id, "") + whole.text[place.start : place.end]
    return texts


def lexical_ids(view: View, word: str) -> set[str]:
    found = view.lexical.search(word, 10_000, Filters())
    return {view.article_at(place.article).id for place in view.passages([row for row, _ in found])}


@settings(max_examples=40, deadline=None)
@given(history=steps)
def test_a_reopened_archive_holds_what_its_history_left(
    history: list[tuple[str, str | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", WordEmbedder(), create=True)
        model: dict[str, str] = {}
        for article_id, text in history:
            if text is not None:
                put(archive, article_id, text)
                model[article_id] = text
            elif article_id in model:
                assert delete(archive, [article_id]) == [article_id]
                del model[article_id]
            archive.view()
        archive.close()
        reopened = Archive(Path(folder) / "archive", WordEmbedder())
        assert contents(reopened.view()) == model
        for word in WORDS:
            assert lexical_ids(reopened.view(), word) == {i for i, text in model.items() if word in text.split()}
        assert reopened.view().info.articles == len(model)
        reopened.close()


@settings(max_examples=30, deadline=None)
@given(history=steps)
def test_an_old_view_does_not_see_what_is_added_or_removed_after_it(history: list[tuple[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", WordEmbedder(), create=True)
        model: dict[str, str] = {}
        views: list[tuple[View, dict[str, str]]] = []
        for article_id, text in history:
            if text is not None:
                put(archive, article_id, text)
                model[article_id] = text
            elif model.pop(article_id, None) is not None:
                delete(archive, [article_id])
            views.append((archive.view(), dict(model)))
        for view, then in views:
            assert contents(view) == then
            assert lexical_ids(view, "khan") == {i for i, text in then.items() if "khan" in text.split()}
            assert {i for i in "abcd" if view.find(i)} == set(then)
        archive.close()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", WordEmbedder(), create=True)


def test_another_process_sees_an_addition_and_a_deletion_at_once(archive: Archive) -> None:
    other = Archive(archive.folder, WordEmbedder())
    put(archive, "a", "khan met xi")
    assert contents(other.view()) == {"a": "khan met xi"}
    delete(archive, ["a"])
    assert contents(other.view()) == {}
    with pytest.raises(ArticleNotFound, match="'a'"):
        other.view().article("a")


def test_the_same_article_again_changes_nothing(archive: Archive) -> None:
    assert put(archive, "a", "khan met xi").status == "added"
    before = archive.view()
    assert put(archive, "a", "khan met xi").status == "unchanged"
    assert archive.view() is before
    assert put(archive, "a", "khan met xi", title="New").status == "updated"
    assert archive.view().article("a").title == "New"


def test_deleting_what_is_not_there_deletes_nothing(archive: Archive) -> None:
    put(archive, "a", "khan")
    with pytest.raises(ArticleNotFound, match="'b'"):
        delete(archive, ["a", "b"])
    assert contents(archive.view()) == {"a": "khan"}


def test_vectors_of_another_embedder_are_refused_by_name(archive: Archive) -> None:
    early = Archive(archive.folder, WordEmbedder("words:2"))
    put(archive, "a", "khan")
    with pytest.raises(ModelMismatch, match="words:1, not words:2"):
        Archive(archive.folder, WordEmbedder("words:2"))
    for use in (lambda: put(early, "b", "xi"), early.view):
        with pytest.raises(ModelMismatch, match="words:1, not words:2"):
            use()
    early.close()
    assert contents(archive.view()) == {"a": "khan"}


def test_vectors_are_rounded_once_and_come_back_the_same(archive: Archive) -> None:
    put(archive, "a", "khan met xi")
    view = archive.view()
    expected = archive.embedder.encode([(None, "khan met"), (None, " xi")]).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(view.vectors(view.row_of("a")), expected)


def test_a_copy_under_another_id_is_marked_as_a_duplicate(archive: Archive) -> None:
    put(archive, "a", "khan met xi")
    put(archive, "b", "khan met xi")
    put(archive, "c", "another text")
    sql = """SELECT copy.id, first.id, kind FROM duplicate JOIN article AS copy ON copy.rowid = article
        JOIN article AS first ON first.rowid = original"""
    assert archive.store.rows(sql) == [("b", "a", "exact")]


def test_a_view_that_could_not_be_made_is_made_the_next_time(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    put(archive, "a", "khan met xi")
    put(archive, "b", "olympics boycott")
    archive.view()
    delete(archive, ["a"])
    with monkeypatch.context() as patched:
        patched.setattr(archive, "_info", lambda state: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            archive.view()
    assert contents(archive.view()) == {"b": "olympics boycott"}


def test_connections_of_threads_that_ended_are_closed(archive: Archive) -> None:
    for _ in range(5):
        thread = threading.Thread(target=archive.view)
        thread.start()
        thread.join()
    gc.collect()
    assert len(archive.files._all) == 1


def test_what_is_read_once_is_known_and_what_is_not_stored_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for article_id in "abc":
        put(archive, article_id, "khan xi pledged roads")
    monkeypatch.setattr(articles, "_KNOWN", 3)
    some = articles.Articles(archive.store)
    first = some.places([6, 1, 3, 1])
    assert first == {1: (1, 0, 7), 3: (2, 0, 7), 6: (3, 7, 21)}
    assert {row: named.id for row, named in some.names([1, 2, 3]).items()} == {1: "a", 2: "b", 3: "c"}
    with archive.store.writing() as writing:
        writing.rows("DELETE FROM vector; DELETE FROM passage")
    assert some.places([6, 1, 3]) == first
    with pytest.raises(ArchiveDamaged, match="passage 2 is searched but not stored"):
        some.places([1, 2])
    with pytest.raises(ArchiveDamaged, match="article row 4 is searched but not stored"):
        some.names([1, 4])
    with pytest.raises(ArchiveDamaged, match="article row 9 is searched but not stored"):
        some.at(9)
