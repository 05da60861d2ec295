from __future__ import annotations

import asyncio
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.bodies import ARTICLE_LIMIT, COUNT_LIMIT, DEPTH_LIMIT, QUESTION_LIMIT, parse, parse_apart
from api.refusals import BodyNotJson

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
JSON = {"Content-Type": "application/json"}


@given(VALUES)
def test_json_is_read_as_python_reads_it(value: object) -> None:
    for ascii_only in (True, False):
        content = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        if ascii_only or not any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False)):
            assert parse(content) == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1, "b": 2, "a": 1}', "'a' stands twice in one object"),
        (b'{"x": {"\\u0061": 1, "a": 2}}', "'a' stands twice"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"[Infinity]", "Infinity is not"),
        (b"-Infinity", "-Infinity is not"),
        (b"[1e999]", "1e999 is too large"),
        (b"[-1e999]", "-1e999 is too large"),
        (b'{"a": 1', "line 1 column 8"),
        (b"{'a': 1}", "line 1 column 2"),
        (b'"a" "b"', "Extra data"),
        (b"", "line 1 column 1"),
        (b" ", "line 1 column"),
        (b'"\xff"', "byte 2 is not UTF-8"),
        (b'"\xed\xa0\x80"', "byte 2 is not UTF-8"),
        ('"é"'.encode("utf-16"), "byte 1 is not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"1" * 5000, "too long"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1), "nested too deep"),
        (b"[" + b"0," * COUNT_LIMIT + b"0]", "more than 1,000,000 values"),
        (b"[" + b'"",' * COUNT_LIMIT + b'""]', "more than 1,000,000 values"),
        (b'["\\"", "\\\\", ' + b"0," * COUNT_LIMIT + b"0]", "more than 1,000,000 values"),
    ],
)
def test_what_is_not_json_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(BodyNotJson, match="send one JSON object") as caught:
        parse(content)
    assert words in str(caught.value)


def test_others_are_answered_while_a_large_body_is_parsed() -> None:
    value = [{"a": n} for n in range(200_000)]

    async def main() -> None:
        parsing = asyncio.create_task(parse_apart(json.dumps(value).encode()))
        turns = 0
        while not parsing.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert await parsing == value
        assert turns > 5

    asyncio.run(main())


def test_a_text_may_hold_as_many_commas_as_it_likes() -> None:
    text = ',"\\' * COUNT_LIMIT
    assert parse(json.dumps([text, text]).encode()) == [text, text]
    assert parse(b"[" + b"0," * (COUNT_LIMIT - 1) + b"0]") == [0] * COUNT_LIMIT


def test_a_string_without_an_end_is_gone_through_once() -> None:
    """Once for each quote in it would take minutes."""
    begun = time.monotonic()
    with pytest.raises(BodyNotJson, match="Unterminated string"):
        parse(b'"' + b'\\"' * 20_000 + b"," * COUNT_LIMIT)
    assert time.monotonic() - begun < 20


def test_a_value_may_be_as_deep_as_the_limit() -> None:
    value = parse(b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT)
    assert str(value) == "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT


def test_numbers_keep_their_value() -> None:
    assert parse(b"[1e308, 0.1, 9007199254740993, -0.0]") == [1e308, 0.1, 9007199254740993, -0.0]
    assert math.copysign(1, parse(b"-0.0")) == -1


@pytest.mark.parametrize("content", [b'{"question":"a","question":"b"}', b'{"question":', b'{"question":NaN}', b"\xff"])
def test_a_body_that_is_not_json_is_400(content: bytes, client: TestClient) -> None:
    response = client.post("/v1/ask", content=content, headers=JSON)
    assert (response.status_code, response.json()["type"]) == (400, "urn:pullquote:body-not-json")


def test_a_body_is_wanted_where_there_is_none(client: TestClient) -> None:
    for response in (client.post("/v1/ask"), client.post("/v1/ask", content=b"", headers=JSON)):
        assert response.status_code == 422
        assert response.json()["errors"] == [{"field": "body", "detail": "it is missing: add it"}]


def test_a_body_that_is_no_object_is_422(client: TestClient) -> None:
    for content in (b"5", b"[]", b"null", b'"question"'):
        response = client.post("/v1/ask", content=content, headers=JSON)
        assert response.status_code == 422, content


def padded(size: int) -> bytes:
    """A question whose body has exactly `size` bytes."""
    body = b'{"question":"bridge"}'
    return body + b" " * (size - len(body))


def test_the_limit_is_exact(client: TestClient) -> None:
    assert client.post("/v1/search", content=b'{"query":"bridge"}' + b" " * 100, headers=JSON).status_code == 200
    assert client.post("/v1/ask", content=padded(QUESTION_LIMIT), headers=JSON).status_code == 200
    response = client.post("/v1/ask", content=padded(QUESTION_LIMIT + 1), headers=JSON)
    assert (response.status_code, response.json()["type"]) == (413, "urn:pullquote:body-too-large")
    assert "1,048,576 bytes" in response.json()["detail"]


def test_a_body_of_no_declared_length_is_counted(client: TestClient) -> None:
    for size, status in ((QUESTION_LIMIT, 200), (QUESTION_LIMIT + 1, 413)):
        content = padded(size)
        pieces = (content[at : at + 65_536] for at in range(0, size, 65_536))
        assert client.post("/v1/ask", content=pieces, headers=JSON).status_code == status


def test_articles_may_be_larger(client: TestClient) -> None:
    body = b'{"text":" "}'
    for size, status in ((QUESTION_LIMIT + 1, 422), (ARTICLE_LIMIT, 422), (ARTICLE_LIMIT + 1, 413)):
        response = client.put("/v1/articles/blank", content=body + b" " * (size - len(body)), headers=JSON)
        assert response.status_code == status


def test_a_name_of_the_query_is_given_once(client: TestClient) -> None:
    response = client.get("/v1/search?query=bridge&query=storm")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "query", "detail": "it is given more than once: give it once"}]
    assert client.get("/v1/search?query=bridge&source=a&source=b").status_code == 200
