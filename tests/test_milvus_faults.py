"""What Milvus may refuse or lose, and what a kill may leave half made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from api.cli import main
from api.commands.exits import ARCHIVE_OR_MODEL, code_of
from api.errors import kind_of
from indexer import milvus as module
from indexer import outbox, shared
from indexer.archive import Archive
from indexer.commit import delete
from indexer.errors import ArchiveUnavailable, IndexLost, IndexRefused
from indexer.milvus import Milvus
from indexer.milvus_client import MilvusClient, MilvusException, is_outage
from indexer.milvus_rows import Entry
from indexer.types import Filters, VectorSpace
from pullquote import init
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, put
from tests.milvus import MilvusLite
from tests.test_milvus import index_check, milvus_of

ROOT = Path(__file__).parent.parent


@pytest.fixture
def place(tmp_path: Path, milvus: MilvusLite) -> Path:
    init(tmp_path / "archive", milvus.url)
    return tmp_path / "archive"


@pytest.fixture
def archive(place: Path) -> Iterator[Archive]:
    opened = Archive(place, WordEmbedder())
    yield opened
    opened.close()


@pytest.mark.parametrize("step", ["create_index", "alter_collection_properties", "load_collection"])
def test_a_kill_while_the_collection_is_made_leaves_nothing_to_mend(place: Path, step: str) -> None:
    script = f"""import os, signal, sys
