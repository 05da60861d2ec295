"""What wraps every response: its request id, the security headers, HEAD, and the last resort for errors."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_of
from api.replies import error_response, problem_response
from api.security import HEADERS, refusal

LOG = logging.getLogger("pullquote")


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
        out = _Sender(send, request_id, is_head=scope["method"] == "HEAD")
        if (refused := refusal(scope, self._allowed_hosts)) is not None:
            await error_response(refused, request_id)(scope, receive, out)
            return
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self._app(inner, receive, out)
        except Exception as error:  # the last resort of the program's door
            LOG.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            if out.started:
                raise
            await problem_response(problem_of(error, request_id))(scope, receive, out)


class _Sender:
    """Sends a response with our headers; for HEAD, without its content."""

    def __init__(self, send: Send, request_id: str, is_head: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._is_head = is_head
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            headers.update(HEADERS)
            headers.setdefault("Cache-Control", "no-store")  # a deleted article must not live on in a cache
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)
