"""Two servers over one PostgreSQL, each a process of its own: what is written through one, and read through both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.keyrings import STALE
from pullquote import init
from tests.cluster import Postgres
from tests.proxy import Proxy

ROUNDS = 12
SEED = "Xi Jinping pledged to build roads in Pakistan, he told Imran Khan in Beijing on Sunday."


class Told(NamedTuple):
    """A response. wait: its Retry-After."""

    status: int
    body: Any
    wait: str | None


class Replica:
    """`pullquote serve` on a free port."""

    def __init__(self, url: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PULLQUOTE_ARCHIVE": url, "PULLQUOTE_RATE": "10000/second"},
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        assert "serving postgresql://127.0.0.1" in said
        self.port = int(said.rpartition(":")[2].split()[0])

    def send(self, method: str, path: str, body: object = None, key: str | None = None) -> Told:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            is_json = "json" in (response.getheader("Content-Type") or "")
            return Told(response.status, json.loads(content) if is_json else content, response.getheader("Retry-After"))

    def is_ready(self) -> bool:
        return self.send("GET", "/readyz").status == 200

    def refuses(self, key: str | None = None) -> bool:
        return self.send("GET", "/v1/info", key=key).status == 401

    def put(self, article_id: str, text: str) -> None:
        assert self.send("PUT", f"/v1/articles/{article_id}", {"text": text}).status in {200, 201}

    def shown(self) -> dict[str, str]:
        """All it holds, by what it lists and by what it finds: the same."""
        listed = {one["id"] for one in self.send("GET", "/v1/articles").body["items"]}
        found = self.send("POST", "/v1/search", {"query": "roads", "top_k": 100, "copies": True}).body["items"]
        assert {one["article"]["id"] for one in found} == listed
        return {one["article"]["id"]: one["text"] for one in found}


@contextmanager
def replica(url: str, folder: Path) -> Iterator[Replica]:
    server = Replica(url, folder)
    try:
        until(server.is_ready)
        yield server
    finally:
        server.process.terminate()
        server.process.communicate(timeout=60)


def until(happens: Callable[[], bool], seconds: float = 90) -> float:
    """Wait for something; return the seconds that it took."""
    began = time.monotonic()
    while not happens():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


class Pair(NamedTuple):
    """One replica at the database, and another one that reaches it by a proxy."""

    near: Replica
    far: Replica
    proxy: Proxy
    url: str


@pytest.fixture(scope="module")
def pair(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    url, folder = postgres.fresh(), tmp_path_factory.mktemp("replicas")
    init(url)
    with Proxy(postgres.port) as proxy:
        other = url.replace(f":{postgres.port}/", f":{proxy.port}/").replace("?", "?connect_timeout=2&")
        with replica(url, folder) as near, replica(other, folder) as far:
            yield Pair(near, far, proxy, url)


@pytest.fixture
def seeded(pair: Pair) -> Pair:
    for article_id in {one["id"] for one in pair.near.send("GET", "/v1/articles").body["items"]}:
        pair.near.send("DELETE", f"/v1/articles/{article_id}")
    pair.near.put("seed", SEED)
    return pair


def answers(server: Replica) -> list[tuple[str, int, int]]:
    told = server.send("POST", "/v1/ask", {"question": "What did Xi pledge?"})
    assert told.status == 200, told
    return [(one["answer"], one["range"]["start"], one["range"]["end"]) for one in told.body["answers"]]


def test_what_was_acknowledged_shows_in_the_next_request_to_either(seeded: Pair) -> None:
    told = {"edition": 0}  # acknowledged; an even one is a deletion
    wrong, ended = list[str](), threading.Event()

    def read(server: Replica) -> None:
        while not ended.is_set():
            before = told["edition"]
            status, article, _ = server.send("GET", "/v1/articles/news")
            edition = int(article["text"].split()[1]) if status == 200 else 0
            if status == 200 and edition < before:  # deleted, or replaced, before it was asked
                wrong.append(f"edition {edition} after {before}")
            if status == 404 and before % 2 and before == told["edition"] and not told.get("writing"):
                wrong.append(f"nothing after {before}")

    readers = [threading.Thread(target=read, args=(server,)) for server in (seeded.near, seeded.far) for _ in range(2)]
    for thread in readers:
        thread.start()
    try:
        for edition in range(1, ROUNDS, 2):
            seeded.near.put("news", f"edition {edition} told of roads")
            told["edition"] = edition
            for server in (seeded.near, seeded.far):
                assert server.shown() == {"seed": SEED, "news": f"edition {edition} told of roads"}
            told["writing"] = 1
            assert seeded.near.send("DELETE", "/v1/articles/news").status == 204
            told["edition"] = edition + 1
            for server in (seeded.far, seeded.near):
                assert server.send("GET", "/v1/articles/news").status == 404
                assert server.shown() == {"seed": SEED}
            del told["writing"]
    finally:
        ended.set()
        for thread in readers:
            thread.join()
    assert wrong == []
    assert answers(seeded.near) == answers(seeded.far) == [("to build roads in Pakistan", 19, 45)]


def test_a_network_that_is_slow_or_cut_off_makes_no_wrong_reply_and_needs_no_restart(seeded: Pair) -> None:
    near, far, proxy, _ = seeded
    right = answers(near)
    with proxy.slow(0.02):
        assert answers(far) == right
    with proxy.cut():
        for method, path, body in (
            ("POST", "/v1/ask", {"question": "What did Xi pledge?"}),
            ("PUT", "/v1/articles/lost", {"text": "lost"}),
            ("GET", "/readyz", None),
        ):
            status, problem, wait = far.send(method, path, body)
            assert (status, problem["type"], wait) == (503, "urn:pullquote:archive-unavailable", "2"), problem
        assert far.send("GET", "/healthz").status == 200
        metrics = far.send("GET", "/metrics")
        assert metrics.status == 200
        assert b"pullquote_archive_answers 0.0" in metrics.body
        assert near.send("GET", "/readyz").status == 200
        near.put("news", "edition 1 told of roads")
        near.send("DELETE", "/v1/articles/seed")
    until(far.is_ready)
    assert far.shown() == near.shown() == {"news": "edition 1 told of roads"}


def test_postgresql_stopped_and_started(seeded: Pair, postgres: Postgres) -> None:
    postgres.stop()
    try:
        for server in (seeded.near, seeded.far):
            status, problem, wait = server.send("POST", "/v1/ask", {"question": "What did Xi pledge?"})
            assert (status, problem["type"], wait) == (503, "urn:pullquote:archive-unavailable", "2")
            assert server.send("GET", "/readyz").status == 503
    finally:
        postgres.start()
    for server in (seeded.near, seeded.far):
        until(server.is_ready)
        assert server.shown() == {"seed": SEED}
    seeded.far.put("news", "edition 1 told of roads")
    assert seeded.near.shown() == {"seed": SEED, "news": "edition 1 told of roads"}


def test_a_silent_network_is_told_within_seconds(seeded: Pair) -> None:
    with seeded.proxy.silent():
        began = time.monotonic()
        assert seeded.far.send("GET", "/readyz").status == 503
        assert time.monotonic() - began < 30  # 5 to wait, as many to ask again; on a busy machine more
        assert answers(seeded.near)
    until(seeded.far.is_ready)
    assert seeded.far.shown() == {"seed": SEED}


def test_a_key_counts_at_both_within_the_time_that_is_promised(seeded: Pair, tmp_path: Path) -> None:
    def keys(*arguments: str) -> str:
        command = [sys.executable, "-m", "api.cli", "keys", *arguments, "--archive", seeded.url]
        # there, as the audit log is written where it is run
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout.strip()

    assert answers(seeded.near) == answers(seeded.far)
    key = keys("create", "--scope", "admin")
    for server in (seeded.near, seeded.far):
        assert until(server.refuses) < STALE + 10
        assert server.send("GET", "/v1/info", key=key).status == 200
        metrics = server.send("GET", "/metrics", key=key).body.decode()
        for engine in ("store", "embedder", "dense", "lexical", "reader"):
            assert f'pullquote_engine_seconds_count{{engine="{engine}"}}' in metrics
    keys("revoke", key.split("_")[1])
    for server in (seeded.near, seeded.far):
        until(partial(server.refuses, key))
