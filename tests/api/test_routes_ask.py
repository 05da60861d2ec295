from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from api import cli
from indexer.types import Mode
from pullquote import Archive
from tests.api.conftest import BRIDGE, Check, server_in

QUESTION = "How much did the bridge cost?"
GOOD = {"question": QUESTION, "top_k": 2, "depth": 3, "mode": "hybrid", "filters": {"source": ["The Daily"]}}


def untimed(content: bytes) -> bytes:
    return re.sub(rb'"timings_ms":\{[^}]*\}', b"", content)


def test_a_question_is_answered_with_a_quotation(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    reply = response.json()
    is_noun("Reply", reply)
    best = reply["answers"][0]
    assert best["answer"] == "3 million euros"
    assert best["article"]["id"] == "bridge-1"
    assert BRIDGE[best["range"]["start"] : best["range"]["end"]] == "3 million euros"
    in_javascript = BRIDGE.encode("utf-16-le")[2 * best["range"]["utf16"]["start"] : 2 * best["range"]["utf16"]["end"]]
    assert in_javascript.decode("utf-16-le") == "3 million euros"
    assert best["context"]["text"] == "It cost 3 million euros."


def test_get_and_post_give_the_same(client: TestClient) -> None:
    posted = client.post("/v1/ask", json=GOOD)
    got = client.get(
        "/v1/ask", params={"question": QUESTION, "top_k": 2, "depth": 3, "mode": "hybrid", "source": ["The Daily"]}
    )
    assert untimed(got.content) == untimed(posted.content)
    assert got.json()["answered"] is True


def test_the_reply_is_what_the_command_line_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_in(tmp_path / "archive") as client:
        response = client.post("/v1/ask", json={"question": "¿" + QUESTION + " 🌉"})
    assert cli.main(["ask", "--json", "--archive", str(tmp_path / "archive"), "¿" + QUESTION + " 🌉"]) == 0
    assert untimed(response.content) + b"\n" == untimed(capsys.readouterr().out.encode())


def test_nothing_matches_is_no_error(client: TestClient, is_noun: Check) -> None:
    response = client.post("/v1/ask", json={"question": QUESTION, "filters": {"source": ["Nobody"]}})
    is_noun("Reply", response.json())
    assert (response.status_code, response.json()["answered"], response.json()["reason"]) == (200, False, "no_match")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"ids": ["bridge-1", "storm-1"]}, {"bridge-1", "storm-1"}),
        ({"author": ["W. Riter"]}, {"bridge-2"}),
        ({"source": ["The Weekly"]}, {"bridge-2", "storm-1"}),
        ({"source": ["The Daily", "The Weekly"], "since": "2023"}, {"bridge-2"}),
        ({"until": "2022-02-06"}, {"bridge-1"}),
    ],
)
def test_filters_choose_the_articles(filters: dict[str, Any], found: set[str], client: TestClient) -> None:
    posted = client.post("/v1/ask", json={"question": QUESTION, "filters": filters}).json()
    got = client.get("/v1/ask", params={"question": QUESTION, **filters}).json()
    for reply in (posted, got):
        assert {hit["article"]["id"] for hit in reply["passages"]} == found
    assert posted["excluded"] == got["excluded"]
    assert posted["excluded"]["unknown_date"] == (1 if {"since", "until"} & filters.keys() else 0)


FAULTS = [
    ({"question": None}, "question"),
    ({"question": ""}, "question"),
    ({"question": " \n"}, "question"),
    ({"question": "a" * 2001}, "question"),
    ({"question": 5}, "question"),
    ({"question": "\ud800"}, "question"),
    ({"top_k": 0}, "top_k"),
    ({"top_k": 101}, "top_k"),
    ({"top_k": "5"}, "top_k"),
    ({"top_k": True}, "top_k"),
    ({"top_k": 1.5}, "top_k"),
    ({"depth": 0}, "depth"),
    ({"depth": 201}, "depth"),
    ({"mode": "psychic"}, "mode"),
    ({"max_error": 0.1}, "max_error"),
    ({"max_error": 2}, "max_error"),
    ({"as_of": "tomorrow"}, "as_of"),
    ({"filters": {"since": "yesterday"}}, "since"),
    ({"filters": {"since": "2023", "until": "2022"}}, "since"),
    ({"filters": {"source": "The Daily"}}, "filters.source"),
    ({"filters": {"source": [None]}}, "filters.source.0"),
    ({"filters": {"ids": ["a"] * 1001}}, "filters.ids"),
    ({"filters": {"colour": ["red"]}}, "filters.colour"),
    ({"filters": None}, "filters"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("change", "field"), FAULTS, ids=lambda value: str(value)[:30])
def test_what_cannot_be_taken_is_told_with_its_field(
    change: dict[str, Any], field: str, client: TestClient, is_noun: Check
) -> None:
    content = json.dumps({**GOOD, **change})  # in ASCII: half a character cannot be sent otherwise
    response = client.post("/v1/ask", content=content, headers={"Content-Type": "application/json"})
    problem = response.json()
    is_noun("Problem", problem)
    assert response.status_code == 422
    assert problem["type"] == "urn:pullquote:invalid-input"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert field in problem["detail"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "question"),
        ("question=", "question"),
        ("question=a&top_k=x", "top_k"),
        ("question=a&top_k=0", "top_k"),
        ("question=a&mode=psychic", "mode"),
        ("question=a&since=x", "since"),
        ("question=a&max_error=nan", "max_error"),
        ("question=a&filters=x", "filters"),
        ("question=a&colour=red", "colour"),
        ("question=a&question=b", "question"),
    ],
)
def test_the_same_for_a_query(query: str, field: str, client: TestClient, is_noun: Check) -> None:
    response = client.get(f"/v1/ask?{query}")
    is_noun("Problem", response.json())
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_ends_of_the_bounds_are_taken(mode: str, client: TestClient) -> None:
    for top_k, depth in ((1, 1), (100, 200)):
        body = {"question": "b" * 2000, "top_k": top_k, "depth": depth, "mode": mode}
        assert client.post("/v1/ask", json=body).status_code == 200


def test_the_schemas_bounds_are_those_of_the_python_door(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as archive:
        archive.ask("b" * 2000, top_k=100, depth=200)
        for wrong in ({"question": "b" * 2001}, {"top_k": 101}, {"top_k": 0}, {"depth": 201}, {"depth": 0}):
            with pytest.raises(Exception, match=next(iter(wrong))):
                archive.ask(**{"question": "b", **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "question", ["\0", "a\0b", '" AND (', "NOT *:* ]", "\u202e?", "🌉", "'; DROP TABLE article; --", "\\"]
)
def test_odd_questions_are_questions(question: str, client: TestClient, is_noun: Check) -> None:
    for path, name in (("/v1/ask", "question"), ("/v1/search", "query")):
        for mode in ("hybrid", "lexical"):
            response = client.post(path, json={name: question, "mode": mode})
            assert response.status_code == 200, response.text
            got = client.get(path, params={name: question, "mode": mode})
            assert untimed(got.content) == untimed(response.content)
