"""What the routes share: the archive, and how they are documented."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from api.errors import MEDIA_TYPE
from api.security import check_is_local
from api.service import Service
from pullquote import Archive


async def _archive(request: Request) -> Archive:  # async: nothing here may wait for a thread
    service: Service = request.app.state.service
    return service.archive()


async def _from_here(request: Request) -> None:
    check_is_local(request.client)


ArchiveDep = Annotated[Archive, Depends(_archive)]
FROM_HERE = Depends(_from_here)


def gives(noun: str, description: str, *errors: int) -> dict[int | str, dict[str, Any]]:
    """The documented responses of a route: a noun of the contract, and the problems it may answer with."""
    return {200: _json(ref(noun), description), **problems(503, *errors)}


def created(noun: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The documented response of a route that made something new."""
    return {201: _json(ref(noun), description)}


def says(status: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The documented response of a route that tells a state of the service."""
    schema = {"type": "object", "properties": {"status": {"const": status}}, "required": ["status"]}
    return {200: _json(schema, description)}


def problems(*errors: int) -> dict[int | str, dict[str, Any]]:
    """The documented problems of a route, with those that any route may answer with."""
    content = {MEDIA_TYPE: {"schema": ref("Problem")}}
    return {status: {"description": _WHEN[status], "content": content} for status in sorted({*_ANYWHERE, *errors})}


def ref(noun: str) -> dict[str, str]:
    """A reference to a noun of the contract, as OpenAPI has them."""
    return {"$ref": f"#/components/schemas/{noun}"}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_ANYWHERE = (400, 421, 422, 500)
_WHEN = {
    400: "The body is not JSON, or the Host header cannot be read.",
    403: "A page of another site sent it, or a change came from another machine.",
    404: "There is no such article.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    421: "The server does not answer to this host name.",
    422: "A field cannot be taken; `errors` names each.",
    500: "The server failed; its log knows the request_id.",
    503: "The archive or a model cannot be used now; Retry-After says when to try again, if that helps.",
    507: "The archive cannot be written to.",
}
