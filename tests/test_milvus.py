"""An archive that Milvus searches: crashes between store and index, what either side lacks, a server that stops."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from api.cli import main
from indexer import outbox
from indexer.archive import Archive as Inner
from indexer.commit import commit, delete
from indexer.doctor import examine
from indexer.errors import ArchiveUnavailable, IndexMismatch, InvalidInput
from indexer.generations import set_meta
from indexer.milvus import Milvus, shown
from indexer.milvus_rows import Entry, expression, partition_of, partitions
from indexer.purge import purge
from indexer.shared import SharedIndex
from indexer.types import Filters, Reply, VectorSpace
from pullquote import Archive, init
from retriever.search import search
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, lexical_ids, put
from tests.milvus import MilvusLite
from tests.proxy import Proxy

SEEDS = Path(__file__).parent.parent / "seeds"
QUESTIONS = ["What did Xi pledge?", "Where did Imran Khan meet Xi Jinping?", "Who is the chief executive of Apple?"]


@pytest.fixture
def place(tmp_path: Path, milvus: MilvusLite) -> Path:
    init(tmp_path / "archive", milvus.url)
    return tmp_path / "archive"


@pytest.fixture
def archive(place: Path) -> Inner:
    return Inner(place, WordEmbedder())


def milvus_of(archive: Inner) -> Milvus:
    return cast(SharedIndex, archive.index).milvus


def index_check(archive: Inner) -> tuple[bool, str]:
    return next((check.ok, check.detail) for check in examine(archive).checks if check.name == "index")


def test_both_indexes_give_the_seed_answer_and_nearly_the_same_rankings(tmp_path: Path, place: Path) -> None:
    news = tmp_path / "news"
    news.mkdir()
    shutil.copy(next(SEEDS.glob("000_*.txt")), news)
    lines = (SEEDS / "wikinews.jsonl").read_text("utf-8").splitlines(keepends=True)[:20]
    (news / "others.jsonl").write_text("".join(lines), "utf-8")
    with Archive(tmp_path / "folder", create=True) as folder, Archive(place) as shared:
        assert folder.index(news).added == shared.index(news).added == 21
        ours, theirs = [replies(archive) for archive in (folder, shared)]
        assert [reply.answered for reply in theirs] == [True, True, False]
        assert (theirs[0].answers[0].range.start, theirs[0].answers[0].range.end) == (554, 690)
        assert theirs[0].view.layout == "in Milvus"
        for one, other in zip(ours, theirs, strict=True):
            assert [(a.answer, a.range, a.article, a.citation) for a in other.answers[:1]] == [
                (a.answer, a.range, a.article, a.citation) for a in one.answers[:1]
            ]
        for question in QUESTIONS:
            dense = [archive.search(question, mode="dense").items for archive in (folder, shared)]
            assert dense[0] == dense[1]  # scored by the same 16 bits: to the bit
            found = [
                {(hit.article.id, hit.range.start) for hit in archive.search(question).items}
                for archive in (folder, shared)
            ]
            assert len(found[0] & found[1]) >= 9, question  # overlap@10: words are counted otherwise


def replies(archive: Archive) -> list[Reply]:
    return [replace(archive.ask(question), timings_ms={}) for question in QUESTIONS]


KILLED = {
    "before the index": "shared.SharedIndex.follow = die",
    "between index and outbox": "outbox.done = die",
}


@pytest.mark.parametrize("when", KILLED)
def test_a_kill_between_store_and_index_loses_nothing(place: Path, when: str) -> None:
    script = f"""import os, signal, sys
