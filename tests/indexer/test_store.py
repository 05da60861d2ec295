from __future__ import annotations

import random
import shutil
import threading
from pathlib import Path

import apsw
import pytest

from indexer import store as stores
from indexer.errors import ArchiveDamaged, ArchiveMissing, ArchiveReadOnly, NewerFormat, PullquoteError
from indexer.store import FILE, FORMAT, Store

INSERT = """INSERT INTO article(id, text, text_sha256, source_sha256, metadata, blocks, added_seq)
    VALUES (?, ?, 'x', 'y', '{}', '[]', 1)"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "archive", create=True)


def test_what_was_written_is_there_after_reopening(store: Store) -> None:
    with store.writing() as writing:
        row = writing.insert(INSERT, ("a", "päß\0😀".encode()))
    store.close()
    again = Store(store.folder)
    assert again.rows("SELECT rowid, id, text FROM article") == [(row, "a", "päß\0😀".encode())]
    assert again.meta("sequence") == 0
    assert again.meta("nothing") is None
    again.close()


def test_an_error_inside_a_transaction_leaves_nothing_of_it(store: Store) -> None:
    def stop_half_way() -> None:
        with store.writing() as writing:
            writing.insert(INSERT, ("a", b"text"))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way()
    assert store.rows("SELECT * FROM article") == []
    with store.writing() as writing:  # and the next one can begin
        writing.insert(INSERT, ("b", b"text"))
    assert store.rows("SELECT id FROM article") == [("b",)]


def test_two_living_articles_cannot_share_an_id(store: Store) -> None:
    with pytest.raises(apsw.ConstraintError), store.writing() as writing:
        writing.many(INSERT, [("a", b"one"), ("a", b"two")])
    assert store.rows("SELECT * FROM article") == []


def test_a_missing_archive_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArchiveMissing, match="pullquote index PATH --archive"):
        Store(tmp_path / "nothing")


def test_a_newer_format_is_refused(store: Store) -> None:
    with store.writing() as writing:
        writing.rows(f"PRAGMA user_version = {FORMAT + 1}")
    store.close()
    with pytest.raises(NewerFormat, match=f"has format {FORMAT + 1}"):
        Store(store.folder)


def test_a_file_that_is_no_store_is_damage(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to have a header of a hundred bytes" * 20)
    with pytest.raises(ArchiveDamaged):
        Store(tmp_path)


def test_a_store_without_checksums_is_refused(tmp_path: Path) -> None:
    plain = apsw.Connection(str(tmp_path / FILE))
    plain.execute(f"CREATE TABLE meta(key, value); PRAGMA user_version = {FORMAT}")
    plain.close()
    with pytest.raises(ArchiveDamaged, match="no page checksums"):
        Store(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArchiveReadOnly):
        Store(tmp_path / "file" / "archive", create=True)


def test_200_one_bit_flips_are_each_detected_or_harmless(store: Store, tmp_path: Path) -> None:
    texts = {f"id{i}": f"article {i} ".encode() * random.Random(i).randrange(1, 900) for i in range(120)}
    with store.writing() as writing:
        writing.many(INSERT, list(texts.items()))
    store.close()
    whole = (store.folder / FILE).read_bytes()
    chance = random.Random(7)
    header = [8 * byte + chance.randrange(8) for byte in range(0, 100, 2)]  # where a flip changes how the rest is read
    detected = 0
    for n, bit in enumerate(header + [chance.randrange(8 * len(whole)) for _ in range(150)]):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        folder = tmp_path / f"flip{n}"
        folder.mkdir()
        (folder / FILE).write_bytes(damaged)
        try:
            flipped = Store(folder)
            rows = flipped.rows("SELECT id, text FROM article") + flipped.rows(
                "SELECT id, text FROM article ORDER BY id"
            )
            assert all(texts.get(article_id) == text for article_id, text in rows), f"bit {bit} gave a wrong row"
            assert len(rows) == 2 * len(texts), f"bit {bit} lost a row"
            flipped.close()
        except PullquoteError:
            detected += 1
        shutil.rmtree(folder)
    assert detected >= 150  # a flip in a page that was never used is harmless


def test_the_log_stays_small_though_somebody_always_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_LOG_MOST", 2_000_000)
    store, stop, most = Store(tmp_path / "archive", create=True), threading.Event(), 0

    def read() -> None:
        while not stop.is_set():
            for _ in store.stream("SELECT text FROM article"):
                pass

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for n in range(100):
        with store.writing() as writing:
            writing.insert(INSERT, (f"a{n}", bytes(100_000)))
        most = max(most, (store.folder / f"{FILE}-wal").stat().st_size)
    stop.set()
    for reader in readers:
        reader.join()
    assert most < 4_000_000
    store.close()


def test_an_index_that_came_later_is_made_by_the_next_writer(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive", create=True)
    with store.writing() as writing:
        writing.rows("DROP INDEX article_facts")
        writing.rows("DROP INDEX article_published")
    store.close()
    store = Store(tmp_path / "archive")
    sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('article_facts', 'article_published')"
    assert store.rows(sql) == [(0,)]
    with store.writing():
        pass
    assert store.rows(sql) == [(2,)]
    store.close()
