"""Questions and searches."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.bodies import StrictRoute
from api.replies import reply
from api.requests import AskQuery, AskRequest, SearchQuery, SearchRequest
from api.routes.parts import ArchiveDep, gives
from indexer.types import Filters

router = APIRouter(prefix="/v1", tags=["questions"], route_class=StrictRoute)

_REPLY = "The answers, quoted, or none and a reason; and what was found."
_HITS = "Passages, best first."


@router.post("/ask", responses=gives("Reply", _REPLY, 403, 413, 415))
def ask(body: AskRequest, archive: ArchiveDep) -> Response:
    """Answer one question in the archive's own words, or abstain."""
    return _ask(archive, body, body.filters.filters())


@router.get("/ask", responses=gives("Reply", _REPLY))
def ask_by_get(query: Annotated[AskQuery, Query()], archive: ArchiveDep) -> Response:
    """Answer one question; the question is in the URL, so proxies may log it."""
    return _ask(archive, query, query.filters())


@router.post("/search", responses=gives("HitList", _HITS, 403, 413, 415))
def search(body: SearchRequest, archive: ArchiveDep) -> Response:
    """Find passages."""
    return _search(archive, body, body.filters.filters())


@router.get("/search", responses=gives("HitList", _HITS))
def search_by_get(query: Annotated[SearchQuery, Query()], archive: ArchiveDep) -> Response:
    """Find passages; the query is in the URL, so proxies may log it."""
    return _search(archive, query, query.filters())


def _ask(archive: ArchiveDep, asked: AskRequest | AskQuery, filters: Filters) -> Response:
    found = archive.ask(
        asked.question,
        top_k=asked.top_k,
        depth=asked.depth,
        mode=asked.mode,
        filters=filters,
        max_error=asked.max_error,
        as_of=asked.as_of,
    )
    return reply(found)


def _search(archive: ArchiveDep, asked: SearchRequest | SearchQuery, filters: Filters) -> Response:
    found = archive.search(asked.query, top_k=asked.top_k, mode=asked.mode, filters=filters, cursor=asked.cursor)
    return reply(found)
