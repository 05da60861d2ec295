"""Replies that come piece by piece: server-sent events (WHATWG HTML, 9.2) and JSON Lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from fastapi import Request
from starlette.responses import StreamingResponse

from api.errors import problem_of
from api.replies import encoded

EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
JSON = "application/json"

Tell = Callable[[str, object], None]


def wanted(request: Request, offers: Sequence[str]) -> str:
    """Which media type of `offers` the client would rather have, by its Accept header; the first if it says nothing."""
    best, chosen = 0.0, offers[0]
    for part in request.headers.get("accept", "").split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        if kind in offers and quality > best:
            best, chosen = quality, kind
    return chosen


async def stream(request: Request, kind: str, work: Callable[[Tell], Awaitable[None]]) -> StreamingResponse:
    """Send what `work` tells, as it tells it: `tell(name, noun)`, from any thread. kind: EVENTS or LINES.

    An error before anything was told is raised; one after that becomes the last event, `problem`.
    """
    told: asyncio.Queue[tuple[str, object] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(name: str, noun: object) -> None:
        loop.call_soon_threadsafe(told.put_nowait, (name, noun))

    async def run() -> None:
        try:
            await work(tell)
        finally:
            loop.call_soon_threadsafe(told.put_nowait, None)  # after all that was told before it

    task = asyncio.create_task(run())
    first = await told.get()
    if first is None:
        await task  # raises what `work` raised, if it did
    pieces = _pieces(first, told, task, _event if kind == EVENTS else _line, request)
    return StreamingResponse(pieces, media_type=kind, headers={"X-Accel-Buffering": "no"})


async def _pieces(
    first: tuple[str, object] | None,
    told: asyncio.Queue[tuple[str, object] | None],
    task: asyncio.Task[None],
    form: Callable[[str, object], bytes],
    request: Request,
) -> AsyncIterator[bytes]:
    piece = first
    try:
        while piece is not None:
            yield form(*piece)
            piece = await told.get()
        await task
    except Exception as error:  # the status is sent: an error can only be one more event
        problem = problem_of(error, request.state.request_id)
        request.state.problem = problem.type.rpartition(":")[2]
        yield form("problem", problem)
    finally:
        task.cancel()  # the client left: what waits for its turn is dropped


def _event(name: str, noun: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), _content(noun))


def _line(_: str, noun: object) -> bytes:
    return _content(noun) + b"\n"


def _content(noun: object) -> bytes:
    return noun if isinstance(noun, bytes) else encoded(noun)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
