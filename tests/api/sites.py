"""Web sites of others, on loopback: pages with the headers that they choose."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Site:
    """A site: `put` a page there, and get its address."""

    origin: str
    pages: dict[str, tuple[bytes, Mapping[str, str]]] = field(default_factory=dict)

    def put(self, html: str, headers: Mapping[str, str] | None = None) -> str:
        """Add a page."""
        path = f"/{len(self.pages)}"
        self.pages[path] = (f"<!doctype html><meta charset=utf-8>{html}".encode(), headers or {})
        return self.origin + path


@contextmanager
def site() -> Iterator[Site]:
    """A site at `localhost`, which is another origin than `127.0.0.1`."""
    made = Site("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, headers = made.pages.get(self.path, (b"", {}))
            self.send_response(200)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 as in the base
            """Say nothing."""

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.origin = f"http://localhost:{server.server_port}"
        yield made
        server.shutdown()
