"""`delete --purge` and `compact`: what is gone is gone from every file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tantivy

from indexer import purge as purging
from indexer.archive import Archive
from indexer.commit import commit, delete
from indexer.doctor import examine
from indexer.errors import ArchiveBusy, ArchiveReadOnly, ArticleNotFound
from indexer.files import kernel_lock
from indexer.purge import compact, finish, is_due, purge
from indexer.remembered import Memory
from indexer.seal import settle
from indexer.sizes import parts
from indexer.sources.source import Validators
from indexer.store import Store
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, draft, lexical_ids, put

SECRET = ["zanzibar", "quixotic", "vermilion", "obelisk"]  # words that no other article has
TEXT = " ".join(SECRET)
EARLIER = "palimpsest marzipan"
URL = "https://gazette.example/samovar"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """On disk, in the log and in memory there are an article, its earlier version and a copy of its text."""
    opened = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for i in range(30):
        put(opened, f"a{i}", f"khan met xi a{i}")
    put(opened, "secret", EARLIER, title="Kedgeree", author="Wisteria Fandango")
    settle(opened, force=True)
    put(opened, "secret", TEXT, title="Kedgeree", author="Wisteria Fandango", source="Gazette", url=f"{URL}#top")
    memory = Memory(opened, "reader")
    for key in (URL, f"{URL}#page=2", "test:secret", "test:a1"):
        memory.refuse(key, "0" * 64, "extractor", f"{key} was empty")
    memory.fetched(URL, Validators("etag-of-samovar", None))
    memory.save()
    put(opened, "last", "roads boycott")
    settle(opened, force=True)
    yield opened
    opened.close()


def everything() -> list[bytes]:
    """What must not be found: words, names, ids, and the vectors themselves."""
    vectors = [WordEmbedder().encode([(None, piece)]) for piece in ("zanzibar quixotic", " vermilion obelisk", EARLIER)]
    words = [*SECRET, *EARLIER.split(), "Kedgeree", "kedgere", "Wisteria", "Fandango", "Gazette", "test:secret"]
    words += [URL, "samovar"]
    return [word.encode() for word in words] + [vector.astype("<f2").tobytes()[:16] for vector in vectors]


def found(folder: Path) -> set[bytes]:
    """What of it lies in the bytes of any file."""
    whole = b"\0".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    return {piece for piece in everything() if piece in whole}


def terms(folder: Path) -> int:
    """How often the words of the article stand in the term dictionaries, which are not plain text."""
    total = 0
    for home in (folder / "lexical").iterdir():
        index = tantivy.Index.open(str(home))
        for field in ("text", "exact", "title", "author", "source", "id"):
            words = [*SECRET, *EARLIER.split(), "kedger", "Wisteria Fandango", "Gazette", "secret"]
            total += sum(index.searcher().doc_freq(field, word) for word in words)
    return total


def test_no_byte_of_a_purged_article_is_left_in_any_file(archive: Archive) -> None:
    assert {b"zanzibar", b"palimpsest", b"Fandango", b"test:secret", URL.encode()} <= found(archive.folder)
    assert {vector for vector in everything() if len(vector) == 16 and vector in found(archive.folder)}
    assert terms(archive.folder) > 0
    before = archive.view().info
    assert purge(archive, ["secret"]) == ["secret"]
    assert found(archive.folder) == set()
    assert terms(archive.folder) == 0
    assert archive.store.rows("SELECT key FROM refusal") == [("test:a1",)]
    assert archive.view().info.articles == before.articles - 1
    assert contents(archive.view()).keys() == {f"a{i}" for i in range(30)} | {"last"}
    assert lexical_ids(archive.view(), "khan") == {f"a{i}" for i in range(30)}
    assert examine(archive).ok, examine(archive)


def test_an_article_that_was_deleted_before_is_purged_too(archive: Archive) -> None:
    delete(archive, ["secret"])
    assert found(archive.folder)
    purge(archive, ["secret"])
    assert found(archive.folder) == set()
    with pytest.raises(ArticleNotFound):
        purge(archive, ["secret"])


def test_purging_what_never_was_purges_nothing(archive: Archive) -> None:
    with pytest.raises(ArticleNotFound, match="'nobody'"):
        purge(archive, ["secret", "nobody"])
    assert archive.view().article("secret").text == TEXT
    assert not is_due(archive.store)


def test_a_purged_article_can_come_back(archive: Archive) -> None:
    purge(archive, ["secret"])
    assert put(archive, "secret", TEXT).status == "added"
    assert lexical_ids(archive.view(), "zanzibar") == {"secret"}


def test_what_nothing_is_left_of_a_segment_is_sealed_empty(archive: Archive) -> None:
    purge(archive, [*(f"a{i}" for i in range(30)), "secret", "last"])
    assert archive.view().info.passages == 0
    assert archive.view().dense.search(WordEmbedder().encode_query("khan"), 5) == []
    put(archive, "new", "khan")
    settle(archive, force=True)
    assert contents(archive.view()) == {"new": "khan"}
    assert examine(archive).ok


def test_links_to_near_duplicates_go_too(archive: Archive) -> None:
    long = " ".join(f"word{i}" for i in range(60))
    put(archive, "one", long)
    put(archive, "two", f"{long} more")
    assert archive.store.rows("SELECT count(*) FROM near") == [(2,)]
    purge(archive, ["one"])
    assert archive.store.rows("SELECT count(*) FROM near") == [(0,)]
    assert archive.store.rows("SELECT count(*) FROM band WHERE article NOT IN (SELECT rowid FROM article)") == [(0,)]


@pytest.mark.parametrize("stop", ["without_dead", "_remove_rows", "shrink", "fold"])
def test_a_purge_that_was_cut_off_is_told_and_finished(
    archive: Archive, stop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise ArchiveReadOnly(archive.folder, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(Store if stop in {"shrink", "fold"} else purging, stop, cut)
        with pytest.raises(ArchiveReadOnly):
            purge(archive, ["secret"])
    assert archive.view().find("secret") is None
    assert "secret" not in contents(archive.view())
    assert "zanzibar" not in str(contents(archive.view()))
    check = next(check for check in examine(archive).checks if check.name == "purged")
    assert not check.ok
    assert "--repair" in check.detail
    finish(archive)
    assert found(archive.folder) == set()
    assert examine(archive).ok


def test_compacting_gives_back_the_space_of_what_is_gone(archive: Archive) -> None:
    for i in range(30):
        put(archive, f"a{i}", f"khan met xi again {'word ' * 300} {i}")
    delete(archive, ["secret", *(f"a{i}" for i in range(20))])
    settle(archive, force=True)
    expected = contents(archive.view())
    done = compact(archive)
    assert done.before - done.after > 20 * 300 * 5
    assert done.after == purging.folder_bytes(archive.folder) == sum(parts(archive.store).values())
    assert contents(archive.view()) == expected
    assert found(archive.folder) == set()
    assert archive.store.rows("SELECT count(*) FROM article WHERE removed_seq IS NOT NULL") == [(0,)]
    assert examine(archive).ok
    assert compact(archive).before == done.after


def test_a_request_that_is_running_starts_anew(archive: Archive) -> None:
    """It has seen the article, and purging takes it away: the reply is that of the archive without it."""
    times: list[int] = []

    def work(view) -> set[str]:  # type: ignore[no-untyped-def]  # noqa: ANN001
        times.append(view.info.sequence)
        hits = view.dense.search(WordEmbedder().encode_query("zanzibar quixotic"), 3)
        if len(times) == 1:
            purge(archive, ["secret"])
        return {view.article_at(place.article).id for place in view.passages([row for row, _ in hits])}

    assert "secret" not in archive.searching(work)
    assert len(times) == 2


def test_readers_in_another_process_see_it_go_and_fail_no_request(archive: Archive) -> None:
    """Another `Archive` has its own caches, as another process has; it reads without a pause."""
    reader = Archive(archive.folder, WordEmbedder())
    gone, wrong, stop = set[str](), list[str](), threading.Event()

    def read() -> None:
        while not stop.is_set():
            known = set(gone)
            try:
                shown = set(reader.searching(contents))
            except BaseException as error:
                wrong.append(repr(error))
                return
            wrong.extend(known & shown)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for i in range(8):
        purge(archive, [f"a{i}"])
        gone.add(f"a{i}")
        put(archive, f"b{i}", "roads")
    stop.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert contents(reader.view()) == contents(archive.view())
    reader.close()


def test_who_seals_is_waited_for_but_not_for_ever(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.seal._PATIENCE", 0.3)
    with kernel_lock(archive.folder / "seal.lock") as mine:
        assert mine
        with pytest.raises(ArchiveBusy):
            purge(archive, ["secret"])
    assert archive.view().find("secret") is None
    finish(archive)
    assert found(archive.folder) == set()


def test_the_parts_add_up(archive: Archive) -> None:
    sizes = parts(archive.store)
    assert sum(sizes.values()) == purging.folder_bytes(archive.folder)
    assert {"store: articles", "store: vectors", "store: log", "dense search", "lexical search"} <= sizes.keys()
    assert min(sizes.values()) >= 0


def test_what_is_remembered_of_a_feed_goes_with_the_last_of_its_articles(archive: Archive) -> None:
    feed, memory = "https://feed.example/rss", Memory(archive, "reader")
    for name in ("one", "two"):
        draft_of = draft(archive, name, f"roads {name}")
        commit(archive, [draft_of._replace(page=replace(draft_of.page, origin=f"{feed}#{name}"))])
    for key in (f"{feed}#one", f"{feed}#three"):
        memory.refuse(key, "0" * 64, "extractor", "it is empty")
    memory.fetched(feed, Validators("etag", None))
    memory.save()
    purge(archive, ["one"])
    kept = archive.store.rows("SELECT key FROM refusal WHERE key GLOB 'https://feed*'")
    assert kept == [(f"{feed}#three",)]
    assert archive.store.rows("SELECT url FROM fetched WHERE url = ?", (feed,)) == [(feed,)]
    purge(archive, ["two"])
    assert feed.encode() not in b"".join(file.read_bytes() for file in archive.folder.rglob("*") if file.is_file())