from pathlib import Path
from indexer import outbox, shared
from indexer.archive import Archive
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import put
archive = Archive(Path(sys.argv[1]), WordEmbedder())
put(archive, "a", "khan met xi")
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
{KILLED[when]}
put(archive, "b", "khan pledged roads")
"""
    done = subprocess.run([sys.executable, "-c", script, str(place)], check=False)
    assert done.returncode == -signal.SIGKILL
    archive = Inner(place, WordEmbedder())
    assert len(outbox.due(archive.store)) == 1
    assert contents(archive.view()) == {"a": "khan met xi", "b": "khan pledged roads"}  # who looks, brings it up
    assert outbox.due(archive.store) == []
    assert milvus_of(archive).count() == 4
    assert index_check(archive) == (True, f"4 passages in {archive.index.place}, as stored")
    archive.close()


def test_what_is_deleted_is_not_shown_though_milvus_has_it_and_the_search_goes_deeper(archive: Inner) -> None:
    for name in "abcdef":
        put(archive, name, "khan met")
    put(archive, "g", "khan met xi")
    before = archive.view()
    delete(archive, [*"abcdef"])
    assert milvus_of(archive).count() == 8
    view = archive.view()
    assert contents(view) == {"g": "khan met xi"}
    assert lexical_ids(view, "khan") == {"g"}
    assert len(view.dense.search(WordEmbedder().encode_query("khan met"), 1)) == 1  # its six betters are gone
    assert lexical_ids(before, "khan") == {*"abcdefg"}  # a view stays what it was
    assert index_check(archive)[0]
    archive.index.repair()
    assert milvus_of(archive).rows(1, 99) == {row for row, _ in view.dense.search(WordEmbedder().encode_query("x"), 9)}
    archive.close()


def test_what_was_removed_leaves_milvus_after_a_while(archive: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "GRACE", -1)
    put(archive, "a", "khan met xi")
    put(archive, "a", "khan met nobody")
    assert contents(archive.view()) == {"a": "khan met nobody"}
    assert milvus_of(archive).count() == 2
    delete(archive, ["a"])
    assert milvus_of(archive).count() == 0
    archive.close()


def test_what_was_removed_leaves_milvus_by_whoever_searches(archive: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    put(archive, "a", "khan met xi")
    put(archive, "b", "khan met xi")
    monkeypatch.setattr(outbox, "GRACE", 1)
    delete(archive, ["a"])
    view = archive.view()
    time.sleep(1.1)
    deadline = time.monotonic() + 20
    while milvus_of(archive).count() != 2:
        assert lexical_ids(view, "khan") == {"b"}
        assert time.monotonic() < deadline
    archive.close()


def test_a_passage_without_a_word_is_found_by_meaning_alone(archive: Inner) -> None:
    put(archive, "a", "!? … –")
    put(archive, "b", "khan")
    assert contents(archive.view()) == {"a": "!? … –", "b": "khan"}
    assert lexical_ids(archive.view(), "!?") == set()
    archive.close()


def test_doctor_compares_both_sides_and_repairs(archive: Inner) -> None:
    put(archive, "a", "khan met xi")
    put(archive, "b", "khan pledged roads")
    held = milvus_of(archive)
    words = next(cast(SharedIndex, archive.index)._entries([1])).words
    held.put([Entry(words._replace(passage=77, article=77), 1, np.ones(32, np.float32))])
    held.drop_passages([1, 3])
    ok, detail = index_check(archive)
    assert not ok
    assert detail.endswith("lacks 2 passages and has 1 that are not stored")
    assert contents(archive.view()) == {"a": " xi", "b": " roads"}  # what is not stored is never shown
    archive.index.repair()
    assert index_check(archive)[0]
    assert held.rows(1, 99) == {1, 2, 3, 4}
    held.discard()
    archive.index.repair()
    assert contents(archive.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    archive.close()


def test_vectors_of_another_embedder_are_refused_with_both_names_and_mended(archive: Inner, place: Path) -> None:
    put(archive, "a", "khan met xi")
    milvus_of(archive).discard()
    milvus_of(archive).prepare(VectorSpace("words:9", 32))
    again = Inner(place, WordEmbedder())
    with pytest.raises(IndexMismatch, match=r"embedder words:9, the archive those of words:1.*doctor --repair"):
        again.view()
    assert not index_check(again)[0]
    again.index.repair()
    assert contents(again.view()) == {"a": "khan met xi"}
    archive.close()
    again.close()


def test_a_purge_leaves_nothing_in_milvus(archive: Inner) -> None:
    put(archive, "a", "khan met xi")
    put(archive, "b", "khan pledged roads")
    assert purge(archive, ["a"]) == ["a"]
    assert milvus_of(archive).rows(1, 99) == {3, 4}
    assert contents(archive.view()) == {"b": "khan pledged roads"}
    assert index_check(archive)[0]
    archive.close()


def test_milvus_that_stops_is_told_and_its_return_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with MilvusLite() as server:
        place = tmp_path / "archive"
        init(place, server.url)
        archive = Inner(place, WordEmbedder())
        put(archive, "a", "khan met xi")
        assert contents(archive.view()) == {"a": "khan met xi"}
        server.stop()
        began = time.monotonic()
        with pytest.raises(ArchiveUnavailable, match=r"milvus\+http://127\.0\.0\.1.* does not answer"):
            contents(archive.view())
        assert time.monotonic() - began < 15
        began = time.monotonic()
        for use in (lambda: lexical_ids(archive.view(), "khan"), archive.check):
            with pytest.raises(ArchiveUnavailable):
                use()
        assert put(archive, "b", "khan pledged roads").status == "added"  # stored; it is found later
        assert time.monotonic() - began < 2  # the circuit: nobody waits for it again
        assert [record.message for record in caplog.records if "once the index follows" in record.message]
        server.start()
        deadline = time.monotonic() + 30
        while True:
            try:
                assert contents(archive.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
                break
            except ArchiveUnavailable:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        archive.check()
        archive.close()


def test_a_network_that_is_slow_silent_or_cut_gives_no_wrong_reply_and_its_return_is_noticed(
    tmp_path: Path, milvus: MilvusLite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(milvus.port) as proxy:
        init(tmp_path / "archive", f"milvus+http://127.0.0.1:{proxy.port}")
        archive = Inner(tmp_path / "archive", WordEmbedder())
        put(archive, "a", "khan met xi")
        view = archive.view()
        with proxy.slow(0.05):
            assert contents(view) == {"a": "khan met xi"}
        monkeypatch.setattr("indexer.milvus._SECONDS", 0.5)
        for broken in (proxy.silent, proxy.cut):
            with broken():
                began = time.monotonic()
                with pytest.raises(ArchiveUnavailable, match="does not answer"):
                    contents(view)
                assert time.monotonic() - began < 4
            deadline = time.monotonic() + 30
            while True:
                try:
                    assert contents(view) == {"a": "khan met xi"}
                    break
                except ArchiveUnavailable:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
        archive.close()


def test_the_command_line_chooses_an_index(
    tmp_path: Path, milvus: MilvusLite, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "archive")
    for wrong in ("faiss", "milvus+http://", "milvus+http://host:port", "milvus:///folder/name"):
        assert main(["init", "--archive", place, "--index", wrong]) == 2
        assert "write milvus+http://host:19530" in capsys.readouterr().err
    assert main(["init", "--archive", place, "--index", "milvus+http://127.0.0.1:9"]) == 3
    assert "milvus+http://127.0.0.1:9 does not answer" in capsys.readouterr().err
    archive = Inner(Path(place), WordEmbedder())
    put(archive, "a", "khan met xi")
    assert main(["init", "--archive", place, "--index", milvus.url]) == 0
    with pytest.raises(InvalidInput, match="another one was chosen"):
        put(archive, "b", "khan")
    archive.close()
    shared = Inner(Path(place), WordEmbedder())
    assert contents(shared.view()) == {"a": "khan met xi"}
    assert shared.view().info.layout == "in Milvus"
    shared.close()
    assert main(["compact", "--archive", place]) == 0
    assert main(["init", "--archive", place, "--index", "embedded"]) == 0
    again = Inner(Path(place), WordEmbedder())
    put(again, "b", "khan")
    assert contents(again.view()) == {"a": "khan met xi", "b": "khan"}
    again.close()


def test_a_copy_does_not_share_the_collection(archive: Inner, milvus: MilvusLite, tmp_path: Path) -> None:
    put(archive, "a", "khan met xi")
    with archive.store.writing() as writing:  # another embedder's is being filled
        set_meta(writing, [("successor", "pullquote_next"), ("discarding", "pullquote_before")])
    (tmp_path / "copy").mkdir()
    archive.files.copy_to(tmp_path / "copy" / "archive.sqlite")
    for file in (tmp_path / "copy").iterdir():
        assert milvus.url.encode() not in file.read_bytes()  # it may hold a password
    copy = Inner(tmp_path / "copy", WordEmbedder())
    assert copy.index.is_local
    assert copy.store.meta("successor") is copy.store.meta("discarding") is None
    put(copy, "b", "khan pledged roads")
    assert contents(copy.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    assert contents(archive.view()) == {"a": "khan met xi"}
    copy.close()
    archive.close()


def test_who_knows_the_index_from_before_a_new_choice_takes_nothing_from_the_new_one(
    archive: Inner, place: Path, milvus: MilvusLite
) -> None:
    put(archive, "a", "khan met xi")
    assert contents(archive.view()) == {"a": "khan met xi"}
    for choice in ("embedded", milvus.url):
        init(place, choice)
    again = Inner(place, WordEmbedder())
    with again.store.writing() as writing:
        outbox.note_all(writing)
    cast(SharedIndex, archive.index)._look_at = 0.0  # a minute later
    assert lexical_ids(archive.view(), "khan") == {"a"}
    assert len(outbox.due(again.store)) == 1  # for the new collection
    with pytest.raises(InvalidInput, match="another one was chosen"):
        put(archive, "b", "khan")
    assert contents(again.view()) == {"a": "khan met xi"}
    assert outbox.due(again.store) == []
    archive.close()
    again.close()


def test_what_is_added_while_both_sides_are_compared_stays(
    archive: Inner, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archive, "a", "khan met xi")
    other, held = Inner(place, WordEmbedder()), Milvus.rows
    monkeypatch.setattr("indexer.store._BUSY_MS", 200)

    def late(self: Milvus, first: int, last: int) -> set[int]:
        if other.view().info.articles == 1:
            put(other, "b", "khan pledged roads")
        return held(self, first, last)

    with monkeypatch.context() as patched:
        patched.setattr(Milvus, "rows", late)
        archive.index.repair()
    assert contents(archive.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    assert milvus_of(archive).rows(1, 99) == {1, 2, 3, 4}
    archive.close()
    other.close()


def test_an_archive_whose_articles_were_all_refused_is_searched(archive: Inner) -> None:
    assert commit(archive, []) == []
    assert contents(archive.view()) == {}
    assert lexical_ids(archive.view(), "khan") == set()
    archive.close()


def test_searches_see_what_another_process_has_just_brought(archive: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    index, done = cast(SharedIndex, archive.index), iter([False, True, True])
    monkeypatch.setattr(index, "_deliver", lambda wait: next(done))
    assert [index.fresh(), index.fresh()] == [True, True]  # it is at it; it was until now
    index._fresh_until = 0.0
    assert not index.fresh()
    archive.close()


def test_a_search_does_not_wait_until_all_is_followed(archive: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        put(archive, name, "khan met")
    milvus_of(archive).discard()
    with archive.store.writing() as writing:
        outbox.note_all(writing)
    monkeypatch.setattr("indexer.shared._LENT", 0.0)
    monkeypatch.setattr(outbox, "_AT_ONCE", 1)
    view = archive.view()
    assert [len(contents(view)) for _ in range(2)] == [2, 3]  # one by the view, one more by each search
    archive.close()


def test_milvus_lite_in_this_process(tmp_path: Path) -> None:
    init(tmp_path / "archive", f"milvus://{tmp_path}/index.db")
    archive = Inner(tmp_path / "archive", WordEmbedder())
    put(archive, "a", "khan met xi", published_at="2022-02-06")
    found = search("khan", archive.view(), WordEmbedder(), 5, filters=Filters(since="2022", until="2022"))
    assert {hit.article.id for hit in found} == {"a"}
    archive.close()


def test_no_text_of_a_user_is_in_an_expression() -> None:
    said = expression(Filters(source=('x" or true or "',), since="2022-02-06", until="2022-02-06", as_of="2023"))
    assert said == (
        f"source_key in [{int.from_bytes(_digest('x' + chr(34) + ' or true or ' + chr(34)), 'big') >> 1}]"
        " and published_last >= 1644105600 and published_first > -4611686018427387904"
        " and published_first <= 1644191999 and published_first <= 1704067199"
    )


def _digest(text: str) -> bytes:
    import hashlib

    return hashlib.sha256(text.encode()).digest()[:8]


def test_years_have_partitions() -> None:
    there = [partition_of(date) for date in (None, "0412-01-01", "2021-12-31T23:59:59Z", "2022-02-06")]
    assert there == ["year_unknown", "year_other", "year_2021", "year_2022"]
    assert partitions(Filters(since="2022"), there) == ["year_other", "year_2022"]
    assert partitions(Filters(until="2021-06"), there) == ["year_other", "year_2021"]
    assert partitions(Filters(as_of="2021"), there) is None


def test_a_password_is_never_shown() -> None:
    assert shown("milvus+https://ada:secret@index.example:443/news") == "milvus+https://index.example:443/news"
    for url in (
        "milvus+http://ada:12/34@index.example",
        "milvus+http://ada:12#34@index.example",
        "milvus+http://a:12@",
    ):
        with pytest.raises(InvalidInput) as caught:
            shown(url)
        assert "12" not in str(caught.value).replace("19530", "")
