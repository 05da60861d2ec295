from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ValidationError
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

import api.errors as api_errors
import indexer.errors as indexer_errors
from api import catalogue
from api.app import create_app
from api.citations import VerifyRequest
from api.errors import CATALOGUE, kind_of, problem_of, problem_of_faults
from api.requests import AskRequest
from api.schemas import FieldProblem, Problem, dump
from api.settings import Settings
from indexer.errors import (
    AlreadyReembedding,
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveMissing,
    ArchiveReadOnly,
    ArchiveUnavailable,
    ArticleNotFound,
    IndexMismatch,
    InvalidInput,
    ModelDamaged,
    ModelMismatch,
    ModelMissing,
    ModelUnavailable,
    NewerFormat,
    OlderFormat,
    PullquoteError,
    QuoteMismatch,
)
from tests.api.conftest import HERE, client_of
from tests.api.nouns import reply

Check = Callable[[str, Any], None]
ARCHIVE = Path("archive")

# Error, HTTP status, type, Retry-After.
RAISED = [
    (InvalidInput("top_k", "too many"), 422, "invalid-input", None),
    (ArticleNotFound("a"), 404, "article-not-found", None),
    (ArchiveMissing(ARCHIVE), 503, "archive-missing", None),
    (ArchiveDamaged(ARCHIVE, "a page"), 503, "archive-damaged", None),
    (ArchiveBusy(ARCHIVE), 503, "archive-busy", "5"),
    (AlreadyReembedding(ARCHIVE), 503, "already-reembedding", "5"),
    (ArchiveReadOnly(ARCHIVE, "full"), 507, "archive-read-only", None),
    (NewerFormat(ARCHIVE, 2, 1), 503, "newer-format", None),
    (OlderFormat("postgresql://db/news", 1, 2), 503, "older-format", None),
    (ArchiveUnavailable("postgresql://db/news", "refused"), 503, "archive-unavailable", "2"),
    (ModelMissing("reader", "no files"), 503, "model-missing", None),
    (ModelUnavailable("reader", "offline"), 503, "model-unavailable", None),
    (ModelDamaged("reader", Path("f"), "a" * 64, "b" * 64), 503, "model-damaged", None),
    (ModelMismatch(ARCHIVE, "a", "b"), 503, "model-mismatch", None),
    (IndexMismatch("milvus+http://index", "a", "b"), 503, "index-mismatch", None),
    (QuoteMismatch("a", "no such span"), 500, "quote-mismatch", None),
]


class Failing:
    """An archive whose `ask` raises `error`; a stand-in, for errors that a sound archive does not have."""

    error: BaseException = InvalidInput("nothing", "was set")

    def load(self) -> None:
        """Be ready at once."""

    def view_info(self) -> None:
        """Be reached."""

    def check(self) -> None:
        """Be reached."""

    def ask(self, question: str, **_: object) -> object:
        if question == "fine":
            return reply(question)
        raise self.error


def failing_app(error: BaseException) -> FastAPI:
    archive = Failing()
    archive.error = error
    return create_app(Settings(), archive)  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "status", "kind", "retry"), RAISED, ids=lambda value: str(value)[:20])
def test_every_error_is_its_problem(
    error: PullquoteError, status: int, kind: str, retry: str | None, is_noun: Check
) -> None:
    with client_of(failing_app(error)) as client:
        response = client.post("/v1/ask", json={"question": "?"})
    problem = response.json()
    is_noun("Problem", problem)
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers.get("retry-after") == retry
    assert problem["type"] == f"urn:pullquote:{kind}"
    assert problem["detail"] == str(error)
    assert problem["request_id"] == response.headers["x-request-id"]


def test_every_error_there_is_has_its_row() -> None:
    ours = {
        kind
        for module in (indexer_errors, api_errors)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, PullquoteError) and kind is not PullquoteError
    }
    assert set(CATALOGUE) == ours
    assert len({kind.type for kind in CATALOGUE.values()}) == len(CATALOGUE), "two errors have one type"


def test_an_error_of_a_kind_is_told_as_that_kind() -> None:
    class Odd(InvalidInput):
        """A kind of InvalidInput."""

    assert kind_of(Odd("a", "b")) == CATALOGUE[InvalidInput]
    assert kind_of(PullquoteError("x")).status == 500


