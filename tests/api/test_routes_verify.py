from __future__ import annotations

import copy
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import BRIDGE, Check

QUESTION = {"question": "How much did the bridge cost?"}


@pytest.fixture(scope="module")
def citation(client: TestClient) -> dict[str, Any]:
    answer = client.post("/v1/ask", json=QUESTION).json()["answers"][0]
    assert answer["answer"] == "3 million euros"
    cited: dict[str, Any] = answer["citation"]
    return cited


def test_citations_are_checked_in_order(client: TestClient, citation: dict[str, Any], is_noun: Check) -> None:
    changed, missing = copy.deepcopy(citation), {**citation, "article_id": "nobody"}
    changed["selectors"][0]["exact"] = "4 million euros"
    moved = {**citation, "range": {"start": 0, "end": 15, "utf16": {"start": 0, "end": 15}}}
    response = client.post("/v1/verify", json={"citations": [citation, changed, missing, moved]})
    found = response.json()
    is_noun("VerdictList", found)
    assert response.status_code == 200
    assert [verdict["status"] for verdict in found["items"]] == ["valid", "changed", "missing", "moved"]
    assert [verdict["article_id"] for verdict in found["items"]] == ["bridge-1", "bridge-1", "nobody", "bridge-1"]
    place = found["items"][0]["range"]
    assert place == found["items"][3]["range"] == citation["range"]
    assert BRIDGE[place["start"] : place["end"]] == "3 million euros"
    assert found["items"][1]["range"] is found["items"][2]["range"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"article_id": None}, "citations.0.article_id"),
        ({"range": {"start": 0, "end": 5}}, "citations.0.range.utf16"),
        ({"range": {"start": -1, "end": 5, "utf16": {"start": 0, "end": 5}}}, "citations.0.range.start"),
        ({"range": {"start": 0, "end": 2**53, "utf16": {"start": 0, "end": 5}}}, "citations.0.range.end"),
        ({"range": {"start": "0", "end": 5, "utf16": {"start": 0, "end": 5}}}, "citations.0.range.start"),
        ({"selectors": []}, "citations.0.selectors"),
        ({"selectors": [{"type": "Other"}]}, "citations.0.selectors.0"),
        ({"selectors": [{"type": "TextQuoteSelector", "exact": 1, "prefix": "", "suffix": ""}]},
         "citations.0.selectors.0.exact"),
        ({"selectors": [{"type": "TextPositionSelector", "start": 0, "end": 5}]}, "selectors"),
    ],
)  # fmt: skip
def test_a_citation_that_is_none(
    change: dict[str, Any], field: str, client: TestClient, citation: dict[str, Any], is_noun: Check
) -> None:
    response = client.post("/v1/verify", json={"citations": [{**citation, **change}]})
    is_noun("Problem", response.json())
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_some_citations_are_wanted(client: TestClient, citation: dict[str, Any]) -> None:
    assert client.post("/v1/verify", json={"citations": []}).status_code == 422
    assert client.post("/v1/verify", json={"citations": [citation] * 1001}).status_code == 422
    assert client.post("/v1/verify", json={"citations": [citation], "colour": "red"}).status_code == 422
    assert client.post("/v1/verify", json=[citation]).status_code == 422


def test_the_largest_offsets_are_only_wrong(client: TestClient, citation: dict[str, Any]) -> None:
    most = 2**53 - 1
    far = {**citation, "range": {"start": most - 1, "end": most, "utf16": {"start": most - 1, "end": most}}}
    verdict = client.post("/v1/verify", json={"citations": [far]}).json()["items"][0]
    assert (verdict["status"], verdict["range"]) == ("moved", citation["range"])
