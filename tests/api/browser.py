"""A real server in a thread and a real Chromium in front of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

SYSTEM_CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port of loopback; its address, once questions are answered there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        try:
            deadline = time.monotonic() + 60
            while not (server.started and _is_ready(port)):
                assert thread.is_alive(), "the server did not start"
                assert time.monotonic() < deadline, "the server did not start in time"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def _is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium, else Playwright's own."""
    path = SYSTEM_CHROMIUM if SYSTEM_CHROMIUM.is_file() else None
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)


@dataclass
class Watched:
    """A page and all that it should not do: complaints are console errors, exceptions and foreign requests."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    may_fail_to_load: bool = False

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if self.may_fail_to_load and "Failed to load resource" in message.text:
            return
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        self.asked.append(request)
        if not request.url.startswith((self.base, "data:")):
            self.complaints.append(f"foreign request: {request.url}")

    def expect_failed_load(self) -> None:
        """Take back what Chromium itself says of an error status or a dead connection; it may say so a little late."""
        for _ in range(100):
            self.page.wait_for_timeout(50)
            if failed := [text for text in self.complaints if "Failed to load resource" in text]:
                break
        assert failed, "nothing failed to load"
        self.complaints = [text for text in self.complaints if text not in failed]
