"""The web page and its files, and the widget."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

# Any site may load the widget; what it may ask is for keys to say.
FOR_ANYONE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
CLIENT = Path(__file__).parent.parent / "client"
# Not from the machine's own table of types, which differs between machines: browsers are told never to guess.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


class ClientFiles(StaticFiles):
    """The files of the page: those of a known type and no others; no listings."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """One file, with its type; 304 where the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"  # ask each time: a page and its script must be of one version
        if response.status_code == status_code:
            response.headers["Content-Type"] = MEDIA_TYPES[Path(full_path).suffix]
        return response

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where a file is, if there is one."""
        return super().lookup_path(path) if Path(path).suffix in MEDIA_TYPES else ("", None)


def add_page(app: FastAPI) -> None:
    """Add the page at `/`, its files under `/static/`, and the widget at `/widget.js`."""
    files = ClientFiles(directory=CLIENT)

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return await files.get_response("index.html", request.scope)

    @app.get("/widget.js", include_in_schema=False)
    async def widget(request: Request) -> Response:
        response = await files.get_response("widget.js", request.scope)
        response.headers.update(FOR_ANYONE)
        return response

    app.mount("/static", files)
