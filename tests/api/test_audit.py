"""The audit log: what became of each article, and of each request that changed nothing, or not all it should have."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.keyrings import FileRing
from api.keys import Keys
from api.settings import Settings
from indexer.errors import ArchiveReadOnly, SourceUnreadable
from indexer.types import IndexEvent, IndexSummary, Page
from pullquote import Archive
from tests.api.conftest import HERE, client_of

SECRET = "the words of the article\nare nobody's"


def rows(folder: Path) -> list[dict[str, Any]]:
    file = folder / "audit.jsonl"
    assert "nobody" not in file.read_text()
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_writes_and_refused_writes_are_noted(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    Archive(folder, create=True).close()
    tokens = {scope: Keys(FileRing(folder)).create("", scope, [], None)[1] for scope in ("search", "write", "admin")}
    with client_of(create_app(Settings(archive=folder))) as client:

        def send(key: str, method: str, path: str, body: object = None) -> str:
            headers = {"Authorization": f"Bearer {tokens[key]}"}
            return str(client.request(method, path, json=body, headers=headers).headers["x-request-id"])

        put_id = send("write", "PUT", "/v1/articles/noted", {"text": SECRET})
        send("write", "POST", "/v1/documents", {"items": [{"id": "a-1", "text": "x"}, {"text": 5}]})
        send("admin", "DELETE", "/v1/articles/noted")
        send("search", "DELETE", "/v1/articles/a-1%0a%7b%22action%22:1")
        send("write", "PUT", "/v1/articles/a-2", {"text": 5})
        send("write", "DELETE", "/v1/articles/nothing-here")
    put, added, faulty, deleted, foreign, wrong, missing = rows(folder)
    assert put == {
        **{"at": put["at"], "action": "put", "id": "noted", "origin": "http:noted", "status": "added"},
        **{"key": tokens["write"][3:11], "address": HERE[0], "request_id": put_id},
    }
    assert {(one["action"], one["id"], one["status"]) for one in (added, faulty)} == {
        ("add", "a-1", "added"),
        ("add", None, "refused"),
    }
    assert (deleted["action"], deleted["id"], deleted["status"]) == ("delete", "noted", "removed")
    assert [(one["action"], one["reason"], one["status"]) for one in (foreign, wrong, missing)] == [
        ("refused", "scope-missing", 403),
        ("refused", "invalid-input", 422),
        ("refused", "article-not-found", 404),
    ]
    assert foreign["path"].count("\n") == 1, "escaped, so it began no line of its own"
    assert (wrong["key"], foreign["key"]) == (tokens["write"][3:11], tokens["search"][3:11])


Add = Callable[[Iterable[Page | SourceUnreadable], Callable[[IndexEvent], None]], IndexSummary]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", create=True)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize("path", ["/v1/documents", "/v1/articles"])
def test_what_was_stored_before_a_failure_is_noted(
    path: str, accept: str, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    add: Add = archive.add

    def fail_at_the_second(
        pages: Iterable[Page | SourceUnreadable], report: Callable[[IndexEvent], None]
    ) -> IndexSummary:
        add([next(iter(pages))], report)
        raise ArchiveReadOnly(archive.path, "disk full")

    monkeypatch.setattr(archive, "add", fail_at_the_second)
    with archive, client_of(create_app(Settings(archive=archive.path), archive)) as client:
        body = {"items": [{"id": "first", "text": "It is stored."}, {"id": "second", "text": "It is not."}]}
        response = client.post(path, json=body, headers={"Accept": accept})
        streamed = response.status_code == 200
        assert streamed == (accept == "application/x-ndjson" and path == "/v1/documents")
        assert streamed or response.status_code == 507
        assert client.get("/v1/articles/first").status_code == 200
    stored, failed = rows(archive.path)
    assert (stored["action"], stored["id"], stored["status"]) == ("add", "first", "added")
    assert (failed["action"], failed["reason"]) == ("failed", "archive-read-only")
    assert stored["request_id"] == failed["request_id"] == response.headers["x-request-id"]


def test_a_write_that_outlives_its_request_is_noted(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    add: Add = archive.add
    go_on = threading.Event()

    def slowly(pages: Iterable[Page | SourceUnreadable], report: Callable[[IndexEvent], None]) -> IndexSummary:
        assert go_on.wait(30)
        return add(pages, report)

    monkeypatch.setattr(archive, "add", slowly)
    with archive, client_of(app := create_app(Settings(archive=archive.path, queue=1), archive)) as client:
        app.state.service.writes.seconds = 0.2
        late = client.put("/v1/articles/late", json={"text": "It took its time."})
        assert (late.status_code, late.json()["type"]) == (503, "urn:pullquote:took-too-long")
        waiting = threading.Thread(target=_put_another, args=(client,))  # fills the queue behind it
        app.state.service.writes.seconds = 30
        waiting.start()
        while app.state.service.writes.pending < 2:
            time.sleep(0.01)
        assert client.delete("/v1/articles/late").json()["type"] == "urn:pullquote:overloaded"
        go_on.set()
        waiting.join()
    told = [(row["action"], row.get("reason", row.get("id"))) for row in rows(archive.path)]
    assert told == [("failed", "took-too-long"), ("failed", "overloaded"), ("put", "late"), ("put", "another")]


def _put_another(client: TestClient) -> None:
    assert client.put("/v1/articles/another", json={"text": "It waited."}).status_code == 201
