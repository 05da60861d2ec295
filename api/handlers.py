"""Every error as problem JSON: ours, FastAPI's and Starlette's."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.errors import CATALOGUE, kind_of, problem_of_faults, problem_of_status, retry_after
from api.replies import error_response, problem_response
from indexer.errors import InvalidInput, PullquoteError

LOG = logging.getLogger("pullquote")
_METHODS = ("GET", "POST", "PUT", "DELETE")


def add_handlers(app: FastAPI) -> None:
    """Let every error that a route raises leave as problem JSON. Other exceptions are the Envelope's."""
    app.add_exception_handler(PullquoteError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_faults)
    app.add_exception_handler(HTTPException, _of_status)


async def _of_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PullquoteError)
    request_id = request.state.request_id
    kind = kind_of(error)
    request.state.problem = kind.type
    if kind.status >= 500 and retry_after(error) is None:  # what passes by itself is no news
        LOG.error("request %s: %s", request_id, error)
    return error_response(error, request_id)


async def _of_faults(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    request.state.problem = CATALOGUE[InvalidInput].type
    return problem_response(problem_of_faults(error.errors(), request.state.request_id))


async def _of_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "there is nothing at this address: see /openapi.json for what there is"}
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request)) or headers.get("Allow", "")
        details[405] = f"{request.method} is not taken here: use one of {headers['Allow']}"
    detail = details.get(error.status_code, error.detail)
    return problem_response(problem_of_status(error.status_code, detail, request.state.request_id), headers)


def _allowed(request: Request) -> list[str]:
    """The methods that some route takes at this address; none below a mount, which tells its own."""
    routes = request.app.router.routes
    taken = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] == Match.FULL for route in routes)
    ]
    return ["GET", "HEAD", *taken[1:]] if taken[:1] == ["GET"] else taken
