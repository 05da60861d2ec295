from __future__ import annotations

import logging
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import caches, dense, files, lexical_files, nearest, seal
from indexer.archive import Archive
from indexer.commit import delete
from indexer.dense import Segments
from indexer.doctor import examine
from indexer.errors import PullquoteError
from indexer.files import kernel_lock
from indexer.lexical import LexicalIndex, Words
from indexer.purge import purge
from indexer.seal import repair, settle
from indexer.types import Filters
from indexer.views import View
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import WORDS, contents, ids, lexical_ids, put, texts

histories = st.lists(
    st.one_of(
        st.tuples(st.just("put"), ids, texts),
        st.tuples(st.just("delete"), ids, st.just("")),
        st.tuples(st.sampled_from(["settle", "reopen", "forget"]), st.just(""), st.just("")),
    ),
    min_size=1,
    max_size=14,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def replace(file: Path, content: bytes) -> None:
    """Put other bytes under a file's name; what is open keeps the old ones, as it would on a disk that went bad."""
    fresh = file.with_suffix(".fresh")
    fresh.write_bytes(content)
    fresh.replace(file)


def ranking(view: View, query: str) -> list[tuple[str, int, float]]:
    """What dense search finds, as article, offset and score."""
    found = view.dense.search(WordEmbedder().encode_query(query), 1000)
    places = view.passages([row for row, _ in found])
    return sorted((view.article_at(p.article).id, p.start, s) for p, (_, s) in zip(places, found, strict=True))


@settings(max_examples=30, deadline=None)
@given(history=histories)
def test_any_history_of_sealing_and_losing_caches_shows_what_the_store_holds(
    history: list[tuple[str, str, str]],
) -> None:
    """Law 6 of the design: sealing, merging, deleting the caches and rebuilding change no reply."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", WordEmbedder(), create=True)
        never_sealed = Archive(Path(folder) / "other", WordEmbedder(), create=True)
        model: dict[str, str] = {}
        for what, article_id, text in history:
            if what == "put":
                put(archive, article_id, text)
                put(never_sealed, article_id, text)
                model[article_id] = text
            elif what == "delete" and model.pop(article_id, None) is not None:
                delete(archive, [article_id])
                delete(never_sealed, [article_id])
            elif what == "settle":
                settle(archive, force=True)
            elif what == "forget":
                for cache in ("dense", "lexical"):
                    for file in (archive.folder / cache).rglob("*.*"):
                        file.unlink()
                repair(archive)
            elif what == "reopen":
                archive.close()
                archive = Archive(archive.folder, WordEmbedder())
            assert contents(archive.view()) == model
            assert ranking(archive.view(), "khan xi") == ranking(never_sealed.view(), "khan xi")
        for word in WORDS:
            assert lexical_ids(archive.view(), word) == {i for i, text in model.items() if word in text.split()}
        archive.close()
        never_sealed.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, largest=st.sampled_from([6, 10, 1000]))
def test_any_history_of_approximate_segments_gives_exact_scores_and_rebuilds_to_the_same_bytes(
    history: list[tuple[str, str, str]], largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 6 of the design, for segments with codes: a rebuild is a function of the store alone."""
    small = (("APPROXIMATE_AT", 4), ("FEW", 0), ("LARGEST", largest), ("_LEAST_CANDIDATES", 1), ("_CANDIDATES", 1))
    for name, value in small:
        monkeypatch.setattr(dense, name, value)
    monkeypatch.setattr(nearest, "LIST", 2)
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", WordEmbedder(), create=True)
        for i in range(6):
            put(archive, f"base{i}", f"khan xi {WORDS[i % len(WORDS)]} base{i}")
        for what, article_id, text in history:
            if what == "put":
                put(archive, article_id, text)
            elif what == "delete" and archive.view().find(article_id) is not None:
                delete(archive, [article_id])
            elif what == "reopen":
                archive.close()
                archive = Archive(archive.folder, WordEmbedder())
            else:
                settle(archive, force=True)
                rebuilt_alike(archive)
            found = archive.view().dense.search(WordEmbedder().encode_query("khan xi"), 3)
            assert len(found) == min(3, archive.view().info.passages)
            assert set(found) <= exact(archive.view())
        archive.close()


def exact(view: View) -> set[tuple[int, float]]:
    """Each passage of the store with its score, from an index in memory."""
    sql = f"""SELECT passage.rowid, fp16 FROM passage JOIN article ON article.rowid = article
        JOIN vector ON passage = passage.rowid WHERE {caches.VISIBLE} ORDER BY 1"""
    rows = view.rows(sql, {"s": view.info.sequence})
    passages = np.array([row for row, _ in rows], np.int64)
    memory = Segments(32, [dense.in_memory(passages, caches.floats([blob for _, blob in rows], 32))])
    return set(memory.search(WordEmbedder().encode_query("khan xi"), len(rows)))


def rebuilt_alike(archive: Archive) -> None:
    """Lose the caches of dense search, twice: what is made again has the same bytes and gives the same reply."""
    query, seen = WordEmbedder().encode_query("khan xi"), []
    for _ in range(2):
        for file in (archive.folder / "dense").rglob("*.*"):
            file.unlink()
        assert repair(archive) == bool(hashes(archive))
        seen.append((hashes(archive), archive.view().dense.search(query, 3)))
    assert seen[0] == seen[1]


def hashes(archive: Archive) -> list[dict[str, str]]:
    _, layout = caches.read_layout(archive.store)
    return [{name: stamp.sha256 for name, stamp in row.files.items()} for row in layout.segments]


def test_no_segment_grows_beyond_the_largest(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "LARGEST", 16)
    before = ranking(archive.view(), "khan xi")
    settle(archive, force=True)
    assert archive.store.rows("SELECT n FROM segment ORDER BY first") == [(16,), (16,), (8,)]
    assert ranking(archive.view(), "khan xi") == before
    for i in range(5):
        put(archive, f"new{i}", "roads")
    settle(archive, force=True)
    assert archive.store.rows("SELECT n FROM segment ORDER BY first") == [(16,), (16,), (13,)]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for i in range(20):
        put(opened, f"a{i}", f"khan met xi a{i}")
    yield opened
    opened.close()


def test_sealing_moves_memory_to_disk_and_changes_no_sequence(archive: Archive) -> None:
    before = archive.view()
    assert before.info.layout == "0 sealed, 40 in memory"
    assert settle(archive, force=True)
    after = archive.view()
    assert after.info.layout == "1 sealed, 0 in memory"
    assert after.info.sequence == before.info.sequence
    assert ranking(after, "khan xi") == ranking(before, "khan xi")
    assert after.lexical.search("khan", 99, Filters()) == before.lexical.search("khan", 99, Filters())
    assert not settle(archive, force=True)  # nothing more to do


def test_little_is_left_in_memory_unless_forced(archive: Archive) -> None:
    assert not settle(archive)
    assert archive.view().info.layout == "0 sealed, 40 in memory"


def test_small_segments_are_merged_and_old_folders_go(archive: Archive) -> None:
    for i in range(5):
        settle(archive, force=True)
        put(archive, f"b{i}", "olympics boycott roads")
    settle(archive, force=True)
    assert len(names(archive.folder / "dense")) == archive.store.rows("SELECT count(*) FROM segment")[0][0] <= 2
    assert len(names(archive.folder / "lexical")) == 1


def test_a_view_outlives_the_files_it_reads(archive: Archive) -> None:
    settle(archive, force=True)
    held = archive.view()
    expected, words = contents(held), lexical_ids(held, "khan")
    for i in range(20):
        delete(archive, [f"a{i}"])
    put(archive, "new", "roads")
    settle(archive, force=True)
    assert contents(archive.view()) == {"new": "roads"}
    assert (contents(held), lexical_ids(held, "khan")) == (expected, words)


def test_another_process_opens_what_was_sealed(archive: Archive) -> None:
    other = Archive(archive.folder, WordEmbedder())
    assert other.view().info.layout == "0 sealed, 40 in memory"
    settle(archive, force=True)
    assert other.view().info.layout == "1 sealed, 0 in memory"
    other.close()


def words_read(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many passages are indexed again at each opening of the archive: noted from now on."""
    counts: list[int] = []
    read = caches.new_words

    def counted(*given: int) -> Iterator[Words]:
        words = list(read(*given))  # type: ignore[arg-type]
        counts.append(len(words))
        yield from words

    monkeypatch.setattr(caches, "new_words", counted)
    return counts


class Killed(BaseException):
    """As SIGKILL: nothing catches it."""


@pytest.mark.parametrize("when", ["sign", "sync", "_record"])
def test_a_kill_around_a_commit_of_words_costs_no_second_indexing(
    archive: Archive, when: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settle(archive, force=True)
    put(archive, "late", "olympics boycott")

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(seal, when, kill)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)  # nothing is put away after a kill
        with pytest.raises(Killed):
            settle(archive, force=True)
    assert len(names(archive.folder / "lexical")) == 2
    counts = words_read(archive, monkeypatch)
    again = Archive(archive.folder, WordEmbedder())
    assert lexical_ids(again.view(), "khan") == {f"a{i}" for i in range(20)}
    assert lexical_ids(again.view(), "olympics") == {"late"}
    assert counts == [1]  # what came since the commit before
    assert caplog.text == ""
    assert settle(again, force=True)
    assert len(names(archive.folder / "lexical")) == 1
    assert lexical_ids(again.view(), "olympics") == {"late"}
    again.close()


def test_an_opening_while_words_are_merged_neither_waits_nor_indexes_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settle(archive, force=True)
    put(archive, "late", "olympics boycott")
    counts, seen = words_read(archive, monkeypatch), list[set[str]]()
    sign = lexical_files.sign

    def merging(home: Path) -> None:  # tantivy has committed; nothing is signed yet
        begun = time.monotonic()
        other = Archive(archive.folder, WordEmbedder())
        seen.append(lexical_ids(other.view(), "khan") | lexical_ids(other.view(), "olympics"))
        assert time.monotonic() - begun < 4
        other.close()
        sign(home)

    monkeypatch.setattr(seal, "sign", merging)
    assert settle(archive, force=True)
    assert seen == [{"late", *(f"a{i}" for i in range(20))}]
    assert counts == [1, 1]  # by the commit, and by who opened meanwhile
    assert caplog.text == ""


def test_files_of_an_earlier_commit_are_still_trusted_after_the_next(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to a file, or the end of one, changes its change time: it is signed anew."""
    settle(archive, force=True)
    put(archive, "late", "olympics boycott")
    assert settle(archive, force=True)
    monkeypatch.setattr(lexical_files, "_has_its_crc", lambda file: pytest.fail(f"{file} is read"))
    _, layout = caches.read_layout(archive.store)
    assert lexical_files.sound(archive.folder / "lexical" / str(layout.lexical))


def test_words_that_are_distrusted_are_made_anew_by_the_next_commit(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    settle(archive, force=True)
    _, layout = caches.read_layout(archive.store)
    archive.distrust([str(layout.lexical)])
    assert lexical_ids(archive.view(), "khan") == {f"a{i}" for i in range(20)}
    assert f"{layout.lexical} is missing or damaged: words are read from the store" in caplog.text
    caplog.clear()
    assert settle(archive, force=True)  # though nothing was written since
    _, after = caches.read_layout(archive.store)
    assert str(after.lexical).partition("-")[0] != str(layout.lexical).partition("-")[0]
    put(archive, "late", "olympics boycott")
    assert settle(archive, force=True)
    assert lexical_ids(archive.view(), "khan") == {f"a{i}" for i in range(20)}
    assert lexical_ids(archive.view(), "olympics") >= {"late"}
    assert not caplog.text


def test_what_a_writer_puts_elsewhere_meanwhile_is_no_damage(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(archive, force=True)
    looked: list[str] = []

    def moving(folder: Path, name: str | None, sequence: int, trust: bool = True) -> LexicalIndex | None:
        looked.append(str(name))
        if len(looked) == 1:
            with monkeypatch.context() as patched:
                patched.setattr(caches, "open_lexical", open_lexical)
                put(archive, "late", "olympics boycott")
                assert settle(archive, force=True)
        return open_lexical(folder, name, sequence, trust)

    open_lexical = caches.open_lexical
    monkeypatch.setattr(caches, "open_lexical", moving)
    found = {check.name: check for check in examine(archive).checks}
    assert found["lexical"].ok, found["lexical"]
    assert looked[0] != looked[1]


def test_one_process_at_a_time_seals(archive: Archive) -> None:
    with kernel_lock(archive.folder / caches.LOCK) as mine:
        assert mine
        assert (archive.folder / caches.LOCK).read_text().split()[1] == str(os.getpid())
        assert not settle(archive, force=True)
    assert settle(archive, force=True)


def test_what_is_mostly_dead_is_rewritten(archive: Archive) -> None:
    settle(archive, force=True)
    delete(archive, [f"a{i}" for i in range(10)])
    assert archive.view().info.passages == 20
    settle(archive, force=True)
    assert archive.store.rows("SELECT n FROM segment") == [(20,)]


def test_a_cache_of_a_later_store_is_not_used(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    settle(archive, force=True)
    archive.close()
    behind = Archive(archive.folder, WordEmbedder())
    with behind.store.writing() as writing:  # as a restored backup would be
        writing.rows("UPDATE meta SET value = 5 WHERE key = 'sequence'")
        writing.rows("UPDATE article SET removed_seq = 5 WHERE added_seq > 5")
    with caplog.at_level(logging.WARNING):
        assert lexical_ids(behind.view(), "khan") == {f"a{i}" for i in range(5)}
    assert "doctor --repair" in caplog.text
    behind.close()


def test_300_damaged_cache_files_give_no_wrong_reply(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    """Flips and truncations are noticed: the reply is that of the store. A flip in a file nobody parses is harmless."""
    settle(archive, force=True)
    expected, words = contents(archive.view()), lexical_ids(archive.view(), "khan")
    archive.close()
    every = [file for kind in ("dense", "lexical") for file in (archive.folder / kind).rglob("*") if file.is_file()]
    every = [file for file in every if file.stat().st_size]
    chance = random.Random(3)
    noticed = 0
    for _ in range(300):
        file = chance.choice(every)
        whole = file.read_bytes()
        damaged = bytearray(whole)
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        else:
            bit = chance.randrange(8 * len(damaged))
            damaged[bit // 8] ^= 1 << bit % 8
        replace(file, bytes(damaged))
        caplog.clear()
        try:
            again = Archive(archive.folder, WordEmbedder())
            assert contents(again.view()) == expected, file.name
            assert lexical_ids(again.view(), "khan") == words, file.name
            again.close()
        except PullquoteError:
            pytest.fail(f"{file.name}: a damaged cache is no reason to refuse, the store has it all")
        noticed += "doctor --repair" in caplog.text
        replace(file, whole)
    assert noticed > 150


def test_repair_makes_damaged_caches_whole(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    settle(archive, force=True)
    expected = contents(archive.view())
    archive.close()
    for file in (*(archive.folder / "dense").rglob("*.faiss"), *(archive.folder / "lexical").rglob("meta.json")):
        replace(file, b"damaged")
    again = Archive(archive.folder, WordEmbedder())
    assert repair(again)
    caplog.clear()
    assert contents(again.view()) == expected
    assert caplog.text == ""
    assert not repair(again)
    again.close()


def test_a_copied_folder_is_hashed_once_and_believed_after_repair(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(archive, force=True)
    expected = contents(archive.view())
    archive.close()
    copy = Archive(shutil.copytree(archive.folder, tmp_path / "copy"), WordEmbedder())
    assert not repair(copy)  # nothing was damaged
    copy.close()
    monkeypatch.setattr(files, "stamp", lambda file: pytest.fail(f"{file} is hashed"))
    monkeypatch.setattr(lexical_files, "_has_its_crc", lambda file: pytest.fail(f"{file} is read"))
    again = Archive(copy.folder, WordEmbedder())
    assert contents(again.view()) == expected
    assert lexical_ids(again.view(), "khan") == set(expected)
    again.close()


def test_a_full_disk_while_sealing_leaves_the_store_and_the_last_caches(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(archive, force=True)
    put(archive, "late", "olympics")
    expected = contents(archive.view())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dense, "save_vectors", full)
    with pytest.raises(PullquoteError, match="No space left"):
        settle(archive, force=True)
    assert contents(archive.view()) == expected
    assert not [name for name in names(archive.folder / "dense") if name.startswith(".making")]
    assert len(names(archive.folder / "dense")) == 1


def test_words_are_put_on_disk_more_often_than_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.seal.WORDS_AT", 8)
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    reader = Archive(tmp_path / "archive", WordEmbedder())
    for i in range(7):
        put(archive, f"a{i}", f"khan a{i}")
    before = reader.view()
    assert not settle(archive)
    put(archive, "a7", "khan a7")
    assert settle(archive)
    assert not settle(archive)
    sequence, layout = caches.read_layout(archive.store)
    assert layout.segments == ()
    disk = caches.open_lexical(archive.folder, layout.lexical, sequence)
    assert disk is not None
    assert disk.sequence == sequence
    after = reader.view()
    assert after.dense.segments.segments[0] is before.dense.segments.segments[0]  # type: ignore[attr-defined]  # not read again
    assert lexical_ids(after, "khan") == {f"a{i}" for i in range(8)}
    assert contents(after) == contents(archive.view()) == {f"a{i}": f"khan a{i}" for i in range(8)}
    for i in range(8, 16):
        put(archive, f"a{i}", f"khan a{i}")
    assert settle(archive)
    assert lexical_ids(reader.view(), "khan") == {f"a{i}" for i in range(16)}
    archive.close()
    reader.close()


def test_what_is_purged_in_memory_is_gone_where_only_words_were_put_on_disk(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    reader = Archive(tmp_path / "archive", WordEmbedder())
    put(archive, "secret", "zanzibar quixotic")
    put(archive, "a", "khan met xi")
    assert set(contents(reader.view())) == {"a", "secret"}
    purge(archive, ["secret"])
    assert contents(reader.view()) == {"a": "khan met xi"}
    archive.close()
    reader.close()
