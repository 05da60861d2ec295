"""The articles themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import SkipValidation, ValidationError

from api.articles import ArticleIn, OneOrMany, articles_of
from api.bodies import ArticleRoute
from api.incoming import page_of
from api.replies import reply
from api.requests import ArticleId, ListQuery
from api.routes.parts import WRITES, ArchiveDep, ServiceDep, cacheable, created, gives, kept, note, problems
from api.schemas import IndexReport
from indexer.errors import InvalidInput, SourceUnreadable
from indexer.types import IndexEvent, IndexSummary
from pullquote import Archive

router = APIRouter(prefix="/v1/articles", tags=["articles"], route_class=ArticleRoute)

_LIST = "Articles, newest first, those without a date last."
_REPORT = "What became of each article; those that were refused say why."
_GONE: dict[int | str, dict[str, Any]] = {
    204: {"description": "It is gone from every reply that begins after this one."}
}


@router.get("", responses=cacheable("ArticleList", _LIST))
def list_articles(
    request: Request, query: Annotated[ListQuery, Query()], archive: ArchiveDep, service: ServiceDep
) -> Response:
    """List articles."""
    find = partial(archive.articles, filters=query.filters(), limit=query.limit, cursor=query.cursor)
    return kept(request, archive, service, find)


@router.post("", dependencies=[WRITES], responses=gives("IndexReport", _REPORT, 403, 413, 415, 507))
async def add_articles(
    request: Request, body: Annotated[SkipValidation[OneOrMany], Body()], archive: ArchiveDep, service: ServiceDep
) -> Response:
    """Add or update one article, or many as `{"items": […]}`; each is told of by itself."""
    articles = await to_thread.run_sync(_checked, body)  # a large body would keep everybody waiting here
    events, summary = await service.writes.run(partial(_add, archive, articles, partial(note, request, service, "add")))
    return reply(IndexReport(tuple(events), summary))


@router.get("/{article_id}", responses=cacheable("Article", "The article, whole.", 404))
def article(request: Request, article_id: str, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Return one article."""
    return kept(request, archive, service, partial(archive.article, article_id))


@router.put(
    "/{article_id}",
    dependencies=[WRITES],
    responses={**created("Article", "It is new."), **gives("Article", "It was there before.", 403, 413, 415, 507)},
)
async def put_article(
    request: Request,
    article_id: Annotated[ArticleId, Path()],
    body: ArticleIn,
    archive: ArchiveDep,
    service: ServiceDep,
) -> Response:
    """Store an article under this id: 201 if it is new, 200 if there was one before."""
    if body.id not in {None, article_id}:
        raise InvalidInput("id", f"it is {body.id!r} in the body and {article_id!r} in the path: give one, or the same")

    def work() -> Response:
        told = partial(note, request, service, "put")
        [event], _ = _add(archive, [body.model_copy(update={"id": article_id})], told)
        if event.status == "refused":
            raise SourceUnreadable(event.origin, event.reason or "it cannot be read")
        return reply(archive.article(article_id), 201 if event.status == "added" else 200)

    return await service.writes.run(work)


@router.delete(
    "/{article_id}",
    status_code=204,
    dependencies=[WRITES],
    responses={**_GONE, **problems(403, 404, 503, 507)},
)
async def delete_article(request: Request, article_id: str, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Remove an article."""

    def work() -> None:
        archive.delete([article_id])
        note(request, service, "delete", IndexEvent("removed", "", article_id))

    await service.writes.run(work)
    return Response(status_code=204)


def _checked(body: object) -> list[ArticleIn]:
    try:
        return articles_of(body)
    except ValidationError as error:
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]) from error


def _add(
    archive: Archive, articles: list[ArticleIn], told: Callable[[IndexEvent], None]
) -> tuple[list[IndexEvent], IndexSummary]:
    events: list[IndexEvent] = []

    def report(event: IndexEvent) -> None:
        told(event)
        events.append(event)

    return events, archive.add([page_of(article) for article in articles], report)
