from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from indexer.types import Reply
from tests.api.conftest import BRIDGE, Check, client_of
from tests.api.test_app import Held
from tests.api.test_routes_ask import QUESTION, untimed

LINES = {"Accept": "application/x-ndjson"}
EVENTS = {"Accept": "text/event-stream"}
MANY = {
    "questions": [
        {"id": "a", "question": QUESTION, "top_k": 2},
        {"id": 2, "question": QUESTION, "top_k": 0, "colour": "red"},
        {"question": QUESTION},
        "no object",
        {"id": "e", "question": QUESTION, "filters": {"since": "yesterday"}},
        {"id": "¿z?", "question": "Who is Xyzzy Plugh?", "filters": {"source": ["Nobody"]}},
    ]
}


def events_of(text: str) -> list[tuple[str, Any]]:
    """The name and data of each server-sent event."""
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def check(items: list[dict[str, Any]]) -> None:
    assert [item["id"] for item in items] == ["a", 2, None, None, "e", "¿z?"]
    good, bad, nameless, odd, dated, unmatched = items
    at = good["answers"][0]["range"]
    assert BRIDGE[at["start"] : at["end"]] == good["answers"][0]["answer"] == "3 million euros"
    assert {fault["field"] for fault in bad["error"]["errors"]} == {"top_k", "colour"}
    assert nameless["error"]["errors"][0]["field"] == "id"
    assert odd["error"]["detail"] == "body: it should be a JSON object"
    assert dated["error"]["errors"][0]["field"] == "since"
    assert (unmatched["answered"], unmatched["reason"]) == (False, "no_match")


def test_each_question_is_answered_or_refused_by_itself(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/batch", json=MANY)
    assert response.status_code == 200
    is_noun("BatchReply", response.json())
    check(response.json()["items"])
    assert {item["error"]["request_id"] for item in response.json()["items"] if "error" in item} == {
        response.headers["x-request-id"]
    }


def test_half_a_character_comes_back_as_it_was(client: TestClient) -> None:
    body = json.dumps({"questions": [{"id": "\ud800", "question": QUESTION}]})
    response = client.post("/v1/batch", content=body, headers={"Content-Type": "application/json"})
    [item] = response.json()["items"]
    assert item["id"] == "\ud800"
    assert item["error"]["errors"][0]["field"].startswith("id")


def test_as_lines(client: TestClient) -> None:
    response = client.post("/v1/batch", json=MANY, headers=LINES)
    assert response.headers["content-type"] == "application/x-ndjson"
    check([json.loads(line) for line in response.text.splitlines()])


def test_as_events(client: TestClient) -> None:
    response = client.post("/v1/batch", json=MANY, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = events_of(response.text)
    assert {name for name, _ in events} == {"item"}
    check([item for _, item in events])


@pytest.mark.parametrize("questions", [None, [], {}, "x", [{"id": n, "question": "?"} for n in range(1001)]])
def test_a_batch_that_is_none_is_refused_whole(questions: object, client: TestClient) -> None:
    response = client.post("/v1/batch", json={"questions": questions})
    assert response.status_code == 422


def test_the_reply_of_an_item_is_the_reply_to_the_question(client: TestClient) -> None:
    alone = client.post("/v1/ask", json={"question": QUESTION}).content
    [line] = client.post("/v1/batch", json={"questions": [{"id": 1, "question": QUESTION}]}, headers=LINES).text.split(
        "\n"
    )[:-1]
    assert untimed(line.encode()) == b'{"id":1,' + untimed(alone).removeprefix(b"{")


def test_when_the_time_is_up_the_rest_is_told_so() -> None:
    archive = Held()
    archive.loaded.set()
    app = create_app(Settings(request_seconds=0.2), archive)  # type: ignore[arg-type]
    with client_of(app) as client:
        archive.view_info = lambda: {"sequence": 1}
        items = client.post("/v1/batch", json={"questions": [{"id": n, "question": "?"} for n in range(5)]}).json()[
            "items"
        ]
        archive.free.set()
    assert {item["error"]["type"] for item in items} == {"urn:pullquote:took-too-long"}
    assert len(items) == 5


def test_passages_come_before_the_reply(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION, "top_k": 2}, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    (first, passages), (second, reply) = events_of(response.text)
    assert (first, second) == ("passages", "reply")
    is_noun("HitList", passages)
    is_noun("Reply", reply)
    assert passages["items"] == reply["passages"]
    assert passages["view"] == reply["view"]
    assert reply["answers"][0]["answer"] == "3 million euros"


def test_an_error_before_the_first_event_is_a_plain_problem(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION, "filters": {"since": "x"}}, headers=EVENTS)
    is_noun("Problem", response.json())
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


def test_an_error_after_it_is_the_last_event() -> None:
    class Breaking(Held):
        def ask(self, question: str, **options: object) -> Reply:
            tell = cast(Callable[[object], None], options["on_passages"])
            tell({"items": []})
            raise ZeroDivisionError("secret")

    archive = Breaking()
    archive.loaded.set()
    with client_of(create_app(Settings(), archive)) as client:  # type: ignore[arg-type]
        response = client.post("/v1/ask", json={"question": "?"}, headers=EVENTS)
    (first, _), (last, problem) = events_of(response.text)
    assert (first, last) == ("passages", "problem")
    assert problem["type"] == "urn:pullquote:internal"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "secret" not in response.text


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream;q=0.9, application/json;q=0.1", "text/event-stream"),
        ("Text/Event-Stream", "text/event-stream"),
        ("text/event-stream;q=x", "application/json"),
        ("text/event-stream;q=0", "application/json"),
    ],
)
def test_the_client_chooses(accept: str, kind: str, client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION}, headers={"Accept": accept})
    assert response.headers["content-type"].split(";")[0] == kind


DOCUMENTS = {
    "items": [
        {"id": "one", "text": "A ferry sank off Naxos."},
        {"id": "two", "text": 5},
        {"id": "not an id", "text": "x"},
        {"id": "three", "text": " \n"},
        {"id": "bridge-1", "text": "The bridge is closed."},
        7,
        {"id": "one", "text": "A ferry sank off Naxos."},
    ]
}


def test_documents_are_stored_or_refused_one_by_one(writer: TestClient, is_noun: Check) -> None:
    response = writer.post("/v1/documents", json=DOCUMENTS)
    report = response.json()
    assert response.status_code == 200
    is_noun("IndexReport", report)
    assert [item["status"] for item in report["items"]][:6] == [
        "added",
        "refused",
        "refused",
        "refused",
        "updated",
        "refused",
    ]
    assert [item["origin"] for item in report["items"]][1] == "items.1"
    assert report["items"][1]["reason"] == "text: it should be a valid string"
    assert report["items"][5]["reason"] == "body: it should be a JSON object"
    assert (report["summary"]["added"], report["summary"]["refused"]) == (1, 4)
    assert writer.get("/v1/articles/one").json()["text"] == "A ferry sank off Naxos."
    assert writer.get("/v1/articles/two").status_code == 404
    again = writer.post("/v1/documents", json={"items": DOCUMENTS["items"][:1]}).json()
    assert [item["status"] for item in again["items"]] == ["unchanged"]


def test_documents_are_told_as_they_are_stored(writer: TestClient) -> None:
    response = writer.post("/v1/documents", json=DOCUMENTS, headers=LINES)
    *items, last = [json.loads(line) for line in response.text.splitlines()]
    assert len(items) == 7
    assert last["summary"]["refused"] == 4