def test_an_invalid_input_names_its_field() -> None:
    assert problem_of(InvalidInput("filters.since", "no such day")) == Problem(
        type="urn:pullquote:invalid-input",
        title="The request cannot be taken",
        status=422,
        detail="filters.since: no such day",
        request_id=None,
        errors=(FieldProblem("filters.since", "no such day"),),
    )


def test_an_unexpected_error_is_logged_and_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    with client_of(failing_app(ZeroDivisionError("secret of the house"))) as client:
        response = client.post("/v1/ask", json={"question": "?"})
        assert client.post("/v1/ask", json={"question": "fine"}).status_code == 200
    assert response.status_code == 500
    assert response.json()["type"] == "urn:pullquote:internal"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert response.json()["request_id"] in record.getMessage()
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


def test_errors_of_the_server_are_logged_and_passing_ones_are_not(caplog: pytest.LogCaptureFixture) -> None:
    for error in (ArchiveDamaged(ARCHIVE, "a page"), ArchiveBusy(ARCHIVE), ArticleNotFound("a")):
        with client_of(failing_app(error)) as client:
            client.post("/v1/ask", json={"question": "?"})
    assert ["is damaged" in record.getMessage() for record in caplog.records] == [True]


def faults(model: type[BaseModel], value: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    found = [{**error, "loc": ("body", *error["loc"])} for error in caught.value.errors()]
    return {error.field: error.detail for error in problem_of_faults(found).errors}


def test_faults_have_the_path_of_their_field() -> None:
    said = faults(AskRequest, {"top_k": 101, "filters": {"source": ["a", 1]}, "colour": "red"})
    assert said == {
        "question": "it is missing: add it",
        "top_k": "it should be less than or equal to 100",
        "filters.source.1": "it should be a valid string",
        "colour": "there is no such field: leave it out",
    }
    assert faults(AskRequest, 5) == {"body": "it should be a JSON object"}
    assert faults(AskRequest, {"question": "\ud800"}) == {
        "question": "it holds half of a character (a lone surrogate): send whole ones"
    }


def test_the_alternatives_of_a_union_are_no_part_of_a_path() -> None:
    citation = {"selectors": [{"type": "TextQuoteSelector", "exact": 1, "prefix": "", "suffix": ""}]}
    assert "citations.0.selectors.0.exact" in faults(VerifyRequest, {"citations": [citation]})


def test_a_problem_does_not_grow_with_the_request() -> None:
    value = {"question": "?", **{"x" * 1000 + str(number): 1 for number in range(1000)}}
    with pytest.raises(ValidationError) as caught:
        AskRequest.model_validate(value)
    problem = problem_of_faults([{**error, "loc": ("body", *error["loc"])} for error in caught.value.errors()])
    assert len(problem.errors) == 20
    assert len(json.dumps(dump(problem))) < 10_000


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/v1/ask", "GET, HEAD, POST"),
        ("GET", "/v1/similar", "POST"),
        ("DELETE", "/v1/articles", "GET, HEAD, POST"),
        ("POST", "/v1/articles/a", "GET, HEAD, PUT, DELETE"),
        ("OPTIONS", "/v1/info", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/static/style.css", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_taken_is_405_with_those_that_are(
    method: str, path: str, allow: str, client: TestClient, is_noun: Check
) -> None:
    response = client.request(method, path)
    is_noun("Problem", response.json())
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    assert allow in response.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/ask/", "/docs", "/redoc", "/static/nothing.js", "/v1/articles/"]
)
def test_an_address_with_nothing_is_404(path: str, client: TestClient, is_noun: Check) -> None:
    response = client.get(path)
    is_noun("Problem", response.json())
    assert response.status_code == 404
    assert response.json()["type"] == "urn:pullquote:not-found"


def test_a_response_that_breaks_off_is_logged_and_not_patched(caplog: pytest.LogCaptureFixture) -> None:
    app = failing_app(ArticleNotFound("a"))

    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ZeroDivisionError

    app.mount("/broken", broken)
    with TestClient(app, "http://localhost", client=HERE) as client, pytest.raises(ZeroDivisionError):
        client.get("/broken/")
    assert "'/broken/' failed" in caplog.text


def test_the_page_of_errors_is_fresh() -> None:
    assert catalogue.FILE.read_text("utf-8") == catalogue.document(), "run python -m api.catalogue"