from pathlib import Path
from indexer.archive import Archive
from indexer.milvus_client import MilvusClient
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import put
archive = Archive(Path(sys.argv[1]), WordEmbedder())
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
MilvusClient.{step} = die
put(archive, "a", "khan met xi")
"""
    done = subprocess.run([sys.executable, "-c", script, str(place)], check=False)
    assert done.returncode == -signal.SIGKILL
    archive = Archive(place, WordEmbedder())
    assert (milvus_of(archive).embedder() is None) == (step != "load_collection")
    assert contents(archive.view()) == {"a": "khan met xi"}
    assert put(archive, "b", "khan pledged roads").status == "added"
    assert contents(archive.view()) == {"a": "khan met xi", "b": "khan pledged roads"}
    assert index_check(archive) == (True, f"4 passages in {archive.index.place}, as stored")
    archive.close()


def test_what_milvus_refuses_is_told_to_whoever_asked_and_to_nobody_else(archive: Archive) -> None:
    put(archive, "a", "khan met xi")
    held = milvus_of(archive)
    with pytest.raises(IndexRefused, match=r"milvus\+http://127\.0\.0\.1:\d+ refuses what it was asked .*im") as caught:
        held.near(np.ones(16, np.float32), 5, Filters(), strong=True)  # they are 32 wide
    assert (code_of(caught.value), kind_of(caught.value).type) == (ARCHIVE_OR_MODEL, "index-refused")
    assert contents(archive.view()) == {"a": "khan met xi"}  # at once: the circuit has not opened


def test_a_database_that_is_not_there_is_no_outage(
    tmp_path: Path, milvus: MilvusLite, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--archive", str(tmp_path / "archive"), "--index", f"{milvus.url}/nowhere"]) == 3
    said = capsys.readouterr().err
    assert "/nowhere refuses what it was asked" in said
    assert "does not answer" not in said


@pytest.mark.parametrize(("version", "code"), [("2.3.5", 3), ("v2.4.23-dev", 3), ("v2.5.0", 0), ("3.0", 0)])
def test_a_server_that_is_too_old_is_refused(
    tmp_path: Path,
    milvus: MilvusLite,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    code: int,
) -> None:
    monkeypatch.setattr(MilvusClient, "get_server_version", lambda *_, **__: version)
    assert main(["init", "--archive", str(tmp_path / "archive"), "--index", milvus.url]) == code
    assert (f"it is Milvus {version}, and 2.5 is the first" in capsys.readouterr().err) == (code == 3)


@contextmanager
def refusing(status: grpc.StatusCode) -> Iterator[str]:
    """A server that answers every call with one status; its URL."""

    class Refusal(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, _: object) -> object:
            return grpc.unary_unary_rpc_method_handler(lambda _, context: context.abort(status, "auth check failure"))

    with ThreadPoolExecutor(2) as pool:
        server: Any = grpc.server(pool, handlers=(Refusal(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"milvus+http://ada:secret@127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def test_a_wrong_password_is_told_and_is_no_outage() -> None:
    with (
        refusing(grpc.StatusCode.UNAUTHENTICATED) as url,
        pytest.raises(IndexRefused, match="auth check fail") as caught,
    ):
        Milvus(url, "pullquote").embedder()
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_ready_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.3)
    with refusing(grpc.StatusCode.UNAVAILABLE) as url, pytest.raises(ArchiveUnavailable, match="does not answer"):
        Milvus(url, "pullquote").embedder()


@pytest.mark.parametrize(
    ("code", "message", "outage"),
    [
        (1, "service not ready[standby]", True),
        (1, "[search] Retry timeout: 5.0s", True),
        (1, "Unexpected error, message=<Cannot invoke RPC on closed channel!>", True),
        (2, "Fail connecting to server on 127.0.0.1:9", True),
        (grpc.StatusCode.UNAVAILABLE, "Retry timeout", True),
        (1, "unexpected field", False),
        (9, "quota exceeded", False),
        (100, "collection not found", False),
        (1100, "invalid parameter", False),
        (1401, "permission deny", False),
    ],
)
def test_errors_are_told_apart(code: Any, message: str, outage: bool) -> None:  # noqa: ANN401 - pymilvus puts two kinds there
    assert is_outage(MilvusException(code, message)) == outage
    assert is_outage(MilvusException(code, message, retriable=True)) == (outage or code not in {1})


@pytest.mark.parametrize("refused", [None, MilvusException(1, "Cannot invoke RPC on closed channel!")])
def test_who_meets_a_connection_that_another_thread_closed_asks_on_a_new_one(
    archive: Archive, refused: MilvusException | None
) -> None:
    put(archive, "a", "khan met xi")
    held, used = milvus_of(archive), list[MilvusClient]()

    def work(client: MilvusClient) -> bool:
        used.append(client)
        if len(used) == 1:
            held._let_go(client)
            if refused:
                raise refused
        return bool(client.has_collection(held.collection))

    assert held._call(work)
    assert len({id(client) for client in used}) == 2
    assert not held._circuit.is_failing


def test_a_lost_collection_is_told_and_mended_and_one_that_is_being_made_is_waited_for(archive: Archive) -> None:
    put(archive, "a", "khan met xi")
    view = archive.view()
    assert contents(view) == {"a": "khan met xi"}
    milvus_of(archive).discard()
    for use in (lambda: contents(view), archive.check):
        with pytest.raises(IndexLost, match="doctor --repair"):
            use()
    with archive.store.alone(shared._LOCK, wait=True):  # another process, which is at it
        with archive.store.writing() as writing:
            outbox.note_all(writing)
        assert view.dense.search(WordEmbedder().encode_query("khan"), 5) == []
        archive.check()
    archive.index.repair()
    assert contents(view) == {"a": "khan met xi"}


def test_a_lost_collection_is_not_replaced_by_one_of_what_came_since(
    archive: Archive, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in "abc":
        put(archive, name, "khan met xi")
    delete(archive, ["c"])  # its note comes due in a minute
    milvus_of(archive).discard()
    archive.store.rows("UPDATE outbox SET due = 0")
    assert put(archive, "d", "khan pledged roads").status == "added"
    assert [record for record in caplog.records if "doctor --repair" in record.message]
    assert milvus_of(archive).embedder() is None
    started = Archive(place, WordEmbedder())
    for use in (archive.check, started.check, started.view, lambda: contents(archive.view())):
        with pytest.raises(IndexLost, match="doctor --repair"):
            use()
    started.index.repair()
    expected = {"a": "khan met xi", "b": "khan met xi", "d": "khan pledged roads"}
    assert contents(started.view()) == contents(archive.view()) == expected
    started.check()
    started.close()


def test_an_empty_archive_is_ready_and_takes_its_first_article(archive: Archive, place: Path) -> None:
    archive.check()
    put(archive, "a", "khan met xi")
    delete(archive, ["a"])
    milvus_of(archive).discard()
    archive.check()  # nothing that lives is lost
    put(archive, "b", "khan pledged roads")
    assert contents(archive.view()) == {"b": "khan pledged roads"}


def test_articles_are_acknowledged_though_the_index_is_another_embedders(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    milvus_of(archive).prepare(VectorSpace("words:9", 32))
    assert put(archive, "a", "khan met xi").status == "added"
    assert [record for record in caplog.records if "holds vectors of embedder words:9" in record.message]
    assert archive.glance().info.articles == 1


def test_doctor_compares_all_there_is(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    put(archive, "a", "khan met xi")
    held = milvus_of(archive)
    words = next(shared.SharedIndex._entries(archive.index, [1])).words  # type: ignore[arg-type]
    strange = [*range(70, 90), 2**40, 2**61]
    held.put([Entry(words._replace(passage=row, article=row), 1, np.ones(32, np.float32)) for row in strange])
    monkeypatch.setattr(module, "MOST", 4)
    assert held.rows(1, 2**62) == {1, 2, *strange}
    assert held.rows(72, 75) == {72, 73, 74, 75}
    assert held.rows(3, 2) == set()
    assert index_check(archive)[1].endswith("lacks 0 passages and has 22 that are not stored")
    archive.index.repair()
    assert held.rows(1, 2**62) == {1, 2}


def test_no_file_of_the_working_folder_gets_into_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MILVUS_URI=not a URL\nPULLQUOTE_HOST=0.0.0.0\n")
    script = """import os
before = dict(os.environ)
import indexer.milvus
print({*os.environ.items()} ^ {*before.items()})
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-c", script]
    said = subprocess.run(run, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert said.stdout == "set()\n"
