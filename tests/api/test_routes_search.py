from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.api.conftest import ARTICLES, Check

TEXTS = {article["id"]: article["text"] for article in ARTICLES}


def ids(response: Response) -> list[str]:
    return [item["article"]["id"] for item in response.json()["items"]]


def test_passages_are_found_with_their_marks(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/search", json={"query": "mayor bridge", "mode": "lexical"})
    found = response.json()
    is_noun("HitList", found)
    assert response.status_code == 200
    assert sorted(ids(response)) == ["bridge-1", "bridge-2"]
    for hit in found["items"]:
        text = TEXTS[hit["article"]["id"]]
        assert text[hit["range"]["start"] : hit["range"]["end"]] == hit["text"]
        marked = {text[mark["start"] : mark["end"]].casefold() for mark in hit["highlights"]}
        assert marked
        assert marked <= {"mayor", "bridge"}


def test_get_and_post_give_the_same(client: TestClient) -> None:
    posted = client.post("/v1/search", json={"query": "storm", "top_k": 2, "filters": {"source": ["The Weekly"]}})
    got = client.get("/v1/search", params={"query": "storm", "top_k": 2, "source": ["The Weekly"]})
    assert got.content == posted.content
    assert ids(got)[0] == "storm-1"


def test_pages_follow_one_another(client: TestClient) -> None:
    whole = client.get("/v1/search?query=bridge&top_k=100").json()
    pages, cursor = [], None
    while True:
        page = client.post("/v1/search", json={"query": "bridge", "top_k": 1, "cursor": cursor}).json()
        pages += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert pages == whole["items"]
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "\t"}, "query"),
        ({"query": "a", "cursor": "x"}, "cursor"),
        ({"query": "a", "cursor": "ü"}, "cursor"),
        ({"query": "a", "depth": 5}, "depth"),
        ({"query": "a", "top_k": 101}, "top_k"),
        ({"query": "a", "mode": ""}, "mode"),
    ],
)
def test_a_search_that_cannot_be_taken(body: dict[str, Any], field: str, client: TestClient, is_noun: Check) -> None:
    for response in (client.post("/v1/search", json=body), client.get("/v1/search", params=body)):
        is_noun("Problem", response.json())
        assert response.status_code == 422
        assert [error["field"] for error in response.json()["errors"]] == [field]


def test_articles_like_one_of_the_archive(client: TestClient, is_noun: Check) -> None:
    response = client.get("/v1/articles/bridge-1/similar")
    is_noun("HitList", response.json())
    assert ids(response) == ["bridge-2", "storm-1"], "nearest first, and not itself"
    assert ids(client.get("/v1/articles/bridge-1/similar?top_k=1")) == ["bridge-2"]
    assert ids(client.get("/v1/articles/bridge-1/similar?ids=storm-1")) == ["storm-1"]
    assert client.post("/v1/similar", json={"article_id": "bridge-1"}).content == response.content


def test_articles_like_a_text(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/similar", json={"text": "Wind tore down power lines at sea.", "top_k": 1})
    is_noun("HitList", response.json())
    assert ids(response) == ["storm-1"]
    assert ids(client.post("/v1/similar", json={"text": "Wind.", "filters": {"author": ["W. Riter"]}})) == ["bridge-2"]
    address = {"text": "https://news.example/storm-cuts-power-on-the-coast", "top_k": 1}
    assert ids(client.post("/v1/similar", json=address)) == ["storm-1"], "nothing but furniture, in an article"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "similar"),
        ({"text": "a", "article_id": "bridge-1"}, "similar"),
        ({"text": ""}, "text"),
        ({"text": " "}, "text"),
        ({"text": "a\0"}, "text"),
        ({"text": "a", "top_k": 0}, "top_k"),
        ({"article_id": "a b"}, "article_id"),
        ({"text": "a", "mode": "dense"}, "mode"),
        ({"text": "a", "filters": {"since": "x"}}, "since"),
    ],
)
def test_a_likeness_that_cannot_be_taken(body: dict[str, Any], field: str, client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/similar", json=body)
    is_noun("Problem", response.json())
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_nothing_is_like_an_article_that_is_not_there(client: TestClient) -> None:
    for response in (
        client.get("/v1/articles/nobody/similar"),
        client.post("/v1/similar", json={"article_id": "nobody"}),
    ):
        assert (response.status_code, response.json()["type"]) == (404, "urn:pullquote:article-not-found")
    assert client.get("/v1/articles/bridge-1/similar?top_k=0").status_code == 422
    assert client.get("/v1/articles/bridge-1/similar?colour=red").status_code == 422
