"""Questions and searches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.bodies import StrictRoute
from api.requests import AskQuery, AskRequest, ExplainRequest, SearchQuery, SearchRequest
from api.routes.parts import ArchiveDep, ServiceDep, cacheable, gives, kept, timed
from api.service import Service
from api.streams import EVENTS, JSON, Tell, stream, wanted
from indexer.types import Filters, HitList, Reply
from pullquote import Archive

router = APIRouter(prefix="/v1", tags=["questions"], route_class=StrictRoute)

_REPLY = "The answers, quoted, or none and a reason; and what was found."
_HITS = "Passages, best first."
_WHY = "Every passage with its rank at each stage, the answers weighed, and the stage that lost what was expected."


@router.post("/ask", responses=gives("Reply", _REPLY, 403, 413, 415))
async def ask(request: Request, body: AskRequest, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Answer one question in the archive's own words, or abstain.

    With Accept: text/event-stream, an event `passages` (a HitList) comes first, then an event `reply` (the Reply).
    """
    request.state.question = body.question
    put = partial(answer, service, archive, body, body.filters.filters())
    if wanted(request, (JSON, EVENTS)) == EVENTS:
        return await stream(request, EVENTS, lambda tell: service.answers.run(partial(_tell, put, tell)))
    return await service.answers.run(lambda: timed(put()))


@router.post("/explain", responses=gives("Explanation", _WHY, 403, 413, 415))
async def explain(body: ExplainRequest, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Say what each stage made of a question, and where an expected answer was lost."""

    def found() -> Response:
        return timed(
            archive.explain(
                body.question,
                answers=body.answers,
                articles=body.articles,
                depth=body.depth,
                mode=body.mode,
                filters=body.filters.filters(),
                as_of=body.as_of,
            )
        )

    return await service.answers.run(found)


@router.get("/ask", responses=cacheable("Reply", _REPLY))
async def ask_by_get(
    request: Request, query: Annotated[AskQuery, Query()], archive: ArchiveDep, service: ServiceDep
) -> Response:
    """Answer one question; the question is in the URL, so proxies may log it."""
    request.state.question = query.question
    make = partial(answer, service, archive, query, query.filters())
    return await service.answers.run(partial(kept, request, archive, service, make))


@router.post("/search", responses=gives("HitList", _HITS, 403, 413, 415))
async def search(request: Request, body: SearchRequest, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Find passages."""
    request.state.question = body.query
    return await service.answers.run(lambda: timed(_search(archive, body, body.filters.filters())))


@router.get("/search", responses=cacheable("HitList", _HITS))
async def search_by_get(
    request: Request, query: Annotated[SearchQuery, Query()], archive: ArchiveDep, service: ServiceDep
) -> Response:
    """Find passages; the query is in the URL, so proxies may log it."""
    request.state.question = query.query
    make = partial(_search, archive, query, query.filters())
    return await service.answers.run(partial(kept, request, archive, service, make))


def _tell(put: Callable[..., Reply], tell: Tell) -> None:
    tell("reply", put(on_passages=partial(tell, "passages")))


def answer(
    service: Service,
    archive: Archive,
    asked: AskRequest | AskQuery,
    filters: Filters,
    on_passages: Callable[[HitList], None] | None = None,
) -> Reply:
    """Put one question to the archive. on_passages: told of the passages before they are read."""
    reply = archive.ask(
        asked.question,
        top_k=asked.top_k,
        depth=asked.depth,
        mode=asked.mode,
        filters=filters,
        max_error=asked.max_error,
        as_of=asked.as_of,
        on_passages=on_passages,
    )
    service.metrics.reply(reply)
    return reply


def _search(archive: Archive, asked: SearchRequest | SearchQuery, filters: Filters) -> HitList:
    return archive.search(
        asked.query,
        top_k=asked.top_k,
        mode=asked.mode,
        filters=filters,
        cursor=asked.cursor,
        copies=asked.copies,
    )
