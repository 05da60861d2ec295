"""The service against its own OpenAPI document (schemathesis, all checks), and against requests that are odd."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from api.app import create_app
from api.settings import Settings
from bench.fuzz import Fuzzer, Sent, fuzz
from bench.http_load import Outcome
from tests.api.browser import serve
from tests.api.conftest import ARTICLES, client_of

SOME = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from pullquote import Archive

    folder: Path = tmp_path_factory.mktemp("fuzzed") / "archive"
    with Archive(folder, create=True) as archive, client_of(create_app(Settings(archive=folder), archive)) as client:
        client.post("/v1/articles", json={"items": ARTICLES})
    with serve(create_app(Settings(archive=folder, queue=1000, slots=4))) as address:
        yield address


@pytest.fixture(scope="module")
def document(address: str) -> schemathesis.BaseSchema:
    # 422 too: a schema cannot say that dates must not run backwards, or that a cursor must be one of a list
    taken = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "503"]
    config = schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": taken}}})
    return schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)


def test_every_operation_keeps_the_document(document: schemathesis.BaseSchema) -> None:
    checked = 0
    for found in document.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # raises, where it is none

        @SOME
        @given(case=operation.as_strategy())
        def keeps(case: schemathesis.Case[Any]) -> None:
            nonlocal checked
            checked += 1
            case.call_and_validate()

        keeps()
    assert checked > 100
    assert len(CHECKS.get_all()) >= 10


def test_odd_requests_are_refused_and_no_span_lies(address: str) -> None:
    failures: list[str] = []
    counts = asyncio.run(fuzz(int(address.rpartition(":")[2]), 5_000, 7, failures.append))
    assert failures == []
    assert counts.total() == 5_000
    assert counts[200] > 1_000


@pytest.mark.parametrize(("end", "utf16", "lies"), [(7, 8, 0), (6, 8, 1), (7, 7, 1)])
def test_the_fuzzer_knows_a_span_that_lies(end: int, utf16: int, lies: int) -> None:
    fuzzer = Fuzzer(0)
    fuzzer.texts["a"] = {"an older text", "It 🌉 was"}
    at = {"start": 3, "end": end, "utf16": {"start": 3, "end": utf16}}
    hit = {"text": "🌉 wa", "range": at | {"end": end}, "article": {"id": "a"}}
    got = Outcome(200, 0.1, b"content-type: application/json", json.dumps({"items": [hit]}).encode())
    assert fuzzer.problem(Sent(b"POST /v1/search HTTP/1.1"), got) is None
    assert len(list(fuzzer.lies())) == lies
    assert fuzzer.problem(Sent(b""), Outcome(500, 0.1)) is not None
    assert fuzzer.problem(Sent(b""), Outcome(0, 0.1)) is not None
    overloaded = Outcome(503, 0.1, b"content-type: application/problem+json")  # without its body
    assert fuzzer.problem(Sent(b"GET /v1/info HTTP/1.1"), overloaded) is not None
    assert fuzzer.problem(Sent(b"HEAD /v1/info HTTP/1.1"), overloaded) is None
