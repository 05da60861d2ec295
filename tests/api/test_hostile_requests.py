"""Requests that want what they must not have: other addresses, other files, other headers."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest
from starlette.testclient import TestClient


def test_no_address_that_is_sent_is_fetched(writer: TestClient) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(0.5)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/secret"
        article = {"id": "a", "text": f"See {address} for more.", "url": address, "title": address, "source": address}
        assert writer.put("/v1/articles/a", json=article).status_code == 201
        assert writer.post("/v1/documents", json={"items": [article]}).status_code == 200
        assert writer.post("/v1/ask", json={"question": f"What is at {address}?"}).status_code == 200
        assert writer.post("/v1/similar", json={"text": f"It burned at {address} today."}).status_code == 200
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../keys.json",
        "/static/..%2f..%2fkeys.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/static/..%5c..%5ckeys.py",
        "/static/%00",
        "/v1/articles/..%2f..%2fkeys.json",
        "/v1/articles/%2fetc%2fpasswd",
        "/..%2farchive.sqlite",
    ],
)
def test_no_path_leads_out_of_the_page(path: str, client: TestClient) -> None:
    response = client.get(path)
    assert response.status_code in {404, 422}
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("bad", ["%0d%0aX-Evil:%201", "a%0aSet-Cookie:b", "%e2%80%a8X-Evil:1", "%00"])
def test_no_header_can_be_added(bad: str, client: TestClient) -> None:
    for response in (
        client.get(f"/v1/articles/{bad}"),
        client.get(f"/v1/search?query=a&cursor={bad}"),
        client.put(f"/v1/articles/{bad}", json={"text": "x"}),
        client.get("/v1/info", headers={"Origin": "https://x.example", "X-Request-ID": "evil"}),
    ):
        assert "x-evil" not in response.headers
        assert "set-cookie" not in response.headers
        assert response.headers["x-request-id"] != "evil"
        assert response.status_code in {200, 404, 422}
