"""Changing over to another embedder: the old vectors serve until the new ones are whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from indexer import reembed as reembedding
from indexer.archive import Archive
from indexer.articles import Articles
from indexer.commit import delete
from indexer.doctor import examine
from indexer.errors import AlreadyReembedding, ArchiveReadOnly, ModelMismatch
from indexer.purge import compact, purge
from indexer.reembed import progress, reembed
from indexer.seal import _newest, seal_unfinished, sealing, settle, words_of
from indexer.types import Article, IndexEvent
from indexer.views import View
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, lexical_ids, put

N = 100
_OLD = "WHERE embedder = 'words:1'"


class Short(WordEmbedder):
    """Another embedder: other vectors, narrower, and of passages of two words at most."""

    def __init__(self, fingerprint: str = "words:2") -> None:
        super().__init__(fingerprint, width=16)

    def fits(self, title: str | None, passage: str) -> bool:
        return len(passage.split()) <= 2


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for i in range(N):
        put(opened, f"a{i}", f"khan met xi a{i}")
    settle(opened, force=True)
    put(opened, "late", "olympics boycott")
    delete(opened, ["a0"])
    yield opened
    opened.close()


def texts() -> dict[str, str]:
    return {f"a{i}": f"khan met xi a{i}" for i in range(1, N)} | {"late": "olympics boycott"}


def other(archive: Archive, fingerprint: str = "words:2") -> Archive:
    return Archive(archive.folder, lambda: Short(fingerprint))


def ranking(view: View, query: str) -> list[tuple[str, float]]:
    found = view.dense.search(Short().encode_query(query), 1000)
    places = view.passages([row for row, _ in found])
    return sorted((view.article_at(p.article).id, s) for p, (_, s) in zip(places, found, strict=True))


def fresh(folder: Path) -> Archive:
    """An archive that never had another embedder."""
    made = Archive(folder, Short(), create=True)
    for article_id, text in texts().items():
        put(made, article_id, text)
    return made


def test_the_archive_changes_over_and_is_as_if_it_had_been_made_so(archive: Archive, tmp_path: Path) -> None:
    events: list[IndexEvent] = []
    changed = other(archive)
    before = archive.view().info
    assert reembed(changed, events.append)
    assert sorted(event.id or "" for event in events) == sorted(texts())
    assert {event.status for event in events} == {"reembedded"}
    assert contents_of(changed.view()) == texts()
    clean = fresh(tmp_path / "clean")
    assert ranking(changed.view(), "khan xi") == ranking(clean.view(), "khan xi")
    assert lexical_ids(changed.view(), "olympics") == {"late"}
    assert changed.view().info.sequence > before.sequence
    assert changed.glance().info == changed.view().info
    assert changed.store.rows("SELECT DISTINCT embedder, length(fp16) FROM vector") == [("words:2", 32)]
    assert examine(changed).ok, examine(changed)
    assert not reembed(changed, events.append)
    put(changed, "new", "roads")
    delete(changed, ["a1"])
    settle(changed, force=True)
    assert contents_of(changed.view()) == {k: v for k, v in texts().items() if k != "a1"} | {"new": "roads"}
    assert examine(changed).ok
    clean.close()
    changed.close()


def contents_of(view: View) -> dict[str, str]:
    """What dense search with the new vectors finds, whole: article -> its passages' text, joined as they stand."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row, _ in view.dense.search(Short().encode_query("khan"), 10_000):
        place = view.passages([row])[0]
        found.setdefault(view.article_at(place.article).id, []).append((place.start, place.end))
    return {
        article_id: view.article(article_id).text[min(spans)[0] : max(end for _, end in spans)]
        for article_id, spans in found.items()
    }


def test_who_has_the_old_embedder_is_told_both_names_and_the_command(archive: Archive) -> None:
    view = archive.view()
    changed = other(archive)
    with pytest.raises(ModelMismatch, match=r"words:1, not words:2: .* `pullquote index --reembed`"):
        changed.view()
    reembed(changed, lambda _: None)
    with pytest.raises(ModelMismatch, match="words:2, not words:1"):
        archive.view()
    with pytest.raises(ModelMismatch, match="words:2, not words:1"):
        put(archive, "b", "xi")
    assert view.info.articles == N
    changed.close()


