"""Nouns and problems as HTTP responses."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from api.errors import MEDIA_TYPE, kind_of, problem_of
from api.schemas import Problem, json_text
from indexer.errors import PullquoteError


def reply(value: object, status: int = 200) -> Response:
    """One of our nouns as JSON: byte for byte what the command line writes on a line."""
    content = json_text(value).encode("utf-8", "backslashreplace")  # as the command line does with lone surrogates
    return Response(content, status, media_type="application/json")


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as problem JSON (RFC 9457), with its status."""
    content = json_text(problem).encode("utf-8", "backslashreplace")
    return Response(content, problem.status, headers, MEDIA_TYPE)


def error_response(error: PullquoteError, request_id: str) -> Response:
    """An error of the catalogue as its response, with Retry-After where trying again may help."""
    wait = kind_of(error).retry_after
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return problem_response(problem_of(error, request_id), headers)
