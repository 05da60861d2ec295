from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.refusals import BadHost, ForeignOrigin, UnknownHost, WrongMediaType
from api.security import HEADERS, LOCAL_NAMES, is_loopback, refusal
from api.settings import Settings
from tests.api.conftest import HERE

QUESTION = {"question": "How much did the bridge cost?"}


def scope(method: str = "GET", headers: Mapping[str, str] | None = None, *more: tuple[str, str]) -> dict[str, Any]:
    pairs = [*{"host": "localhost:8000", **(headers or {})}.items(), *more]
    return {
        "type": "http",
        "method": method,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
    }


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.1:65535",
        "[::1]",
        "[::1]:8000",
        "News.example",
    ],
)
def test_our_own_names_pass(host: str) -> None:
    assert refusal(scope(headers={"host": host}), ["news.example"]) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.2",
        "0.0.0.0",
        "[::2]",
        "xlocalhost",
        "127.0.0.1.nip.io",
    ],
)
def test_other_names_are_not_ours(host: str) -> None:
    assert isinstance(refusal(scope(headers={"host": host}), ["news.example"]), UnknownHost)


@pytest.mark.parametrize(
    "host",
    ["", " ", "localhost:", "localhost:x", "a b", "localhost@evil.example", "http://localhost", "localhost/", "::1"],
)
def test_a_host_that_names_none_is_refused(host: str) -> None:
    assert isinstance(refusal(scope(headers={"host": host})), BadHost)


def test_one_host_is_wanted() -> None:
    assert isinstance(refusal(scope("GET", {}, ("host", "localhost"))), BadHost)
    assert isinstance(refusal({"type": "http", "method": "GET", "headers": []}), BadHost)


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_no_other_host_passes(host: str) -> None:
    ours = host.lower().rpartition(":")[0] if ":" in host.removeprefix("[::1]") else host.lower()
    if ours not in LOCAL_NAMES:
        assert isinstance(refusal(scope(headers={"host": host})), BadHost | UnknownHost)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("https://news.example", "news.example"),  # a proxy in front speaks TLS
        ("https://news.example:443", "NEWS.example"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_our_own_page_may_write(origin: str, host: str) -> None:
    assert refusal(scope("POST", {"origin": origin, "host": host}), ["news.example"]) is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://localhost:8001",
        "http://localhost",
        "http://127.0.0.1:8000",
        "https://localhost",
        "ftp://localhost:8000",
        "http://localhost:8000@evil.example",
        "http://[::1",
        "",
        "chrome-extension://abc",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_foreign_page_may_not_write(method: str, origin: str) -> None:
    assert isinstance(refusal(scope(method, {"origin": origin})), ForeignOrigin)


def test_a_second_origin_does_not_hide_behind_the_first() -> None:
    ours, theirs = ("origin", "http://localhost:8000"), ("origin", "http://evil.example")
    assert isinstance(refusal(scope("POST", {}, ours, theirs)), ForeignOrigin)


def test_reading_is_not_writing() -> None:  # without CORS headers, no foreign page sees the response
    assert refusal(scope("GET", {"origin": "http://evil.example"})) is None


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_json_is_taken(kind: str) -> None:
    assert refusal(scope("POST", {"content-type": kind, "content-length": "2"})) is None


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
        "application/jsonp",
        "application/vnd.api+json",
        "application/json; charset=utf-16",
    ],
)
@pytest.mark.parametrize("length", [{"content-length": "2"}, {"transfer-encoding": "chunked"}])
def test_every_other_body_is_refused(kind: str | None, length: dict[str, str]) -> None:
    headers = length if kind is None else {"content-type": kind, **length}
    assert isinstance(refusal(scope("POST", headers)), WrongMediaType)
    assert isinstance(refusal(scope("GET", headers)), WrongMediaType)


def test_no_body_needs_no_type() -> None:
    assert refusal(scope("DELETE")) is None
    assert refusal(scope("DELETE", {"content-length": "0"})) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_local(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["192.168.1.2", "8.8.8.8", "::2", "::ffff:8.8.8.8", "testclient", "", "-"])
def test_no_other_is(address: str) -> None:
    assert not is_loopback(address)


def test_a_foreign_page_changes_nothing(client: TestClient) -> None:
    headers = {"Origin": "http://evil.example"}
    before = client.get("/v1/articles/bridge-1").content
    for response in (
        client.delete("/v1/articles/bridge-1", headers=headers),
        client.put("/v1/articles/bridge-1", json={"text": "x"}, headers=headers),
        client.post("/v1/articles", json={"text": "x"}, headers=headers),
        client.post("/v1/ask", json=QUESTION, headers=headers),
    ):
        assert response.status_code == 403
        assert response.json()["type"] == "urn:pullquote:foreign-origin"
    assert client.get("/v1/articles/bridge-1").content == before


def test_the_refusals_as_responses(client: TestClient) -> None:
    said = {
        400: client.get("/", headers={"Host": "a b"}),
        421: client.get("/", headers={"Host": "evil.example"}),
        415: client.post("/v1/ask", content=b'{"question": "?"}', headers={"Content-Type": "text/plain"}),
        403: client.post("/v1/ask", json=QUESTION, headers={"Origin": "null"}),
    }
    for status, response in said.items():
        assert response.status_code == response.json()["status"] == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["request_id"] == response.headers["x-request-id"]


def test_a_host_of_the_settings_is_ours() -> None:
    app = create_app(Settings(allowed_hosts=("news.example",)), object())  # type: ignore[arg-type]
    ours = TestClient(app, "http://news.example:8080", client=HERE)
    assert ours.get("/healthz").status_code == 200
    assert ours.get("/healthz", headers={"Host": "other.example"}).status_code == 421


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/v1/info", "/nowhere", "/healthz", "/openapi.json"])
def test_every_response_has_the_strict_headers(path: str, client: TestClient) -> None:
    response = client.get(path)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert len(response.headers["x-request-id"]) == 32
    assert "access-control-allow-origin" not in response.headers


def test_the_policy_of_the_page() -> None:
    assert HEADERS["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_no_two_requests_share_an_id(client: TestClient) -> None:
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(20)}) == 20
    mine = client.get("/healthz", headers={"X-Request-ID": "mine"})
    assert mine.headers["x-request-id"] != "mine", "what a client sends must not get into our log"