def test_a_stop_half_way_costs_nothing_and_the_old_vectors_serve(archive: Archive) -> None:
    embedder = Short()
    changed = Archive(archive.folder, lambda: embedder)
    seen: list[IndexEvent] = []

    def stop(event: IndexEvent) -> None:
        seen.append(event)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reembed(changed, stop)
    assert progress(archive.store) == (64, N, "words:2")
    assert contents(archive.view()) == texts()
    again = Archive(archive.folder, WordEmbedder())
    assert contents(again.view()) == texts()
    assert lexical_ids(again.view(), "khan") == {f"a{i}" for i in range(1, N)}
    assert again.glance().info == archive.view().info
    assert examine(archive).ok
    put(archive, "new", "roads to beijing")  # with the old embedder, meanwhile
    put(archive, "a5", "khan left")
    delete(archive, ["a6"])
    settle(archive, force=True)
    expected = {k: v for k, v in texts().items() if k != "a6"} | {"new": "roads to beijing", "a5": "khan left"}
    assert contents(archive.view()) == expected
    assert examine(archive).ok, examine(archive)
    embedder.encoded.clear()
    reembed(changed, seen.append)
    assert len(embedder.encoded) < 3 * (N - 64 + 5)  # the first 64 were not embedded again
    assert contents_of(changed.view()) == expected
    assert examine(changed).ok, examine(changed)
    again.close()
    changed.close()


