"""The archive as tools for programs that speak the Model Context Protocol. The only module that imports `mcp`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Any, Protocol, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import TypedDict

from api.refusals import BodyTooSlow
from api.service import Service
from indexer.errors import PullquoteError
from indexer.types import Answer, Filters, Hit
from pullquote import Archive

T = TypeVar("T")
_INSTRUCTIONS = """\
A news archive that answers with its own words. Use `ask` for a question of fact: it returns exact quotations, each with
the article it stands in, or says that it is not sure enough. Use `search` to find articles on a subject, and `fetch` to
read one whole. Nothing here is generated: quote what you get, and name the article and its date."""
_SEARCH = """\
Find articles of the news archive, best first, one row an article, with the passage that fits best. Matches meaning as
well as words. Give `fetch` an `id` from here to read the whole article."""
_FETCH = "Return one article of the archive whole, by an `id` that `search` or `ask` gave."
_ASK = """\
Answer a question of fact from the news archive with exact quotations, best first. `answered` is false where the archive
does not say, or not surely enough: then `passages` may still help. `start` and `end` say where the quotation stands in
the article's text, in Unicode code points: `fetch(article_id).text[start:end] == quote`."""

Query = Annotated[str, Field(description="What to look for: words, or a sentence.", min_length=1, max_length=2000)]
Question = Annotated[str, Field(description="A question in English.", min_length=1, max_length=2000)]
Since = Annotated[str | None, Field(description="Only articles of this day or later: 2022, 2022-02 or 2022-02-06.")]
Until = Annotated[str | None, Field(description="Only articles of this day or earlier, the whole unit included.")]
Sources = Annotated[list[str] | None, Field(description="Only articles of these sources, by their exact names.")]
Count = Annotated[int, Field(description="How many rows to return.", ge=1, le=50)]


class Found(TypedDict):
    """One row of a search."""

    id: str
    title: str
    url: str
    text: str
    source: str | None
    published_at: str | None


class Results(TypedDict):
    """What a search found."""

    results: list[Found]


class Document(TypedDict):
    """One article."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, Any]


class Quotation(TypedDict):
    """One answer. link: opens the article's page at the quotation. sha256: of the article's text as UTF-8."""

    quote: str
    context: str
    score: float
    confidence: float | None
    article_id: str
    title: str
    url: str
    link: str | None
    source: str | None
    published_at: str | None
    start: int
    end: int
    sha256: str


class Answers(TypedDict):
    """What a question was answered with."""

    answered: bool
    reason: str | None
    answers: list[Quotation]
    passages: list[Found]


class Run(Protocol):
    """Does work in a thread, when its turn comes."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What `work` gives."""
        ...


def server(archive: Callable[[], Archive], run: Run) -> MCPServer[Any]:
    """The tools `search`, `fetch` and `ask` over an archive."""
    made: MCPServer[Any] = MCPServer(
        "pullquote", title="Pullquote", instructions=_INSTRUCTIONS, version=version("pullquote"), log_level="WARNING"
    )
    reading = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    @made.tool(description=_SEARCH, annotations=reading)
    async def search(
        query: Query, top_k: Count = 10, since: Since = None, until: Until = None, source: Sources = None
    ) -> Results:
        filters = _filters(since, until, source)
        hits = await _told(run, lambda: archive().search(query, top_k=min(100, 3 * top_k), filters=filters))
        return Results(results=_rows(hits.items)[:top_k])

    @made.tool(description=_FETCH, annotations=reading)
    async def fetch(id: Annotated[str, Field(description="An article's id.", max_length=128)]) -> Document:
        article = await _told(run, lambda: archive().article(id))
        known = ("source", "author", "published_at", "language", "sha256")
        metadata = {name: value for name in known if (value := getattr(article, name)) is not None}
        return Document(
            id=article.id, title=article.title or "", text=article.text, url=article.url or "", metadata=metadata
        )

    @made.tool(description=_ASK, annotations=reading)
    async def ask(
        question: Question, top_k: Count = 5, since: Since = None, until: Until = None, source: Sources = None
    ) -> Answers:
        filters = _filters(since, until, source)
        reply = await _told(run, lambda: archive().ask(question, top_k=top_k, filters=filters))
        return Answers(
            answered=reply.answered,
            reason=reply.reason,
            answers=[_quotation(one) for one in reply.answers],
            passages=_rows(reply.passages),
        )

    return made


async def speak(archive: Archive) -> None:
    """Serve the tools on stdin and stdout until the client leaves."""
    await server(lambda: archive, asyncio.to_thread).run_stdio_async()


@asynccontextmanager
async def mounted(service: Service) -> AsyncIterator[ASGIApp]:
    """The tools as an ASGI application for POST: streamable HTTP, without sessions, a reply for each request."""
    made = server(service.archive, service.answers.run)
    made.streamable_http_app(
        json_response=True,
        stateless_http=True,
        # the gate has looked at Host, Origin and key
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    manager = made.session_manager

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await manager.handle_request(scope, await _arrived(receive, service.settings.body_seconds), send)

    async with manager.run():
        yield answer


async def _arrived(receive: Receive, seconds: float) -> Receive:
    """The same request with its body read, at most as long as a body may take. Raises BodyTooSlow."""
    messages: list[Message] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while not messages or messages[-1].get("more_body", False):
                messages.append(await receive())
                size += len(messages[-1].get("body", b""))
                if size > 2 * _LARGEST:  # the manager refuses it by what it has
                    break
    except TimeoutError as error:
        raise BodyTooSlow(seconds) from error

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again


_LARGEST = 4 * 1024 * 1024  # bytes, as the manager takes them


async def _told(run: Run, work: Callable[[], T]) -> T:
    """What `work` gives; an error that is for the user, as one for the model."""
    try:
        return await run(work)
    except PullquoteError as error:
        raise ToolError(str(error)) from error


def _filters(since: str | None, until: str | None, source: list[str] | None) -> Filters:
    return Filters(source=tuple(source or ()), since=since, until=until)


def _rows(hits: tuple[Hit, ...]) -> list[Found]:
    """One row an article: its best passage."""
    best: Mapping[str, Hit] = {hit.article.id: hit for hit in reversed(hits)}
    return [_row(best[article]) for article in dict.fromkeys(hit.article.id for hit in hits)]


def _row(hit: Hit) -> Found:
    head = hit.article
    return Found(
        id=head.id,
        title=head.title or "",
        url=head.url or "",
        text=hit.text,
        source=head.source,
        published_at=head.published_at,
    )


def _quotation(answer: Answer) -> Quotation:
    head = answer.article
    return Quotation(
        quote=answer.answer,
        context=answer.context.text,
        score=answer.score,
        confidence=answer.confidence,
        article_id=head.id,
        title=head.title or "",
        url=head.url or "",
        link=answer.citation.link,
        source=head.source,
        published_at=head.published_at,
        start=answer.range.start,
        end=answer.range.end,
        sha256=answer.citation.sha256,
    )
