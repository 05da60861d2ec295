"""Nouns and problems as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from api.errors import MEDIA_TYPE, problem_of, retry_after
from api.schemas import Problem, json_text, json_with_id
from indexer.errors import PullquoteError


def reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """One of our nouns as JSON: byte for byte what the command line writes on a line."""
    return Response(encoded(value), status, headers, "application/json")


def encoded(value: object) -> bytes:
    """One of our nouns as the bytes of its JSON, on one line."""
    return json_text(value).encode("utf-8", "backslashreplace")  # as the command line does with lone surrogates


def encoded_with_id(item_id: str | int | None, value: object) -> bytes:
    """As `encoded`, an item of a batch: its id first."""
    return json_with_id(item_id, value).encode("utf-8", "backslashreplace")


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as problem JSON (RFC 9457), with its status."""
    return Response(encoded(problem), problem.status, headers, MEDIA_TYPE)


def error_response(error: PullquoteError, request_id: str) -> Response:
    """An error of the catalogue as its response, with Retry-After where trying again may help."""
    wait = retry_after(error)
    headers = {} if wait is None else {"Retry-After": str(wait)}
    problem = problem_of(error, request_id)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(problem, headers)
