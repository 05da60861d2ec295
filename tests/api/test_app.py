from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from api import requests
from api.app import create_app
from api.contract import components
from api.schemas import json_text
from api.serve import listening
from api.settings import Settings
from indexer.errors import ArchiveMissing, ArchiveUnavailable, ModelMissing
from indexer.types import Reply
from pullquote import Archive
from tests.api.conftest import ARTICLES, HERE, Check, client_of
from tests.api.nouns import answer, reply

QUESTION = {"question": "?"}


class Held:
    """An archive that is loaded when `loaded` is set, and answers when `free` is; a stand-in for a slow one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.loaded, self.free = threading.Event(), threading.Event()
        self.asking = threading.Semaphore(0)
        self.error = error
        self.closed = False
        self.view_info: Callable[[], object] = lambda: None
        self.check: Callable[[], None] = lambda: None

    def load(self) -> None:
        assert self.loaded.wait(30)
        if self.error is not None:
            raise self.error

    def ask(self, question: str, **_: object) -> Reply:
        self.asking.release()
        assert self.free.wait(30)
        return reply(question, [answer("3 million", "It cost 3 million euros.")])

    def close(self) -> None:
        self.closed = True


def held(archive: Held) -> TestClient:
    app = create_app(Settings(), archive)  # type: ignore[arg-type]
    return TestClient(app, "http://localhost", client=HERE, raise_server_exceptions=False)


def index_away() -> None:
    raise ArchiveUnavailable("milvus+http://index:19530", "connection refused")


def test_the_server_listens_while_it_loads(is_noun: Check) -> None:
    archive = Held()
    with held(archive) as client:
        assert client.get("/healthz").json() == {"status": "up"}
        for response in (client.get("/readyz"), client.post("/v1/ask", json=QUESTION), client.get("/v1/info")):
            is_noun("Problem", response.json())
            assert (response.status_code, response.json()["type"]) == (503, "urn:pullquote:not-ready")
            assert response.headers["retry-after"] == "1"
        assert client.get("/").status_code == 200, "the page says that the archive is loading"
        archive.loaded.set()
        archive.free.set()
        deadline = time.monotonic() + 10
        while client.get("/readyz").status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert client.get("/readyz").json() == {"status": "ready"}
        archive.check = index_away
        assert client.get("/readyz").status_code == 503
        assert client.get("/readyz").json()["type"] == "urn:pullquote:archive-unavailable"
        assert client.post("/v1/ask", json=QUESTION).status_code == 200
    assert not archive.closed, "it is the caller's"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [(ModelMissing("reader", "no files"), 503, "model-missing"), (ZeroDivisionError("secret"), 500, "internal")],
)
def test_what_keeps_it_from_loading_is_told_to_everyone(error: Exception, status: int, kind: str) -> None:
    archive = Held(error)
    archive.loaded.set()
    with held(archive) as client:
        for _ in range(3):
            deadline = time.monotonic() + 10
            while (response := client.get("/readyz")).json()["type"] == "urn:pullquote:not-ready":
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert (response.status_code, response.json()["type"]) == (status, f"urn:pullquote:{kind}")
            assert "secret" not in response.text
        assert client.get("/healthz").status_code == 200


def test_answers_are_made_off_the_event_loop() -> None:
    archive = Held()
    archive.loaded.set()
    with held(archive) as client, ThreadPoolExecutor(2) as pool:
        while client.get("/readyz").status_code == 503:
            time.sleep(0.01)
        slow = [pool.submit(client.post, "/v1/ask", json=QUESTION) for _ in range(2)]
        for _ in slow:
            assert archive.asking.acquire(timeout=30), "questions wait for one another"
        assert client.get("/healthz").status_code == 200, "the event loop is held up"
        archive.free.set()
        assert {future.result().status_code for future in slow} == {200}


def test_a_reply_is_its_json_text_byte_for_byte() -> None:
    archive = Held()
    archive.loaded.set()
    archive.free.set()
    said = reply("¿Qué? 🌉", [answer("3 million", "It cost 3 million euros.")])
    with held(archive) as client:
        while client.get("/readyz").status_code == 503:
            time.sleep(0.01)
        assert client.post("/v1/ask", json={"question": "¿Qué? 🌉"}).content == json_text(said).encode()


def test_the_archive_of_the_settings_is_opened_and_closed(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True):
        pass
    app = create_app(Settings(archive=tmp_path / "archive"))
    with client_of(app) as client:
        assert client.put("/v1/articles/a", json=ARTICLES[2] | {"id": "a"}).status_code == 201
        assert client.get("/v1/info").json()["view"]["articles"] == 1
    assert TestClient(app, "http://localhost").get("/readyz").status_code == 503, "it still holds the archive"
    with client_of(app) as client:
        assert client.get("/v1/articles/a").status_code == 200, "it cannot be started again"


def test_a_missing_archive_is_told(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(archive=tmp_path / "none")), "http://localhost") as client:
        deadline = time.monotonic() + 10
        while (response := client.get("/readyz")).json()["type"] == "urn:pullquote:not-ready":
            assert time.monotonic() < deadline
        assert response.json()["detail"] == str(ArchiveMissing(tmp_path / "none"))
        assert response.status_code == 503


def test_info(client: TestClient, is_noun: Check) -> None:
    response = client.get("/v1/info")
    info = response.json()
    is_noun("Info", info)
    assert info["version"] == version("pullquote")
    assert info["archive"] == "archive", "the name, and not where it lies"
    assert info["view"]["articles"] == len(ARTICLES)
    assert info["sources"] == {"The Daily": 1, "The Weekly": 2}
    assert (info["oldest"][:10], info["newest"][:10]) == ("2022-02-06", "2023-03-01")
    assert client.get("/v1/info?colour=red").status_code == 200, "it takes no query, so it reads none"


@pytest.mark.parametrize(
    "path",
    ["/", "/static/app.js", "/v1/info", "/v1/articles", "/v1/articles/bridge-1", "/v1/search?query=a&mode=lexical",
     "/healthz", "/readyz", "/openapi.json", "/nowhere", "/v1/ask", "/v1/articles/bridge-1/similar"],
)  # fmt: skip
def test_head_is_get_without_the_content(path: str, client: TestClient) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers[name] == got.headers[name]


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


ROUTES = {
    "/v1/ask": {"get", "post"},
    "/v1/explain": {"post"},
    "/v1/search": {"get", "post"},
    "/v1/batch": {"post"},
    "/v1/documents": {"post"},
    "/v1/similar": {"post"},
    "/v1/articles/{article_id}/similar": {"get"},
    "/v1/verify": {"post"},
    "/v1/articles": {"get", "post"},
    "/v1/articles/{article_id}": {"get", "put", "delete"},
    "/v1/info": {"get"},
    "/healthz": {"get"},
    "/metrics": {"get"},
    "/readyz": {"get"},
}


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == version("pullquote")
    assert {path: set(operations) for path, operations in document["paths"].items()} == ROUTES
    operations = [one for operations in document["paths"].values() for one in operations.values()]
    assert len({one["operationId"] for one in operations}) == len(operations)
    for operation in operations:
        assert operation["description"], "no docstring"
        assert {"400", "421", "422", "500"} <= set(operation["responses"])
        problem = operation["responses"]["422"]["content"]["application/problem+json"]
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_the_document_holds_the_very_schemas_of_the_contract(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"] == components()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert references
    assert references <= set(document["components"]["schemas"])
    assert "#/$defs/" not in text


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (kind for body in bodies for kind in body.get("content", {}).values()):
                schema = {**content["schema"], "components": document["components"]}
                for example in content.get("examples", {}).values():
                    Draft202012Validator(schema).validate(example["value"])
                    checked += 1
    assert checked > 20


def test_the_example_requests_are_taken(document: dict[str, Any], writer: TestClient) -> None:
    for path, operations in document["paths"].items():
        for method in ("post", "put"):
            for example in (
                (operations.get(method, {}).get("requestBody", {}).get("content", {}).get("application/json", {}))
                .get("examples", {})
                .values()
            ):
                response = writer.request(method, path.format(article_id="bridge-1"), json=example["value"])
                assert response.status_code == 200, (method, path, response.text)


def test_a_query_has_the_names_of_the_body_flat(document: dict[str, Any]) -> None:
    for path, body in (("/v1/ask", requests.AskRequest), ("/v1/search", requests.SearchRequest)):
        names = {parameter["name"] for parameter in document["paths"][path]["get"]["parameters"]}
        assert names == (set(body.model_fields) - {"filters"}) | set(requests.FiltersIn.model_fields)


def test_a_request_in_progress_is_finished_before_the_end() -> None:
    archive = Held()
    archive.loaded.set()
    app = create_app(Settings(), archive)  # type: ignore[arg-type]
    with listening("127.0.0.1", 0) as listener, ThreadPoolExecutor(2) as pool:
        config = uvicorn.Config(app, lifespan="on", ws="none", log_config=None)
        server = uvicorn.Server(config)
        listener.listen()
        running = pool.submit(server.run, [listener])
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        while not server.started or httpx2.get(f"{address}/readyz").status_code == 503:
            time.sleep(0.01)
        slow = pool.submit(httpx2.post, f"{address}/v1/ask", json=QUESTION, timeout=30)
        assert archive.asking.acquire(timeout=30)
        server.should_exit = True  # what SIGTERM does, see test_serve
        time.sleep(0.3)
        archive.free.set()
        assert slow.result(30).status_code == 200
        running.result(30)
