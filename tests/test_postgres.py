"""An archive in PostgreSQL from end to end: the command line, the real models, a server that stops and comes back."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.cli import main
from indexer.archive import Archive as Inner
from indexer.errors import ArchiveUnavailable, InvalidInput, NewerFormat, OlderFormat
from indexer.postgres import PostgresStore, shown
from indexer.postgres_schema import MIGRATIONS
from indexer.types import Reply
from pullquote import Archive, init
from tests.cluster import Postgres
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, put

SEEDS = Path(__file__).parent.parent / "seeds"
QUESTIONS = ["What did Xi pledge?", "Where did Imran Khan meet Xi Jinping?", "Who is the chief executive of Apple?"]


@pytest.fixture(scope="module")
def news(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed article, and thirty others."""
    folder = tmp_path_factory.mktemp("news")
    shutil.copy(next(SEEDS.glob("000_*.txt")), folder)
    lines = (SEEDS / "wikinews.jsonl").read_text("utf-8").splitlines(keepends=True)[:30]
    (folder / "others.jsonl").write_text("".join(lines), "utf-8")
    return folder


def replies(archive: Archive) -> list[Reply]:
    return [replace(archive.ask(question), timings_ms={}) for question in QUESTIONS]


def test_a_database_gives_the_replies_of_a_folder(news: Path, tmp_path: Path, postgres: Postgres) -> None:
    with Archive(tmp_path / "archive", create=True) as folder, Archive(postgres.fresh(), create=True) as server:
        assert folder.index(news).added == server.index(news).added == 31
        ours, theirs = replies(folder), replies(server)
        assert [reply.answered for reply in theirs] == [True, True, False]
        answer = theirs[0].answers[0]
        assert (answer.range.start, answer.range.end) == (554, 690)
        layouts = [replace(reply, view=ours[0].view) for reply in theirs]  # the folder's is sealed
        assert layouts == ours
        assert ours[0].view.articles == theirs[0].view.articles == 31
        assert server.index(news).unchanged == 31


def test_the_command_line_takes_a_url(postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = postgres.fresh()
    (tmp_path / "a.txt").write_text("Mayor opens bridge\n\nMayor Ada Smith opened the new bridge over the Kander.")

    def run(*arguments: str, code: int = 0) -> str:
        assert main([*arguments, "--archive", url]) == code, capsys.readouterr().err
        return capsys.readouterr().out

    assert main(["list", "--archive", url]) == 3
    assert "no archive at postgresql://127.0.0.1" in capsys.readouterr().err
    assert run("init").endswith(" is ready\n")
    assert json.loads(run("index", str(tmp_path), "--json").splitlines()[-1])["summary"]["added"] == 1
    reply = json.loads(run("ask", "Who opened the bridge?", "--json"))
    assert reply["answers"][0]["answer"] == "Mayor Ada Smith"
    assert json.loads(run("search", "bridge", "--json").splitlines()[0])
    article_id = reply["answers"][0]["article"]["id"]
    assert run("show", article_id, "--text").startswith("Mayor opens bridge")
    assert article_id in run("list")
    assert json.loads(run("doctor", "--json"))["ok"]
    run("delete", article_id)
    run("show", article_id, code=1)
    for command in (
        ["compact"],
        ["backup", str(tmp_path / "copy")],
        ["delete", "x", "--purge"],
    ):
        assert main([*command, "--archive", url]) == 2
        assert "this is for archives in folders alone" in capsys.readouterr().err


def test_a_server_that_stopped_is_told_and_its_return_noticed(postgres: Postgres) -> None:
    archive = Inner(postgres.fresh(), WordEmbedder(), create=True)
    put(archive, "a", "khan met xi")
    assert contents(archive.view()) == {"a": "khan met xi"}
    postgres.stop()
    try:
        began = time.monotonic()
        with pytest.raises(ArchiveUnavailable, match=r"postgresql://127\.0\.0\.1.* does not answer"):
            archive.view()
        assert time.monotonic() - began < 15
        began = time.monotonic()
        for use in (archive.view, lambda: put(archive, "b", "khan"), lambda: next(archive.store.stream("SELECT 1"))):
            with pytest.raises(ArchiveUnavailable):
                use()
        assert time.monotonic() - began < 1  # the circuit: nobody waits for it again
    finally:
        postgres.start()
    deadline = time.monotonic() + 30
    while True:
        try:
            assert contents(archive.view()) == {"a": "khan met xi"}  # what was acknowledged is there
            break
        except ArchiveUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert put(archive, "b", "khan").status == "added"
    archive.close()


def test_a_connection_that_the_server_drops_is_replaced_unnoticed(postgres: Postgres) -> None:
    archive = Inner(postgres.fresh(), WordEmbedder(), create=True)
    put(archive, "a", "khan met xi")
    for _ in range(3):
        archive.store.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid() AND usename = ?",
            ("postgres",),
        )
        assert contents(archive.view()) == {"a": "khan met xi"}
    archive.close()


@pytest.fixture
def store(postgres: Postgres) -> Iterator[tuple[str, PostgresStore]]:
    url = postgres.fresh()
    found = PostgresStore(url, create=True)
    yield url, found
    found.close()


def test_migrations_are_applied_by_init_alone_and_newer_ones_refused(
    store: tuple[str, PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, first = store
    later = (*MIGRATIONS, "CREATE TABLE later(name TEXT)")
    with monkeypatch.context() as patched:
        patched.setattr("indexer.postgres.MIGRATIONS", later)
        with pytest.raises(OlderFormat, match="run `pullquote init`"):
            PostgresStore(url, create=True)
        assert init(url) == first.place
        assert "later" in first.tables()
        init(url)  # each is applied once
    with pytest.raises(NewerFormat, match=f"has format {len(later)}"):
        PostgresStore(url)


def test_places_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"mysql:// is no archive's"):
        Archive("mysql://host/news")
    with pytest.raises(InvalidInput, match="write postgresql://user@host"):
        Archive("postgresql://[host/news")


def test_a_password_is_never_shown() -> None:
    assert shown("postgresql://ada:secret@db.example:5433/news?sslmode=require") == "postgresql://db.example:5433/news"


@pytest.mark.parametrize(
    "url", ["postgresql://ada:se/cret@db:5432/news", "postgresql://ada:se%cret@db/news", "postgresql://a:s?cret@db/n"]
)
def test_a_password_that_is_not_escaped_is_not_shown_either(url: str) -> None:
    with pytest.raises(InvalidInput, match="%25") as caught:
        shown(url)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("wait", [True, False])
def test_a_lock_is_kept_though_the_server_ends_idle_transactions(postgres: Postgres, wait: bool) -> None:
    store = PostgresStore(f"{postgres.fresh()}%20-cidle_in_transaction_session_timeout%3D100", create=True)
    with store.alone("reembed", wait) as mine:
        assert mine
        time.sleep(0.4)
        with store.alone("reembed", wait=False) as another:
            assert not another
    store.close()
