"""Two servers over one PostgreSQL that Milvus searches: what is written through one, and found through both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from pullquote import init
from tests.cluster import Postgres
from tests.milvus import MilvusLite
from tests.test_replicas import SEED, Replica, answers, replica, until

NEWS = "edition {} told of roads"


class Shared(NamedTuple):
    """Two replicas, and the Milvus that both ask."""

    one: Replica
    other: Replica
    milvus: MilvusLite


@pytest.fixture(scope="module")
def shared(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    url, folder = postgres.fresh(), tmp_path_factory.mktemp("replicas")
    with MilvusLite() as milvus:
        init(url, milvus.url)
        with replica(url, folder) as one, replica(url, folder) as other:
            yield Shared(one, other, milvus)


def test_what_was_acknowledged_is_found_by_the_next_request_to_either(shared: Shared) -> None:
    one, other, _ = shared
    one.put("seed", SEED)
    for edition in range(4):
        writer, reader = (one, other) if edition % 2 else (other, one)
        writer.put("news", NEWS.format(edition))
        for server in (reader, writer):
            assert server.shown() == {"seed": SEED, "news": NEWS.format(edition)}
        assert writer.send("DELETE", "/v1/articles/news").status == 204
        for server in (reader, writer):
            assert server.shown() == {"seed": SEED}
            assert server.send("GET", "/v1/articles/news").status == 404
    assert answers(one) == answers(other) == [("to build roads in Pakistan", 19, 45)]


def test_milvus_stopped_and_started(shared: Shared) -> None:
    one, other, milvus = shared
    one.put("seed", SEED)
    milvus.stop()
    try:
        for server in (one, other):
            status, problem, wait = server.send("POST", "/v1/ask", {"question": "What did Xi pledge?"})
            assert (status, problem["type"], wait) == (503, "urn:pullquote:archive-unavailable", "2"), problem
            assert "milvus+http://127.0.0.1" in problem["detail"]
            assert server.send("GET", "/readyz").status == 503
            assert server.send("GET", "/healthz").status == 200
            assert server.send("GET", "/v1/articles/seed").body["text"] == SEED  # what needs no search is answered
        one.put("news", NEWS.format(1))  # stored, and found later
        assert other.send("GET", "/v1/articles/news").status == 200
        assert one.send("DELETE", "/v1/articles/seed").status == 204
    finally:
        milvus.start()
    for server in (one, other):
        until(server.is_ready)
    for server in (other, one):
        assert server.shown() == {"news": NEWS.format(1)}
