from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.articles import ArticleIn
from api.incoming import page_of
from tests.api.conftest import ARTICLES, BRIDGE, Check

NEW = {"text": "A ferry sank off Naxos on Friday. All 12 were saved.", "title": "Ferry sinks"}


def test_an_article_is_given_whole(client: TestClient, is_noun: Check) -> None:
    response = client.get("/v1/articles/bridge-1")
    article = response.json()
    is_noun("Article", article)
    assert article["text"] == BRIDGE
    assert article["sha256"] == hashlib.sha256(BRIDGE.encode()).hexdigest()
    assert article["published_at"] == article["published_raw"] == "2022-02-06"
    assert article["metadata"] == {"section": "local"}
    assert [(b["kind"], BRIDGE[b["range"]["start"] : b["range"]["end"]]) for b in article["blocks"]] == [
        ("headline", "Mayor opens bridge 🌉"),
        ("body", "Ana López opened the new bridge on Monday.\r\nIt cost 3 million euros."),
    ]


def test_articles_are_listed_newest_first(client: TestClient, is_noun: Check) -> None:
    response = client.get("/v1/articles")
    is_noun("ArticleList", response.json())
    assert [head["id"] for head in response.json()["items"]] == ["bridge-2", "bridge-1", "storm-1"]
    assert response.json()["next"] is None
    only = client.get("/v1/articles?source=The+Weekly&until=2023-03").json()
    assert [head["id"] for head in only["items"]] == ["bridge-2"]


def test_a_long_list_comes_in_pages(client: TestClient) -> None:
    first = client.get("/v1/articles?limit=2").json()
    second = client.get("/v1/articles", params={"limit": 2, "cursor": first["next"]}).json()
    assert [head["id"] for head in first["items"] + second["items"]] == ["bridge-2", "bridge-1", "storm-1"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=x", "cursor"), ("since=x", "since"), ("a=b", "a")],
)
def test_a_list_that_cannot_be_taken(query: str, field: str, client: TestClient) -> None:
    response = client.get(f"/v1/articles?{query}")
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_an_article_is_stored_updated_and_deleted(writer: TestClient, is_noun: Check) -> None:
    created = writer.put("/v1/articles/ferry-1", json=NEW)
    is_noun("Article", created.json())
    assert (created.status_code, created.json()["id"], created.json()["title"]) == (201, "ferry-1", "Ferry sinks")
    assert writer.get("/v1/articles/ferry-1").content == created.content
    asked = {"question": "How many were saved?", "filters": {"ids": ["ferry-1"]}}
    assert writer.post("/v1/ask", json=asked).json()["passages"][0]["article"]["id"] == "ferry-1"

    assert writer.put("/v1/articles/ferry-1", json={"id": "ferry-1", **NEW}).status_code == 200, "the same again"
    assert writer.get("/v1/articles/ferry-1").content == created.content
    changed = writer.put("/v1/articles/ferry-1", json={"text": "A ferry was raised."})
    assert (changed.status_code, changed.json()["text"], changed.json()["title"]) == (200, "A ferry was raised.", None)

    deleted = writer.delete("/v1/articles/ferry-1")
    assert (deleted.status_code, deleted.content) == (204, b"")
    for response in (
        writer.delete("/v1/articles/ferry-1"),
        writer.get("/v1/articles/ferry-1"),
        writer.get("/v1/articles/ferry-1/similar"),
    ):
        assert (response.status_code, response.json()["type"]) == (404, "urn:pullquote:article-not-found")
    assert writer.post("/v1/ask", json=asked).json()["reason"] == "no_match"
    assert writer.put("/v1/articles/ferry-1", json=NEW).status_code == 201, "it may come back"


def test_many_are_told_of_one_by_one(writer: TestClient, is_noun: Check) -> None:
    items = [NEW, ARTICLES[0], {**ARTICLES[1], "title": "Now with a title"}, {"text": " \n"}]
    report = writer.post("/v1/articles", json={"items": items}).json()
    is_noun("IndexReport", report)
    assert {event["status"]: event["id"] for event in report["items"]} == {
        "added": report["items"][[event["status"] for event in report["items"]].index("added")]["id"],
        "unchanged": "bridge-1",
        "updated": "bridge-2",
        "refused": None,
    }
    [refused] = [event for event in report["items"] if event["status"] == "refused"]
    assert refused["reason"]
    summary = report["summary"]
    assert [summary[name] for name in ("added", "updated", "unchanged", "refused", "removed")] == [1, 1, 1, 1, 0]
    assert summary["view"]["articles"] == len(ARTICLES) + 1