def test_articles_that_come_before_the_switch_are_waited_for(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    build, came = words_of, [False]

    def late(place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        if not came[0]:
            came[0] = True
            put(archive, "late2", "khan came late")
        return build(place)

    monkeypatch.setattr(reembedding, "words_of", late)
    changed = other(archive)
    assert reembed(changed, lambda _: None)
    assert contents_of(changed.view()) == texts() | {"late2": "khan came late"}
    assert examine(changed).ok, examine(changed)
    changed.close()


def test_a_third_embedder_begins_anew(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> bool:
        raise ArchiveReadOnly(archive.folder, "no space left")

    second = other(archive)
    with monkeypatch.context() as patched:
        patched.setattr(reembedding, "_switch", full)
        with pytest.raises(ArchiveReadOnly):
            reembed(second, lambda _: None)
    assert progress(archive.store) == (N, N, "words:2")
    third = other(archive, "words:3")
    assert reembed(third, lambda _: None)
    assert third.store.rows("SELECT DISTINCT embedder FROM vector") == [("words:3",)]
    assert contents_of(third.view()) == texts()
    assert examine(third).ok
    second.close()
    third.close()


def test_what_is_purged_half_way_is_gone_from_both(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """New vectors are on disk beside the old ones; those of a purged article leave both."""
    put(archive, "secret", "zanzibar quixotic")
    switch = reembedding._switch
    pieces = [WordEmbedder().encode([(None, "zanzibar quixotic")]), Short().encode([(None, "zanzibar quixotic")])]
    blobs = [vector.astype("<f2").tobytes() for vector in pieces]

    def held() -> list[bool]:
        whole = b"\0".join(file.read_bytes() for file in archive.folder.rglob("*") if file.is_file())
        return [blob in whole for blob in blobs]

    def purge_first(*given: object) -> bool:
        monkeypatch.setattr(reembedding, "_switch", switch)
        with sealing(archive.folder):
            seal_unfinished(given[1])  # type: ignore[arg-type]
        assert held() == [True, True]
        purge(archive, ["secret"])
        assert held() == [False, False]
        assert contents(archive.view()) == texts()
        return switch(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(reembedding, "_switch", purge_first)
    changed = other(archive)
    assert reembed(changed, lambda _: None)
    assert held() == [False, False]
    assert contents_of(changed.view()) == texts()
    compact(changed)
    assert contents_of(changed.view()) == texts()
    assert examine(changed).ok, examine(changed)
    changed.close()


def test_the_last_passage_is_found_without_walking_over_an_unfinished_change(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reembedding, "_switch", stop)
    changed = other(archive)
    with pytest.raises(KeyboardInterrupt):
        reembed(changed, lambda _: None)
    last, of_all = (archive.store.rows(f"SELECT max(passage) FROM vector {of}")[0][0] for of in (_OLD, ""))
    assert of_all > last + N
    assert _newest(archive) == last
    assert work_of(archive, lambda: _newest(archive)) < N
    changed.close()


def work_of(archive: Archive, query: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for a query."""
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    connection = archive.files._connection()
    connection.set_progress_handler(count, 1)
    query()
    connection.set_progress_handler(None)
    return steps


def test_a_second_one_at_once_is_refused_and_told_who_is_at_it(archive: Archive) -> None:
    first, second = other(archive), other(archive, "words:3")
    told: list[str] = []

    def meanwhile(_: IndexEvent) -> None:
        if not told:
            with pytest.raises(AlreadyReembedding) as refused:
                reembed(second, lambda _: None)
            told.append(str(refused.value))

    assert reembed(first, meanwhile)
    assert told[0].startswith(f"process {os.getpid()} is re-embedding {archive.folder}: wait for it or stop it")
    assert contents_of(first.view()) == texts()
    assert examine(first).ok, examine(first)
    first.close()
    second.close()


@pytest.mark.parametrize("whole", [True, False])
def test_one_whose_turn_another_took_stops_and_switches_to_nothing(
    archive: Archive, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two would that know nothing of each other's lock: the second ends, or is half way, when the first goes on."""
    monkeypatch.setattr(reembedding, "_alone", lambda folder: nullcontext())
    first, second = other(archive), other(archive, "words:3")
    seen: list[IndexEvent] = []

    def stop(_: IndexEvent) -> None:
        if not whole:
            raise KeyboardInterrupt

    def meanwhile(event: IndexEvent) -> None:
        if not seen:
            seen.append(event)
            with nullcontext() if whole else pytest.raises(KeyboardInterrupt):
                reembed(second, stop)

    with pytest.raises(AlreadyReembedding):
        reembed(first, meanwhile)
    if not whole:
        assert progress(archive.store) == (64, N, "words:3")
        assert contents(archive.view()) == texts()
        assert reembed(second, lambda _: None)
    assert second.store.rows("SELECT DISTINCT embedder FROM vector") == [("words:3",)]
    assert contents_of(second.view()) == texts()
    assert examine(second).ok, examine(second)
    first.close()
    second.close()


def test_passages_without_vectors_of_the_new_embedder_count_as_missing(archive: Archive) -> None:
    """As an earlier version could leave them: what a third embedder had made, taken for one's own."""
    changed = other(archive)
    with pytest.raises(KeyboardInterrupt):
        reembed(changed, interrupt)
    with archive.store.writing() as writing:
        writing.rows("UPDATE vector SET embedder = 'words:3' WHERE embedder = 'words:2'")
    assert progress(archive.store) == (0, N, "words:2")
    assert reembed(changed, lambda _: None)
    assert contents_of(changed.view()) == texts()
    assert examine(changed).ok, examine(changed)
    changed.close()


def interrupt(_: IndexEvent) -> None:
    raise KeyboardInterrupt


def test_an_article_that_is_purged_while_it_is_read_is_left_out(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, at, purged = other(archive), Articles.at, list[int]()

    def purge_first(self: Articles, row: int) -> Article:
        if not purged:
            purged.append(row)
            purge(archive, ["a1"])
        return at(self, row)

    monkeypatch.setattr(Articles, "at", purge_first)
    assert reembed(changed, lambda _: None)
    assert contents_of(changed.view()) == {key: text for key, text in texts().items() if key != "a1"}
    assert examine(changed).ok, examine(changed)
    changed.close()
