"""The HTTP service, put together. `api.serve` runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.handlers import add_handlers
from api.middleware import Envelope
from api.openapi import add_openapi
from api.routes import articles, ask, batch, documents, similar, state, verify
from api.routes.page import add_page
from api.service import Service
from api.settings import Settings
from pullquote import Archive

# A stream tells each thing when it is there: a compressor would hold it back.
_SENT_AS_THEY_ARE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/x-ndjson")


Tools = Callable[[Service], AbstractAsyncContextManager[ASGIApp]]


def create_app(settings: Settings, archive: Archive | None = None, tools: Tools | None = None) -> FastAPI:
    """The service over one archive, as an ASGI application. It loads the models while it already listens.

    tools: what answers at `/mcp` while it runs (`api.mcp.mounted`).
    archive: one that is open, and stays the caller's to close; else that of the settings is opened, and closed.
    """
    service = Service(partial(open_archive, settings) if archive is None else lambda: archive, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        async with AsyncExitStack() as stack:
            if tools is not None:
                add_tools(app, await stack.enter_async_context(tools(service)))
            yield
        opened = service.stop()
        if archive is None and opened is not None:
            opened.close()

    app = FastAPI(
        title="Pullquote",
        version=version("pullquote"),
        summary="Answers questions over a news archive with the archive's own words.",
        lifespan=lifespan,
        openapi_url=None,  # its own route: the schemas are ours, and the usual pages load scripts from elsewhere
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,
    )
    app.state.service = service
    for routes in (ask, batch, similar, verify, articles, documents, state):
        app.include_router(routes.router)
    add_page(app)
    add_openapi(app)
    add_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5, exclude_content_types=_SENT_AS_THEY_ARE)
    app.add_middleware(Envelope, service=service)
    return app


def add_tools(app: FastAPI, answer: ASGIApp) -> None:
    """Let `answer` have what is posted to `/mcp`; one that was there before is gone."""

    class Door:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await answer(scope, receive, send)

    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/mcp"]
    app.router.routes.insert(0, Route("/mcp", Door(), methods=["POST"], include_in_schema=False))


def open_archive(settings: Settings) -> Archive:
    """The archive of the settings. Raises ArchiveMissing, and what else `pullquote.Archive` raises."""
    return Archive(
        settings.archive,
        models=settings.models,
        registry=settings.registry,
        embedder=settings.embedder,
        reader=settings.reader,
    )
