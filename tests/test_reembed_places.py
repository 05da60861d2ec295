"""Changing over to another embedder where the archive is in a database, or Milvus searches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from indexer import reembed as reembedding
from indexer.archive import Archive
from indexer.choice import choice_in
from indexer.commit import delete
from indexer.doctor import examine
from indexer.errors import AlreadyReembedding, ArchiveUnavailable, ModelMismatch
from indexer.milvus import Milvus
from indexer.purge import purge
from indexer.reembed import progress, reembed
from indexer.shared import SharedIndex
from indexer.stores import Place
from indexer.succession import SharedSuccessor
from indexer.types import IndexEvent
from pullquote import init
from tests.cluster import Postgres
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, lexical_ids, put
from tests.indexer.test_reembed import Short, contents_of
from tests.milvus import MilvusLite
from tests.test_milvus import milvus_of

TEXTS = {f"a{i}": f"khan met xi a{i}" for i in range(1, 70)}  # more than a batch


@pytest.fixture(params=["folder, milvus", "postgresql, embedded", "postgresql, milvus"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    store, index = request.param.split(", ")
    found: Place = tmp_path / "archive"
    if store == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        found = server.fresh()
    milvus: MilvusLite | None = request.getfixturevalue("milvus") if index == "milvus" else None
    init(found, milvus.url if milvus else None)
    return found


@pytest.fixture
def archive(place: Place) -> Iterator[Archive]:
    opened = Archive(place, WordEmbedder())
    for article_id, text in TEXTS.items():
        put(opened, article_id, text)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path, milvus: MilvusLite) -> Iterator[Archive]:
    """An archive in a folder, which Milvus searches."""
    init(tmp_path / "other", milvus.url)
    opened = Archive(tmp_path / "other", WordEmbedder())
    put(opened, "a", "khan met xi")
    put(opened, "b", "khan pledged roads")
    yield opened
    opened.close()


def test_an_archive_changes_over_and_the_old_vectors_serve_until_then(archive: Archive, place: Place) -> None:
    events, served = list[IndexEvent](), list[int]()
    view, before = archive.view(), choice_in(archive.store)

    def told(event: IndexEvent) -> None:
        events.append(event)
        if len(events) % 64 == 1:
            served.append(len(contents(archive.view())))

    changed = Archive(place, Short)
    assert reembed(changed, told)
    assert served == [69, 69]
    assert {(event.status, event.id) for event in events} == {("reembedded", name) for name in TEXTS}
    assert contents_of(changed.view()) == TEXTS
    assert lexical_ids(changed.view(), "khan") == set(TEXTS)
    assert changed.glance().info == changed.view().info
    assert changed.store.rows("SELECT DISTINCT embedder, length(fp16) FROM vector") == [("words:2", 32)]
    assert examine(changed).ok, examine(changed)
    with pytest.raises(ModelMismatch, match="words:2, not words:1"):
        archive.view()
    assert view.info.articles == 69
    after = choice_in(changed.store)
    if before is not None and after is not None:  # the old collection is gone, the new one is its own
        assert (after.url, after.collection == before.collection) == (before.url, False)
        assert Milvus(*before).embedder() is None
        assert Milvus(*after).embedder() == "words:2"
    put(changed, "new", "roads")
    delete(changed, ["a1"])
    assert contents_of(changed.view()) == {k: v for k, v in TEXTS.items() if k != "a1"} | {"new": "roads"}
    assert not reembed(changed, events.append)
    again = Archive(place, Short())
    assert contents_of(again.view()) == contents_of(changed.view())
    again.close()
    changed.close()


def test_a_stop_half_way_and_what_others_do_meanwhile(archive: Archive, place: Place) -> None:
    embedder = Short()
    changed = Archive(place, lambda: embedder)

    def stop(_: IndexEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reembed(changed, stop)
    assert progress(archive.store) == (64, 69, "words:2")
    put(archive, "new", "roads to beijing")
    put(archive, "a5", "khan left")
    delete(archive, ["a6"])
    expected = {k: v for k, v in TEXTS.items() if k != "a6"} | {"new": "roads to beijing", "a5": "khan left"}
    assert contents(archive.view()) == expected
    embedder.encoded.clear()
    assert reembed(changed, lambda _: None)
    assert len(embedder.encoded) <= 2 * 7  # the first 64 were not embedded again
    assert contents_of(changed.view()) == expected
    assert examine(changed).ok, examine(changed)
    changed.close()


def test_two_at_once_are_refused(archive: Archive, place: Place) -> None:
    first, second = Archive(place, Short), Archive(place, Short)

    def meanwhile(_: IndexEvent) -> None:
        with pytest.raises(AlreadyReembedding, match="is re-embedding"):
            reembed(second, lambda _: None)

    assert reembed(first, meanwhile)
    first.close()
    second.close()


@pytest.mark.parametrize("what", ["delete", "add", "purge"])
def test_what_comes_between_the_last_look_and_the_switch(
    folder: Archive, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    match, done = SharedSuccessor.match, list[str]()

    def late(self: SharedSuccessor) -> None:
        match(self)
        if not done:
            done.append(what)
            if what == "add":
                put(folder, "c", "xi came late")
            else:
                (delete if what == "delete" else purge)(folder, ["b"])

    monkeypatch.setattr(SharedSuccessor, "match", late)
    changed = Archive(folder.folder, Short)
    assert reembed(changed, lambda _: None)
    others = {"b": "khan pledged roads", "c": "xi came late"} if what == "add" else {}
    assert contents_of(changed.view()) == {"a": "khan met xi", **others}
    changed.index.follow()
    assert milvus_of(changed).count() == 2 + 2 * len(others)
    assert examine(changed).ok, examine(changed)
    changed.close()


def test_a_kill_after_the_new_collection_is_filled_costs_nothing(
    folder: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise ArchiveUnavailable("milvus", "it stopped")

    second = Archive(folder.folder, Short)
    with monkeypatch.context() as patched:
        patched.setattr(reembedding, "_serve", away)
        with pytest.raises(ArchiveUnavailable):
            reembed(second, lambda _: None)
    begun = folder.store.meta("successor")
    assert Milvus(cast(SharedIndex, second.index).milvus._url, begun).count() == 4
    assert contents(folder.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    third = Archive(folder.folder, lambda: Short("words:3"))  # another one: the vectors in it are of no use
    assert reembed(third, lambda _: None)
    assert folder.store.meta("collection") == begun
    assert folder.store.meta("successor") is None
    assert milvus_of(third).embedder() == "words:3"
    assert contents_of(third.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    second.close()
    third.close()


@pytest.mark.parametrize("way", ["reembed", "repair"])
def test_a_kill_before_the_old_collection_is_dropped_leaves_it_for_the_next_run(
    folder: Archive, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def away(_: SharedSuccessor) -> None:
        raise ArchiveUnavailable("milvus", "it stopped")

    before = choice_in(folder.store)
    assert before is not None
    with monkeypatch.context() as patched, closing(Archive(folder.folder, Short)) as second:
        patched.setattr(SharedSuccessor, "discard_old", away)
        with pytest.raises(ArchiveUnavailable):
            reembed(second, lambda _: None)
    assert Milvus(*before).embedder() == "words:1"
    with closing(Archive(folder.folder, Short)) as third:
        if way == "repair":
            third.index.repair()
        else:
            assert not reembed(third, lambda _: None)
        assert Milvus(*before).embedder() is None
        assert folder.store.meta("discarding") is None
        assert contents_of(third.view()) == {"a": "khan met xi", "b": "khan pledged roads"}


def test_a_purge_drops_what_waits_to_be_filled_on(folder: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bool:
        raise ArchiveUnavailable("milvus", "it stopped")

    with monkeypatch.context() as patched, closing(Archive(folder.folder, Short)) as second:
        patched.setattr(reembedding, "_serve", away)
        with pytest.raises(ArchiveUnavailable):
            reembed(second, lambda _: None)
    begun = cast(SharedIndex, folder.index).milvus.beside(folder.store.meta("successor"))
    assert begun.count() == 4
    purge(folder, ["b"])
    assert begun.embedder() is None
    assert folder.store.meta("successor") is None
    with closing(Archive(folder.folder, Short)) as third:
        assert reembed(third, lambda _: None)
        assert contents_of(third.view()) == {"a": "khan met xi"}
