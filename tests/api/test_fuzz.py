"""Whatever is sent, the server answers with a noun or a problem, and never with a failure of its own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.testclient import TestClient

from api import citations, requests
from tests.api.conftest import ARTICLES, Check
from tests.texts import texts

JSON = {"Content-Type": "application/json"}
NOUNS: dict[str, tuple[type[BaseModel], str]] = {
    "/v1/ask": (requests.AskRequest, "Reply"),
    "/v1/search": (requests.SearchRequest, "HitList"),
    "/v1/similar": (requests.SimilarRequest, "HitList"),
    "/v1/verify": (citations.VerifyRequest, "VerdictList"),
}
HUGE = st.sampled_from([10**19, -(2**63), 2**53, 1e308, -1])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 250)
    | HUGE
    | st.floats(allow_nan=False, width=32)
    | texts(4)
    | st.text()
)
LIKELY = st.sampled_from(
    ["hybrid", "dense", "lexical", "2022", "2022-02-30", "The Daily", "bridge-1", "a b", "\ud800", "\0"]
)
VALUES = st.recursive(
    SCALARS | LIKELY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
TEXTS = {article["id"]: article["text"] for article in ARTICLES}
PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bodies(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Bodies with some of the model's fields: right ones, odd ones; and anything at all."""
    filters = st.fixed_dictionaries({}, optional=dict.fromkeys(requests.FiltersIn.model_fields, VALUES))
    right = {
        "question": texts(6),
        "query": texts(6),
        "text": texts(6),
        "top_k": st.integers(1, 3),
        "depth": st.integers(1, 4),
        "mode": st.sampled_from(["hybrid", "dense", "lexical"]),
        "filters": filters,
    }
    mostly = {name: right.get(name, VALUES) for name in model.model_fields}
    return st.fixed_dictionaries({}, optional=mostly) | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(model.model_fields, VALUES)
    )


def check(response: Response, noun: str, is_noun: Check) -> None:
    assert response.status_code in {200, 400, 422}, response.text
    is_noun(noun if response.status_code == 200 else "Problem", response.json())
    if response.status_code == 200:
        for piece in response.json().get("answers", []) + response.json().get("passages", []):
            text = TEXTS[piece["article"]["id"]]
            assert text[piece["range"]["start"] : piece["range"]["end"]] == piece.get("answer", piece.get("text"))


@given(data=st.data(), path=st.sampled_from(sorted(NOUNS)))
@PATIENT
def test_any_body(data: st.DataObject, path: str, client: TestClient, is_noun: Check) -> None:
    model, noun = NOUNS[path]
    content = json.dumps(data.draw(bodies(model)))
    check(client.post(path, content=content, headers=JSON), noun, is_noun)


@given(data=st.data(), path=st.sampled_from(["/v1/ask", "/v1/search"]))
@PATIENT
def test_any_query(data: st.DataObject, path: str, client: TestClient, is_noun: Check) -> None:
    model, noun = NOUNS[path]
    names = [*model.model_fields, *requests.FiltersIn.model_fields]
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(names), texts(4) | LIKELY | st.text(max_size=5)), max_size=4))
    query = "&".join(f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in drawn)
    check(
        client.get(f"{path}?question=a&query=a&{query}" if data.draw(st.booleans()) else f"{path}?{query}"),
        noun,
        is_noun,
    )


@given(content=st.binary(max_size=60), path=st.sampled_from([*NOUNS, "/v1/articles"]))
@PATIENT
def test_any_bytes(content: bytes, path: str, client: TestClient, is_noun: Check) -> None:
    response = client.post(path, content=content, headers=JSON)
    assert response.status_code in {400, 422}
    is_noun("Problem", response.json())


@given(
    path=texts(4) | st.text(max_size=20), method=st.sampled_from(["GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS"])
)
@PATIENT
def test_any_address(path: str, method: str, client: TestClient) -> None:
    for prefix in ("/", "/v1/", "/v1/articles/x-", "/static/"):
        response = client.request(method, prefix + quote(path.encode("utf-8", "surrogatepass"), safe="/"))
        assert response.status_code in {200, 404, 405, 422}, response.text
