"""What the routes share: the archive, and how they are documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from api.caching import server_timing
from api.errors import MEDIA_TYPE
from api.gate import Caller
from api.refusals import ScopeMissing
from api.replies import reply
from api.service import Service
from indexer.types import IndexEvent, Reply
from pullquote import Archive


async def _service(request: Request) -> Service:  # async: nothing here may wait for a thread
    service: Service = request.app.state.service
    return service


async def _archive(request: Request) -> Archive:
    return (await _service(request)).archive()


async def _may_write(request: Request) -> None:
    """Look once more at what the gate has let in. Raises ScopeMissing."""
    caller: Caller = request.state.caller
    if caller.scope not in {"write", "admin"}:
        raise ScopeMissing("write", caller.scope or "none")


ServiceDep = Annotated[Service, Depends(_service)]
ArchiveDep = Annotated[Archive, Depends(_archive)]
WRITES = Depends(_may_write)


def note(request: Request, service: Service, action: str, event: IndexEvent) -> None:
    """Put what became of one article into the audit log, where it happens: whoever asked for it may be gone by then."""
    caller: Caller = request.state.caller
    service.audit.record(
        action,
        key=caller.key,
        address=caller.address,
        request_id=request.state.request_id,
        id=event.id,
        origin=event.origin[:300],
        status=event.status,
    )


def timed(found: object) -> Response:
    """A noun as a response; of a Reply, the stages' times in a header too."""
    return reply(found, headers=server_timing(found.timings_ms) if isinstance(found, Reply) else {})


def kept(request: Request, archive: Archive, service: Service, make: Callable[[], object]) -> Response:
    """What `make` gives, with its tag; 304 and no work where the client holds it. It may block: run it in a thread."""
    view = archive.view_info()  # before: a tag that is older than its reply costs a request, a newer one the truth
    if (unchanged := service.tags.unchanged(request, view)) is not None:
        return unchanged
    response = timed(make())
    response.headers.update(service.tags.headers(view))
    return response


def gives(noun: str, description: str, *errors: int) -> dict[int | str, dict[str, Any]]:
    """The documented responses of a route: a noun of the contract, and the problems it may answer with."""
    return {200: _json(ref(noun), description), **problems(401, 403, 429, 503, *errors)}


def cacheable(noun: str, description: str, *errors: int) -> dict[int | str, dict[str, Any]]:
    """The documented responses of a GET that may be kept while the archive does not change."""
    kept = gives(noun, description, *errors)
    kept[200]["headers"] = {"ETag": {"description": "Holds while the archive does.", "schema": {"type": "string"}}}
    return {**kept, 304: {"description": "What you hold (If-None-Match) is what the archive says now."}}


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


_ANYWHERE = (400, 408, 421, 422, 500)
_WHEN = {
    400: "The body is not JSON, or the Host header cannot be read.",
    401: "A key is needed, and none was sent, or one that is wrong or has expired.",
    403: "The key may not do this, a page of another site sent it, or there are no keys and it is another machine's.",
    404: "There is no such article.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    421: "The server does not answer to this host name.",
    422: "A field cannot be taken; `errors` names each.",
    429: "One client asks too much; Retry-After says when to go on.",
    500: "The server failed; its log knows the request_id.",
    503: "Too much is asked, or the archive or a model cannot be used now; Retry-After says when to try again, "
    "if that helps.",
    507: "The archive cannot be written to.",
}
