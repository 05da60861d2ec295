"""What wraps every response: its request id, the security headers, HEAD, and the last resort for errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from uuid import uuid4

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_of
from api.replies import error_response, problem_response
from api.security import HEADERS, has_body, refusal

LOG = logging.getLogger("pullquote")
_LINGER_TIME = 2.0  # seconds
_LINGER_SIZE = 16 * 1024 * 1024  # bytes


class Envelope:
    """ASGI middleware, the outermost. allowed_hosts: names of this server besides those of this machine."""

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        exchange = _Exchange(scope, receive, send, request_id)
        if (refused := refusal(scope, self._allowed_hosts)) is not None:
            await error_response(refused, request_id)(scope, exchange.receive, exchange.send)
            return
        inner = {**scope, "method": "GET"} if exchange.is_head else scope
        try:
            await self._app(inner, exchange.receive, exchange.send)
        except Exception as error:  # the last resort of the program's door
            LOG.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            if exchange.started:
                raise
            await problem_response(problem_of(error, request_id))(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its response, which gets our headers and, for HEAD, loses its content."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._receive, self._send = receive, send
        self._request_id = request_id
        self._unread = has_body(Headers(scope=scope))
        self._closing = False
        self._began = time.perf_counter()
        self.is_head = scope["method"] == "HEAD"
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._closing = self._unread  # else the server would read on, to the end of an endless body
            self._complete(MutableHeaders(scope=message))
        elif self.is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        if self._closing and message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _complete(self, headers: MutableHeaders) -> None:
        headers["X-Request-ID"] = self._request_id
        headers.append("Server-Timing", f"total;dur={1000 * (time.perf_counter() - self._began):.1f}")
        for name, value in HEADERS.items():
            headers.setdefault(name, value)  # what other sites may load says so itself
        headers.setdefault("Cache-Control", "no-store")  # a deleted article must not live on in a cache
        if self._closing:
            headers["Connection"] = "close"

    async def _linger(self) -> None:
        """Read on for a moment: to close on a client that is still sending would take the response from it again."""
        left = _LINGER_SIZE
        with anyio.move_on_after(_LINGER_TIME):
            while self._unread and left > 0:
                message = await self.receive()
                left -= len(message.get("body", b""))
