from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.api.test_routes_ask import QUESTION

PATHS = [
    f"/v1/ask?question={QUESTION}",
    "/v1/search?query=bridge",
    "/v1/articles",
    "/v1/articles/bridge-1",
    "/v1/articles/bridge-1/similar",
    "/v1/info",
]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_held_is_not_sent_again_until_the_archive_changes(path: str, writer: TestClient) -> None:
    first = writer.get(path)
    tag = first.headers["etag"]
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    again = writer.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert writer.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    writer.put("/v1/articles/new", json={"text": "A new bridge."})
    changed = writer.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_a_deleted_article_is_gone_for_who_holds_it(writer: TestClient) -> None:
    tag = writer.get("/v1/articles/bridge-1").headers["etag"]
    writer.delete("/v1/articles/bridge-1")
    assert writer.get("/v1/articles/bridge-1", headers={"If-None-Match": tag}).status_code == 404


def test_another_server_has_other_tags(client: TestClient, writer: TestClient) -> None:
    assert client.get("/v1/info").headers["etag"] != writer.get("/v1/info").headers["etag"]


def test_what_was_posted_is_not_kept(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION})
    assert (response.headers["cache-control"], response.headers.get("etag")) == ("no-store", None)


def test_the_stages_are_timed(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION})
    stages = dict(re.findall(r"(\w+);dur=([0-9.]+)", response.headers["server-timing"]))
    assert set(stages) == {*response.json()["timings_ms"], "total"}
    assert float(stages["total"]) >= float(stages["read"])
    assert re.fullmatch(r"total;dur=[0-9.]+", client.get("/healthz").headers["server-timing"])


def test_long_replies_are_compressed_for_who_takes_it(client: TestClient) -> None:
    body = {"question": QUESTION}
    packed = client.post("/v1/ask", json=body, headers={"Accept-Encoding": "gzip"})
    plain = client.post("/v1/ask", json=body, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert "content-encoding" not in plain.headers
    assert packed.json()["answers"] == plain.json()["answers"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "content-encoding" not in client.get("/healthz").headers
