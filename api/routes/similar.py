"""Articles like an article, or like a text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.bodies import StrictRoute
from api.replies import reply
from api.requests import SimilarQuery, SimilarRequest
from api.routes.parts import ArchiveDep, gives

router = APIRouter(prefix="/v1", tags=["similar"], route_class=StrictRoute)

_HITS = "The nearest passage of each similar article, best first."


@router.post("/similar", responses=gives("HitList", _HITS, 404, 403, 413, 415))
def similar_to_text(body: SimilarRequest, archive: ArchiveDep) -> Response:
    """Find articles like a text, or like an article of the archive."""
    return reply(archive.similar(body.article_id, text=body.text, top_k=body.top_k, filters=body.filters.filters()))


@router.get("/articles/{article_id}/similar", responses=gives("HitList", _HITS, 404))
def similar_to_article(article_id: str, query: Annotated[SimilarQuery, Query()], archive: ArchiveDep) -> Response:
    """Find articles like one of the archive."""
    return reply(archive.similar(article_id, top_k=query.top_k, filters=query.filters()))
