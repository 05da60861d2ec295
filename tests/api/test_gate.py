from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.gate import needed
from api.keyrings import FileRing
from api.keys import Keys
from api.rates import Rates, neighbourhood
from api.refusals import RateLimited
from api.settings import Settings
from indexer.errors import InvalidInput
from pullquote import Archive
from tests.api.conftest import ARTICLES, HERE, Check, client_of

QUESTION = {"question": "How much did the bridge cost?"}
SITE = "https://news.example"
THERE = ("203.0.113.9", 40_000)


class Guarded:
    """A server over an archive with keys, asked from another machine."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.keys = Keys(FileRing(folder))
        self.tokens = {
            "search": self.keys.create("", "search", [], None)[1],
            "write": self.keys.create("", "write", [], None)[1],
            "admin": self.keys.create("", "admin", [], None)[1],
            "widget": self.keys.create("", "search", [SITE], None)[1],
        }
        self.app: FastAPI = create_app(Settings(archive=folder, **settings))
        self.folder = folder

    def headers(self, key: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[key]}", **{name.title(): value for name, value in more.items()}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guarded") / "archive"
    with Archive(folder, create=True) as archive, client_of(create_app(Settings(archive=folder), archive)) as client:
        client.post("/v1/articles", json={"items": ARTICLES})
    return folder


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Guarded:
    return Guarded(folder)


@pytest.fixture(scope="module")
def there(guarded: Guarded) -> Iterator[TestClient]:
    """A client on another machine."""
    with client_of(guarded.app):
        yield TestClient(guarded.app, "http://localhost", client=THERE)


def kind(response: object) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("urn:pullquote:")  # type: ignore[attr-defined]


def test_without_keys_only_this_machine_is_answered(client: TestClient, is_noun: Check) -> None:
    there = TestClient(client.app, "http://localhost", client=("192.168.1.2", 5))
    for method, path in (
        ("GET", "/"),
        ("GET", "/v1/info"),
        ("POST", "/v1/ask"),
        ("DELETE", "/v1/articles/bridge-1"),
        ("GET", "/openapi.json"),
        ("GET", "/nowhere"),
    ):
        response = there.request(method, path)
        is_noun("Problem", response.json())
        assert kind(response) == (403, "not-local")
    assert there.get("/healthz").status_code == there.get("/readyz").status_code == 200
    assert client.get("/v1/articles/bridge-1").status_code == 200


def test_with_keys_every_request_needs_one(guarded: Guarded, there: TestClient) -> None:
    here = TestClient(guarded.app, "http://localhost", client=HERE)
    for client in (there, here):
        response = client.post("/v1/ask", json=QUESTION)
        assert kind(response) == (401, "key-missing")
        assert response.headers["www-authenticate"] == "Bearer"
        assert kind(client.get("/v1/info")) == (401, "key-missing")
        assert client.get("/").status_code == client.get("/openapi.json").status_code == 200
    answered = there.post("/v1/ask", json=QUESTION, headers=guarded.headers("search"))
    assert answered.json()["answers"][0]["answer"] == "3 million euros"


@pytest.mark.parametrize(
    "sent",
    ["Bearer", "Bearer ", "Basic eDp5", "Bearer pq_00000000_" + "A" * 43, "Bearer pq_x", "pq_00000000"],
)
def test_a_wrong_key_is_refused(sent: str, there: TestClient) -> None:
    assert kind(there.get("/v1/info", headers={"Authorization": sent})) == (401, "key-wrong")


def test_two_keys_are_none(guarded: Guarded, there: TestClient) -> None:
    twice = [("Authorization", f"Bearer {guarded.tokens['admin']}")] * 2
    assert kind(there.get("/v1/info", headers=twice)) == (401, "key-wrong")


def test_an_expired_key_is_refused(guarded: Guarded, there: TestClient) -> None:
    made, token = guarded.keys.create("", "search", [SITE], "1h")
    file = guarded.folder / "keys.json"
    headers = {"Authorization": f"Bearer {token}", "Origin": SITE}
    assert there.get("/v1/info", headers=headers).status_code == 200
    file.write_text(file.read_text().replace(made.expires or "", "2020-01-01T00:00:00Z"))
    assert kind(there.get("/v1/info", headers=headers)) == (401, "key-expired")


@pytest.mark.parametrize(
    ("key", "method", "path", "status"),
    [
        ("search", "GET", "/v1/articles/bridge-1", 200),
        ("search", "PUT", "/v1/articles/similar", 403),
        ("search", "PUT", "/v1/articles/new", 403),
        ("search", "POST", "/v1/documents", 403),
        ("search", "DELETE", "/v1/articles/bridge-1", 403),
        ("search", "GET", "/metrics", 403),
        ("write", "PUT", "/v1/articles/new", 201),
        ("write", "GET", "/v1/info", 200),
        ("write", "GET", "/metrics", 403),
        ("admin", "DELETE", "/v1/articles/new", 204),
    ],
)
def test_a_key_may_do_what_its_scope_says(
    key: str, method: str, path: str, status: int, guarded: Guarded, there: TestClient
) -> None:
    body = {"json": {"text": "A ferry sank."}} if method in {"PUT", "POST"} else {}
    response = there.request(method, path, headers=guarded.headers(key), **body)  # type: ignore[arg-type]
    assert response.status_code == status
    if status == 403:
        assert kind(response)[1] == "scope-missing"


def test_every_route_has_its_scope(guarded: Guarded, there: TestClient) -> None:
    document = there.get("/openapi.json").json()
    found = {(method, path): needed(method.upper(), path) for path, one in document["paths"].items() for method in one}
    writing = {("post", "/v1/articles"), ("post", "/v1/documents")} | {
        (method, "/v1/articles/{article_id}") for method in ("put", "delete")
    }
    for route, scope in found.items():
        if route in writing:
            assert scope == "write", route
        elif route[1] == "/metrics":
            assert scope == "admin"
        else:
            assert scope == ("search" if route[1].startswith("/v1/") else None), route


def test_a_widget_key_works_on_its_site_alone(guarded: Guarded, there: TestClient) -> None:
    def ask(**headers: str) -> object:
        return there.post("/v1/ask", json=QUESTION, headers=guarded.headers("widget", **headers))

    answered = ask(origin=SITE)
    assert answered.status_code == 200  # type: ignore[attr-defined]
    assert answered.headers["access-control-allow-origin"] == SITE  # type: ignore[attr-defined]
    assert "Origin" in answered.headers["vary"]  # type: ignore[attr-defined]
    assert "access-control-allow-credentials" not in answered.headers  # type: ignore[attr-defined]
    for origin in (
        "https://evil.example",
        "https://news.example.evil.example",
        "http://news.example",
        "null",
        "https://News.example",
    ):
        refused = ask(origin=origin)
        assert kind(refused) == (403, "foreign-origin")
        assert "access-control-allow-origin" not in refused.headers  # type: ignore[attr-defined]
    assert kind(ask()) == (403, "foreign-origin"), "a program that took the key from the page has no site"


def test_a_site_may_read_why_it_was_refused(there: TestClient) -> None:
    response = there.post("/v1/ask", json=QUESTION, headers={"Origin": SITE, "Authorization": "Bearer pq_wrong"})
    assert kind(response) == (401, "key-wrong")
    assert response.headers["access-control-allow-origin"] == SITE


def test_another_key_does_not_open_the_site_of_the_widget(guarded: Guarded, there: TestClient) -> None:
    response = there.post("/v1/ask", json=QUESTION, headers=guarded.headers("search", origin=SITE))
    assert kind(response) == (403, "foreign-origin")


@pytest.mark.parametrize(("origin", "status"), [(SITE, 204), ("https://evil.example", 403), ("null", 403)])
def test_preflight(origin: str, status: int, there: TestClient) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    response = there.options("/v1/ask", headers=headers)
    assert response.status_code == status
    if status == 204:
        assert response.headers["access-control-allow-origin"] == SITE
        assert response.headers["access-control-allow-methods"] == "GET, POST"
        assert response.headers["access-control-allow-headers"] == "authorization, content-type"
    else:
        assert "access-control-allow-origin" not in response.headers


def test_any_site_may_load_the_widget_and_nothing_else(there: TestClient) -> None:
    response = there.get("/widget.js", headers={"Origin": "https://any.example"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    other = there.get("/static/app.js", headers={"Origin": "https://any.example"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_public_archive_lets_everyone_search_and_no_one_write(folder: Path) -> None:
    Keys(FileRing(folder)).create("", "admin", [], None)
    app = create_app(Settings(archive=folder, public=True))
    with client_of(app):
        there = TestClient(app, "http://localhost", client=THERE)
        assert there.post("/v1/ask", json=QUESTION).status_code == 200
        assert kind(there.put("/v1/articles/x", json={"text": "x"})) == (401, "key-missing")
        assert kind(there.get("/metrics")) == (401, "key-missing")


def test_one_client_is_slowed_and_another_is_not(folder: Path) -> None:
    guarded = Guarded(folder, rate="5/minute")
    with client_of(guarded.app):
        there = TestClient(guarded.app, "http://localhost", client=THERE)
        for _ in range(5):
            assert there.get("/v1/info", headers=guarded.headers("search")).status_code == 200
        refused = there.get("/v1/info", headers=guarded.headers("search"))
        assert kind(refused) == (429, "rate-limited")
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert there.get("/v1/info", headers=guarded.headers("write")).status_code == 200, "each key has its own"
        elsewhere = TestClient(guarded.app, "http://localhost", client=("198.51.100.7", 1))
        assert elsewhere.get("/v1/info", headers=guarded.headers("search")).status_code == 200
        many = {"questions": [{"id": n, "question": "?"} for n in range(9)]}
        assert kind(elsewhere.post("/v1/batch", json=many, headers=guarded.headers("search"))) == (429, "rate-limited")
        assert there.get("/healthz").status_code == 200


def test_guessing_keys_is_slowed(folder: Path) -> None:
    guarded = Guarded(folder)
    with client_of(guarded.app):
        there = TestClient(guarded.app, "http://localhost", client=("203.0.113.77", 1))
        tries = [there.get("/v1/info", headers={"Authorization": "Bearer pq_no"}).status_code for _ in range(32)]
        assert tries == [401] * 30 + [429] * 2


def test_a_request_that_costs_more_than_the_rate_is_let_in_when_nothing_else_was_asked() -> None:
    rates = Rates("300/minute")
    rates.charge("a", "10.0.0.1")
    rates.charge("a", "10.0.0.1", 999, already=1)
    with pytest.raises(RateLimited):
        rates.charge("a", "10.0.0.1")


def test_rates_are_of_keys_and_neighbourhoods() -> None:
    rates = Rates("2/minute")
    rates.charge("a", "2001:db8::1", 2)
    with pytest.raises(RateLimited):
        rates.charge("a", "2001:db8::2")
    rates.charge("a", "2001:db8:0:1::1")
    rates.charge("b", "2001:db8::1")
    assert neighbourhood("::ffff:203.0.113.9") == "203.0.113.9"
    assert neighbourhood("-") == "-"
    with pytest.raises(InvalidInput, match="PULLQUOTE_RATE"):
        Rates("fast")


def test_unreadable_keys_let_nobody_in(folder: Path, tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True):
        pass
    app = create_app(Settings(archive=tmp_path / "archive"))
    with client_of(app) as client:
        (tmp_path / "archive" / "keys.json").write_text("{")
        assert kind(client.get("/v1/info")) == (503, "keys-unreadable")
        assert kind(client.put("/v1/articles/x", json={"text": "x"})) == (503, "keys-unreadable")
        assert client.get("/healthz").status_code == 200
