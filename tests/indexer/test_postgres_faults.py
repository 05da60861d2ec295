"""What PostgreSQL may refuse, be slow at, or lose, and what the store makes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from api.commands.exits import code_of
from indexer import postgres as module
from indexer.archive import Archive
from indexer.build import build
from indexer.commit import delete
from indexer.errors import ArchiveBusy, ArchiveReadOnly, ArchiveUnavailable, InvalidInput, ModelMismatch
from indexer.postgres import PostgresStore
from indexer.postgres_schema import MIGRATIONS
from indexer.types import IndexEvent, Page
from pullquote import Archive as Door
from tests.cluster import Postgres
from tests.fakes import WordEmbedder, page
from tests.indexer.test_archive import contents, put
from tests.proxy import Proxy


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that waits a fifth of a second for a statement or a connection, and has two."""
    monkeypatch.setattr(module, "_STATEMENT_MS", 200)
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    monkeypatch.setattr(module, "_CONNECTIONS", 2)


@contextmanager
def beside(*works: Callable[[], object]) -> Iterator[None]:
    """Some works in threads of their own, while the block runs."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


@pytest.mark.usefixtures("hurried")
def test_a_slow_statement_is_told_to_whoever_asked_and_to_nobody_else(postgres: Postgres) -> None:
    with closing(PostgresStore(postgres.fresh(), create=True)) as store:
        with pytest.raises(ArchiveUnavailable, match="statement timeout"):
            store.rows("SELECT pg_sleep(9)")
        assert store.meta("sequence") == "0"


@pytest.mark.usefixtures("hurried")
def test_connections_that_are_all_in_use_are_no_outage(postgres: Postgres) -> None:
    with closing(PostgresStore(postgres.fresh(), create=True)) as store:
        busy = threading.Barrier(3, timeout=10)

        def hold() -> None:
            for _ in store.stream("SELECT 1"):
                busy.wait()
                busy.wait()

        with beside(hold, hold):
            busy.wait()
            with pytest.raises(ArchiveUnavailable, match="all 2 connections are in use"):
                store.meta("sequence")
            busy.wait()
        assert store.meta("sequence") == "0"


@pytest.mark.usefixtures("hurried")
def test_streams_and_migrations_take_as_long_as_they_take(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.fresh()
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, "SELECT pg_sleep(0.4)"))
    with closing(PostgresStore(url, create=True)) as store:
        slow = "SELECT n, CAST(pg_sleep(0.4) AS TEXT) FROM generate_series(1, 1) AS n"
        assert [number for number, _ in store.stream(slow)] == [1]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("54000", InvalidInput),
        ("40001", ArchiveBusy),
        ("40P01", ArchiveBusy),
        ("53400", ArchiveUnavailable),
        ("53100", ArchiveReadOnly),
        ("55P03", ArchiveBusy),
    ],
)
def test_what_the_server_says_of_one_statement_keeps_nobody_else_waiting(
    postgres: Postgres, code: str, error: type[Exception]
) -> None:
    with closing(PostgresStore(postgres.fresh(), create=True)) as store:
        raising = f"DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{code}'; END $$"
        with pytest.raises(error) as caught:
            store.rows(raising)
        assert type(caught.value) is error
        assert store.meta("sequence") == "0"


def test_a_database_that_cannot_hold_every_character_is_refused(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(InvalidInput, match=r"/latin is encoded in LATIN1: make one with createdb -E UTF8"):
            PostgresStore(postgres.url().removesuffix("postgres") + "latin", create=True)
    finally:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute("DROP DATABASE latin")


def test_the_first_write_after_a_restart_is_kept(postgres: Postgres) -> None:
    archive = Archive(postgres.fresh(), WordEmbedder(), create=True)
    for name in "abc":
        assert put(archive, name, "khan met xi").status == "added"
        postgres.stop()
        postgres.start()
    assert next(archive.store.stream("SELECT count(*) FROM article")) == (3,)
    archive.close()


def test_a_run_that_loses_its_server_says_so_and_the_next_one_goes_on(postgres: Postgres) -> None:
    url, told = postgres.fresh(), list[IndexEvent]()
    archive = Archive(url, WordEmbedder(), create=True)
    pages = [page(f"khan {number}", id=str(number)) for number in range(300)]

    def failing() -> Iterator[Page]:
        for number, one in enumerate(pages):
            if number == 250:
                postgres.stop()
            yield one

    try:
        with pytest.raises(ArchiveUnavailable) as caught:
            build(failing(), archive, told.append)
        assert code_of(caught.value) == 3
    finally:
        postgres.start()
    archive.close()
    again = Archive(url, WordEmbedder())
    kept = set(contents(again.view()))
    assert {event.id for event in told} <= kept  # what was acknowledged
    assert len(kept) % 64 == 0  # a batch is stored whole or not at all
    build(pages, again, told.append)
    assert set(contents(again.view())) == {one.id for one in pages}
    again.close()


def test_watching_goes_on_when_the_server_is_back(
    postgres: Postgres, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def write(name: str) -> None:
        (tmp_path / f"{name}.txt").write_text(f"The mayor opened bridge {name}.")

    write("a")
    told, failed, ended = list[IndexEvent](), list[BaseException](), threading.Event()
    with Door(postgres.fresh(), create=True) as archive:

        def watched() -> None:
            try:
                archive.watch(tmp_path, report=told.append, stop=ended)
            except BaseException as error:
                failed.append(error)

        def until(seen: Callable[[], bool]) -> None:
            deadline = time.monotonic() + 60
            while not seen():
                assert time.monotonic() < deadline, (told, failed)
                assert failed == []
                time.sleep(0.05)

        def added() -> list[str]:
            return [Path(event.origin).stem for event in told if event.status == "added"]

        def tries() -> int:
            return sum("the next try is in" in record.message for record in caplog.records)

        with beside(watched):
            try:
                until(lambda: added() == ["a"])
                postgres.stop()
                assert tries() == 0
                write("b")
                until(lambda: tries() >= 2)  # it is tried, fails, and is tried again
                assert added() == ["a"]
                postgres.start()
                until(lambda: added() == ["a", "b"])  # what came while the server was away, and once
                write("c")
                until(lambda: added() == ["a", "b", "c"])  # and what comes then
            finally:
                ended.set()
        texts = [archive.article(item.id).text for item in archive.articles().items]
        assert sorted(texts) == [f"The mayor opened bridge {name}." for name in "abc"]
        assert {event.status for event in told} <= {"added", "unchanged"}


@pytest.fixture
def proxy(postgres: Postgres) -> Iterator[Proxy]:
    with Proxy(postgres.port) as found:
        yield found


def through(url: str, postgres: Postgres, proxy: Proxy) -> str:
    """The same archive, by way of the proxy."""
    return url.replace(f":{postgres.port}/", f":{proxy.port}/").replace("?", "?connect_timeout=2&")


def test_a_slow_network_changes_no_reply(postgres: Postgres, proxy: Proxy) -> None:
    with closing(Archive(through(postgres.fresh(), postgres, proxy), WordEmbedder(), create=True)) as archive:
        put(archive, "a", "khan met xi")
        with proxy.slow(0.05):
            put(archive, "b", "khan left")
            assert contents(archive.view()) == {"a": "khan met xi", "b": "khan left"}


def test_a_network_that_is_cut_and_comes_back(postgres: Postgres, proxy: Proxy) -> None:
    url = postgres.fresh()
    with (
        closing(Archive(through(url, postgres, proxy), WordEmbedder(), create=True)) as archive,
        closing(Archive(url, WordEmbedder())) as other,
    ):
        put(archive, "a", "khan met xi")
        with proxy.cut():
            for use in (archive.view, lambda: put(archive, "b", "khan")):
                with pytest.raises(ArchiveUnavailable):
                    use()
            delete(other, ["a"])
            put(other, "c", "xi")
        assert back(archive) == {"c": "xi"}


def test_a_server_that_falls_silent_keeps_nobody_waiting_for_long(
    postgres: Postgres, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    with closing(Archive(through(postgres.fresh(), postgres, proxy), WordEmbedder(), create=True)) as archive:
        put(archive, "a", "khan met xi")
        with proxy.silent():
            began = time.monotonic()
            for use in (
                archive.view,
                lambda: put(archive, "b", "khan"),
                lambda: next(archive.store.stream("SELECT 1")),
            ):
                with pytest.raises(ArchiveUnavailable):
                    use()
            assert time.monotonic() - began < 20  # it would be for ever: TCP takes what it sends
        assert back(archive) == {"a": "khan met xi"}
        assert put(archive, "b", "khan").status == "added"


@pytest.mark.usefixtures("hurried")
def test_a_server_that_answers_others_is_only_slow(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STATEMENT_MS", 60_000)
    with closing(PostgresStore(postgres.fresh(), create=True)) as store:
        assert store.rows("SELECT 1 FROM pg_sleep(1)") == [(1,)]  # five times what it waits before it asks


def back(archive: Archive) -> dict[str, str]:
    """What it shows, once its server answers again."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return contents(archive.view())
        except ArchiveUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_refused_archive_leaves_no_connection_open(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.fresh() + "&application_name=refused"
    Archive(url, WordEmbedder(), create=True).close()
    with closing(Archive(url, WordEmbedder())) as archive:
        put(archive, "a", "khan met xi")
    sql = b"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'refused'"

    def opened() -> int:
        with psycopg.connect(postgres.url()) as connection:
            row = connection.execute(sql).fetchone()
            assert row
            return int(row[0])

    def absent(*_: object) -> None:
        raise InvalidInput("index", "it needs what is not installed")

    with monkeypatch.context() as patched:
        patched.setattr("indexer.archive.index_of", absent)
        with pytest.raises(InvalidInput, match="not installed"):
            Archive(url, WordEmbedder())
    with pytest.raises(ModelMismatch):
        Archive(url, WordEmbedder("words:2"))
    deadline = time.monotonic() + 10
    while opened():  # a connection that is closed takes the server a moment
        assert time.monotonic() < deadline
        time.sleep(0.05)