def test_one_may_be_sent_alone_and_its_text_or_url_names_it(writer: TestClient) -> None:
    first = writer.post("/v1/articles", json=NEW).json()["items"][0]
    again = writer.post("/v1/articles", json=NEW).json()["items"][0]
    assert (first["status"], again["status"], again["id"]) == ("added", "unchanged", first["id"])
    linked = {**NEW, "url": "https://daily.example/ferry?utm_source=x"}
    one = writer.post("/v1/articles", json=linked).json()["items"][0]
    other = writer.post("/v1/articles", json={**NEW, "url": "http://daily.example/ferry", "text": "Changed."}).json()
    assert one["status"] == "added"
    assert (other["items"][0]["status"], other["items"][0]["id"]) == ("updated", one["id"])


def test_half_characters_are_mended_with_a_warning(writer: TestClient) -> None:
    content = b'{"text": "A half \\ud83c of a bridge."}'
    report = writer.post("/v1/articles", content=content, headers={"Content-Type": "application/json"}).json()
    assert report["items"][0]["warnings"] == ["lone surrogates were replaced by U+FFFD"]
    assert writer.get(f"/v1/articles/{report['items'][0]['id']}").json()["text"] == "A half \ufffd of a bridge."


def test_a_text_is_kept_character_for_character(writer: TestClient) -> None:
    text = "\ufeff𝒳𝒾 cafe\u0301\r\n\r\n\u2028a\u00a0b \u202e👩\u200d👧.\t\n"
    article = writer.put("/v1/articles/odd", json={"text": text}).json()
    assert article["text"] == text


FAULTS = [
    ({}, ["text"]),
    ({"text": ""}, ["text"]),
    ({"text": "a\0b"}, ["text"]),
    ({"text": 5}, ["text"]),
    ({"text": "a", "id": "a b"}, ["id"]),
    ({"text": "a", "id": "../a"}, ["id"]),
    ({"text": "a", "metadata": []}, ["metadata"]),
    ({"text": "a", "published_at": 2022}, ["published_at"]),
    ({"text": "a", "blocks": []}, ["blocks"]),
    ({"items": []}, ["items"]),
    ({"items": [{"text": "a"}, {"id": "b"}]}, ["items.1.text"]),
    ({"items": [{"text": "a"}], "text": "b"}, ["text"]),
    ({"items": [{"text": "a"}] * 1001}, ["items"]),
]


@pytest.mark.parametrize(("body", "fields"), FAULTS, ids=lambda value: str(value)[:30])
def test_an_article_that_cannot_be_taken(
    body: dict[str, Any], fields: list[str], client: TestClient, is_noun: Check
) -> None:
    response = client.post("/v1/articles", json=body)
    is_noun("Problem", response.json())
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == fields


def test_what_holds_no_words_is_refused_with_the_reason(client: TestClient, is_noun: Check) -> None:
    response = client.put("/v1/articles/blank", json={"text": " \n "})
    is_noun("Problem", response.json())
    assert (response.status_code, response.json()["type"]) == (422, "urn:pullquote:unreadable-article")
    assert client.get("/v1/articles/blank").status_code == 404


@pytest.mark.parametrize("path", ["/v1/articles/a%20b", "/v1/articles/-a", "/v1/articles/" + "a" * 129])
def test_an_id_that_is_none_is_refused(path: str, client: TestClient) -> None:
    response = client.put(path, json=NEW)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["article_id"]
    assert client.get(path).status_code == client.delete(path).status_code == 404


def test_the_id_of_the_path_is_the_id_of_the_body(client: TestClient) -> None:
    response = client.put("/v1/articles/a", json={"id": "b", **NEW})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["id"]


def test_what_says_the_same_has_the_same_digest() -> None:
    sparse, full = ArticleIn(text="a", title="b"), ArticleIn(title="b", text="a", url=None, metadata={})
    assert page_of(sparse) == page_of(full)
    assert page_of(sparse).source_sha256 == hashlib.sha256(b'{"text":"a","title":"b"}').hexdigest()
    assert page_of(sparse).source_sha256 != page_of(ArticleIn(text="a", title="c")).source_sha256


def test_writers_and_readers_do_not_trip_over_one_another(writer: TestClient) -> None:
    def put(number: int) -> int:
        return writer.put(f"/v1/articles/n-{number}", json={"text": f"Ferry number {number} sank."}).status_code

    def ask(number: int) -> int:
        return writer.post("/v1/ask", json={"question": f"Which ferry sank, {number}?"}).status_code

    with ThreadPoolExecutor(8) as pool:
        written, asked = pool.map(put, range(12)), pool.map(ask, range(12))
        assert set(written) == {201}
        assert set(asked) == {200}
    assert len(writer.get("/v1/articles").json()["items"]) == len(ARTICLES) + 12
