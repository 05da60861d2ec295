from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from api.bodies import QUESTION_LIMIT
from api.serve import listening, serve, url_of
from api.settings import Settings
from indexer.errors import ArchiveMissing, InvalidInput
from pullquote import Archive

CODE = """
import sys
from api.serve import serve
from api.settings import Settings
sys.exit(serve(Settings(archive=sys.argv[1], port=0)))
"""


class Server:
    """`serve` in a process of its own, on a free port."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        self.port = int(self.said.rpartition(":")[2].split()[0]) if "http" in self.said else 0

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str) -> tuple[int, bytes]:
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()

    def stop(self, by: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextlib.contextmanager
def started(folder: Path, **environment: str) -> Iterator[Server]:
    """A server with settings of its own."""
    server = Server(folder, **environment)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "archive"
    with Archive(path, create=True):
        pass
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with started(folder) as server:
        yield server


@pytest.fixture(scope="module")
def standing(folder: Path) -> Iterator[Server]:
    """A server for tests that do not stop it."""
    with started(folder) as server:
        while server.get("/readyz")[0] == 503:
            pass
        yield server


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_says_where_it_is_and_stops_when_told(by: signal.Signals, code: int, server: Server, folder: Path) -> None:
    assert server.said == f"pullquote: serving {folder} at http://127.0.0.1:{server.port} (Ctrl-C stops it)\n"
    assert server.get("/healthz") == (200, b'{"status":"up"}')
    assert server.get("/v1/ask?question=secret")[0] in {200, 503}
    assert server.stop(by) == (code, "", ""), "a question is nobody's to write down"


def test_it_can_be_stopped_while_it_loads(server: Server) -> None:
    assert server.stop(signal.SIGTERM) == (0, "", "")


def test_a_port_in_use_is_told_in_one_sentence(folder: Path) -> None:
    with listening("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=rf"port: cannot listen on 127.0.0.1:{port} \(Address already in use\)"):
            serve(Settings(archive=folder, port=port))


def test_a_host_that_is_none_is_told(folder: Path) -> None:
    for host in ("no.such.host.invalid", "a" * 300, "127.0.0.1 x"):
        with pytest.raises(InvalidInput, match="is not an address of this machine"):
            serve(Settings(archive=folder, host=host, port=0))


def test_a_missing_archive_is_told_before_anything_listens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ArchiveMissing):
        serve(Settings(archive=tmp_path / "none", port=0))
    assert capsys.readouterr().err == ""


def test_a_model_that_does_not_load_ends_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Archive) -> None:
        raise InvalidInput("reader", "no such model")

    monkeypatch.setattr(Archive, "load", fail)
    with pytest.raises(InvalidInput, match="reader: no such model"):
        serve(Settings(archive=folder, port=0))


def test_the_address_of_ipv6_has_brackets() -> None:
    try:
        listener = listening("::1", 0)
    except InvalidInput:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def send_endlessly(connection: HTTPConnection, sent: list[int]) -> None:
    piece = b" " * 65_536
    try:
        while sent[0] < 64 * QUESTION_LIMIT:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            sent[0] += len(piece)
    except OSError:
        return  # the server has had enough


def test_an_endless_body_is_refused_while_it_streams(standing: Server) -> None:
    with closing(standing.connect()) as connection:
        connection.putrequest("POST", "/v1/ask")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        sent = [0]
        thread = threading.Thread(target=send_endlessly, args=(connection, sent))
        thread.start()
        response = HTTPResponse(connection.sock)
        response.begin()
        problem = json.loads(response.read())
        thread.join(30)
    assert (response.status, problem["type"]) == (413, "urn:pullquote:body-too-large")
    assert sent[0] < 32 * QUESTION_LIMIT, "it was read to the end"
    assert standing.get("/healthz")[0] == 200


def test_a_large_declared_length_is_refused_unread(standing: Server) -> None:
    with closing(standing.connect()) as connection:
        connection.putrequest("POST", "/v1/ask")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["status"]) == (413, 413)


def test_a_body_that_no_one_reads_is_not_read_to_the_end(standing: Server) -> None:
    for path, status in (("/nowhere", 404), ("/v1/info", 405)):
        with closing(standing.connect()) as connection:
            connection.putrequest("POST", path)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", "1000000")
            connection.endheaders(b"{")
            response = connection.getresponse()
            assert (response.status, response.headers["Connection"]) == (status, "close")
            assert json.loads(response.read())["status"] == status


def test_a_connection_is_kept_for_the_next_question(standing: Server) -> None:
    with closing(standing.connect()) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/search", '{"query": "a"}', {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert (response.status, response.headers["Connection"]) == (200, None)
            response.read()


def test_head_has_no_content_on_the_wire(standing: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", standing.port), timeout=30)) as wire:
        wire.sendall(b"HEAD /v1/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := wire.recv(65_536):
            answer += piece
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert content == b""
    assert int(dict(line.split(b": ") for line in head.split(b"\r\n")[1:])[b"content-length"]) > 100
    assert b"uvicorn" not in head


def test_an_articles_deletion_by_another_process_is_seen(standing: Server, folder: Path) -> None:
    with closing(standing.connect()) as connection:
        body = json.dumps({"text": "A ferry sank off Naxos."})
        connection.request("PUT", "/v1/articles/ferry", body, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 201
    assert standing.get("/v1/articles/ferry")[0] == 200
    with Archive(folder) as archive:
        archive.delete(["ferry"])
    assert standing.get("/v1/articles/ferry")[0] == 404


def test_a_body_that_does_not_come_is_given_up(folder: Path) -> None:
    with started(folder, PULLQUOTE_BODY_SECONDS="0.2") as server, closing(server.connect()) as connection:
        connection.putrequest("POST", "/v1/ask")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "30")
        connection.endheaders(b'{"question": ')
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["type"]) == (408, "urn:pullquote:body-too-slow")


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET "])
def test_a_head_that_does_not_come_is_given_up(sent: bytes, folder: Path) -> None:
    with (
        started(folder, PULLQUOTE_BODY_SECONDS="0.3") as server,
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=15)) as wire,
    ):
        wire.sendall(sent)
        while wire.recv(65_536):
            pass  # it ends before the timeout: the server closes


def test_a_head_that_comes_letter_by_letter_is_given_up(folder: Path) -> None:
    with (
        started(folder, PULLQUOTE_BODY_SECONDS="0.5") as server,
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as wire,
    ):
        began = time.monotonic()
        with contextlib.suppress(OSError):
            for letter in b"GET /" + b"a" * 100:
                wire.sendall(bytes([letter]))
                time.sleep(0.1)
        assert time.monotonic() - began < 5
        assert server.get("/healthz")[0] == 200


def test_what_is_no_http_fills_no_log(folder: Path) -> None:
    with started(folder) as server:
        for _ in range(20):
            with closing(socket.create_connection(("127.0.0.1", server.port), timeout=15)) as wire:
                wire.sendall(b"\x16\x03\x01 this is TLS\r\n\r\n")
                assert wire.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert server.stop(signal.SIGTERM) == (0, "", "")
