"""/openapi.json: FastAPI's account of the routes, with our own schemas and examples in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi

from api.contract import components
from api.examples import examples
from api.replies import reply


def add_openapi(app: FastAPI) -> None:
    """Add the route, which documents all that are there at its first request."""

    @cache
    def document() -> dict[str, Any]:
        return openapi(app)

    @app.get("/openapi.json", include_in_schema=False)
    def document_of_the_api() -> Response:
        return reply(document())


def openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the service."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_DESCRIPTION,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    document["components"]["schemas"] = components()
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": _KEY}}
    document["security"] = [{"key": []}, {}]
    shown = examples()
    for operations in document["paths"].values():
        for operation in operations.values():
            _add_examples(operation, shown)
    return document


def _add_examples(operation: dict[str, Any], shown: Mapping[str, Any]) -> None:
    """Put the examples of its nouns into one operation."""
    shows = {"200", "201", "422"}  # the example of a Problem is a 422
    replies = [response for status, response in operation["responses"].items() if status in shows]
    bodies = [operation.get("requestBody", {}), *replies]
    for content in (kind for body in bodies for kind in body.get("content", {}).values()):
        schema = content["schema"]
        nouns = [part["$ref"].rpartition("/")[2] for part in schema.get("oneOf", [schema]) if "$ref" in part]
        content["examples"] = {noun: {"value": shown[noun]} for noun in nouns}


_KEY = "A key of `pullquote keys create`. An archive without keys answers its own machine only, and needs none there."
_DESCRIPTION = """\
Every answer is a quotation: `article.text[range.start:range.end] == answer`, in Unicode code points; `range.utf16`
counts as JavaScript does. Errors are problem JSON (RFC 9457), each with the `request_id` that `X-Request-ID`
holds too.
"""
