"""Articles in bulk: each is checked and stored, or refused, by itself."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.articles import ArticleIn, DocumentsIn
from api.bodies import ArticleRoute
from api.errors import problem_of_faults
from api.incoming import page_of
from api.replies import reply
from api.routes.parts import WRITES, ArchiveDep, ServiceDep, gives, note
from api.schemas import IndexReport
from api.streams import EVENTS, JSON, LINES, stream, wanted
from indexer.errors import SourceUnreadable
from indexer.types import IndexEvent, IndexSummary, Page
from pullquote import Archive

router = APIRouter(prefix="/v1/documents", tags=["articles"], route_class=ArticleRoute)

_REPORT = (
    "What became of each article, in order. With Accept: application/x-ndjson or text/event-stream each is told after "
    "its commit, in the order of the commits, and the counts come last."
)

Report = Callable[[IndexEvent], None]


@router.post("", dependencies=[WRITES], responses=gives("IndexReport", _REPORT, 403, 413, 415, 507))
async def add_documents(request: Request, body: DocumentsIn, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Add or update articles; a faulty one is refused, and does not stop the others."""
    kind, noted = wanted(request, (JSON, LINES, EVENTS)), partial(note, request, service, "add")
    if kind == JSON:
        return reply(await service.writes.run(partial(_in_order, archive, body.items, noted)))

    async def work(tell: Callable[[str, object], None]) -> None:
        def told(event: IndexEvent) -> None:
            noted(event)
            tell("item", event)

        tell("summary", {"summary": await service.writes.run(partial(_add, archive, body.items, told))})

    return await stream(request, kind, work)


def _in_order(archive: Archive, items: Sequence[Any], noted: Report) -> IndexReport:
    """Store the items, and tell of them in the order in which they came: commits have an order of their own."""
    told: defaultdict[str, deque[IndexEvent]] = defaultdict(deque)
    pages = [_page(number, raw) for number, raw in enumerate(items)]

    def report(event: IndexEvent) -> None:
        noted(event)
        told[event.origin].append(event)

    summary = archive.add(pages, report)
    return IndexReport(tuple(told[page.origin].popleft() for page in pages), summary)


def _add(archive: Archive, items: Sequence[Any], report: Report) -> IndexSummary:
    return archive.add((_page(number, raw) for number, raw in enumerate(items)), report)


def _page(number: int, raw: Any) -> Page | SourceUnreadable:  # noqa: ANN401 as it was sent, unchecked
    try:
        return page_of(ArticleIn.model_validate(raw))
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        return SourceUnreadable(f"items.{number}", problem_of_faults(faults).detail)
