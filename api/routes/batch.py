"""Many questions at once, each answered or refused by itself."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.bodies import StrictRoute
from api.errors import problem_of, problem_of_faults
from api.refusals import TookTooLong
from api.replies import encoded, encoded_with_id
from api.requests import BatchQuestion, BatchRequest
from api.routes.ask import answer
from api.routes.parts import ArchiveDep, ServiceDep, gives
from api.service import Service
from api.streams import EVENTS, JSON, LINES, Tell, stream, wanted
from indexer.errors import PullquoteError
from pullquote import Archive

router = APIRouter(prefix="/v1", tags=["questions"], route_class=StrictRoute)

_REPLIES = (
    "An item for each question, in order: its id with a Reply, or with the problem. With Accept: application/x-ndjson "
    "each is a line, with text/event-stream an event `item`, sent when it is there."
)


@router.post("/batch", responses=gives("BatchReply", _REPLIES, 403, 413, 415))
async def batch(request: Request, body: BatchRequest, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Answer many questions; one that cannot be answered does not stop the others."""
    service.gate.charge(request.state.caller, len(body.questions) - 1, already=1)
    kind = wanted(request, (JSON, LINES, EVENTS))
    if kind != JSON:
        return await stream(request, kind, lambda tell: _tell_all(request, body, archive, service, tell))
    deadline = time.monotonic() + service.settings.request_seconds
    items = [await _item(request, raw, archive, service, deadline) for raw in body.questions]
    view = await service.answers.run_patiently(archive.view_info)
    return Response(
        b'{"items":[%s],"next":null,"view":%s}' % (b",".join(items), encoded(view)), media_type="application/json"
    )


async def _tell_all(request: Request, body: BatchRequest, archive: Archive, service: Service, tell: Tell) -> None:
    for raw in body.questions:
        tell("item", await _item(request, raw, archive, service))


async def _item(
    request: Request,
    raw: Any,  # noqa: ANN401 as it was sent, unchecked
    archive: Archive,
    service: Service,
    deadline: float | None = None,
) -> bytes:
    """The JSON of one item; deadline: after which it is refused."""
    try:
        asked = BatchQuestion.model_validate(raw)
        if deadline is not None and time.monotonic() > deadline:
            raise TookTooLong(service.settings.request_seconds)
        return await service.answers.run_patiently(
            lambda: encoded_with_id(asked.id, answer(service, archive, asked, asked.filters.filters()))
        )
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        problem = problem_of_faults(faults, request.state.request_id)
    except PullquoteError as error:
        problem = problem_of(error, request.state.request_id)
    return encoded_with_id(_id_of(raw), {"error": problem})


def _id_of(raw: Any) -> str | int | None:  # noqa: ANN401 as above
    given = raw.get("id") if isinstance(raw, dict) else None
    return given if isinstance(given, str | int) and not isinstance(given, bool) else None
