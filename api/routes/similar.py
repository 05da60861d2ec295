"""Articles like an article, or like a text."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.bodies import StrictRoute
from api.requests import SimilarQuery, SimilarRequest
from api.routes.parts import ArchiveDep, ServiceDep, cacheable, gives, kept, timed

router = APIRouter(prefix="/v1", tags=["similar"], route_class=StrictRoute)

_HITS = "The nearest passage of each similar article, best first."


@router.post("/similar", responses=gives("HitList", _HITS, 404, 403, 413, 415))
async def similar_to_text(body: SimilarRequest, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Find articles like a text, or like an article of the archive."""
    find = partial(archive.similar, body.article_id, text=body.text, top_k=body.top_k, filters=body.filters.filters())
    return await service.answers.run(lambda: timed(find()))


@router.get("/articles/{article_id}/similar", responses=cacheable("HitList", _HITS, 404))
async def similar_to_article(
    request: Request,
    article_id: str,
    query: Annotated[SimilarQuery, Query()],
    archive: ArchiveDep,
    service: ServiceDep,
) -> Response:
    """Find articles like one of the archive."""
    find = partial(archive.similar, article_id, top_k=query.top_k, filters=query.filters())
    return await service.answers.run(partial(kept, request, archive, service, find))
