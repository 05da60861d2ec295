"""What wraps every response: its request id, the security headers, HEAD, and the last resort for errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from uuid import uuid4

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import logs
from api.errors import CATALOGUE, kind_of, problem_of
from api.gate import needed
from api.refusals import RateLimited
from api.replies import error_response, problem_response
from api.security import HEADERS, has_body, refusal
from api.service import Service
from indexer.errors import PullquoteError

LOG = logging.getLogger("pullquote")
GONE = 499  # the client left before there was a response, as nginx counts
_FLOOD = CATALOGUE[RateLimited].type
_LINGER_TIME = 2.0  # seconds
_LINGER_SIZE = 16 * 1024 * 1024  # bytes


class Envelope:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service
        self._gate, self._audit, self._metrics = service.gate, service.audit, service.metrics
        self._allowed_hosts = service.settings.allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        exchange = _Exchange(scope, receive, send, request_id)
        inner = {**scope, "method": "GET"} if exchange.is_head else scope
        try:
            answer = self._at_the_door(scope, exchange, request_id)
            await (answer or self._app)(inner, exchange.receive, exchange.send)
        except Exception as error:  # the last resort of the program's door
            LOG.exception("request %s: %s %r failed", request_id, scope["method"], scope["path"])
            scope["state"]["problem"] = "internal"
            if exchange.started:
                raise
            await problem_response(problem_of(error, request_id))(scope, exchange.receive, exchange.send)
        finally:
            self._tell(inner, scope["method"], exchange)

    def _tell(self, scope: Scope, method: str, exchange: _Exchange) -> None:
        """Count and log a request that has been answered."""
        route = str(getattr(scope.get("route"), "path", "none"))
        seconds = time.perf_counter() - exchange.began
        self._metrics.request(route, method, exchange.status, seconds)
        state = scope["state"]
        fields = {"request_id": state["request_id"], "method": method, "route": route, "path": scope["path"]}
        fields |= {
            "status": exchange.status,
            "ms": round(1000 * seconds, 1),
            "address": (scope.get("client") or "-")[0],
        }
        fields |= {"key": state["key"]} if "key" in state else {}
        if self._service.settings.log == "questions" and "question" in state:
            fields["question"] = state["question"]
        logs.request(fields)
        if needed(method, scope["path"]) == "write":
            self._note(fields, exchange.status, scope["state"].get("problem"))

    def _at_the_door(self, scope: Scope, exchange: _Exchange, request_id: str) -> Response | None:
        """What to answer before any route is asked: a refusal, or what a page may send; else None."""
        try:
            exchange.cors = self._gate.cors(scope)
            if (refused := refusal(scope, self._allowed_hosts, self._gate.sites(scope))) is not None:
                raise refused
            if (allowed := self._gate.preflight(scope)) is not None:
                return Response(status_code=204, headers=dict(allowed))
            scope["state"]["caller"] = self._gate.admit(scope)
        except PullquoteError as error:
            scope["state"]["problem"] = kind_of(error).type
            return error_response(error, request_id)
        return None

    def _note(self, fields: Mapping[str, object], status: int, problem: str | None) -> None:
        """Put a change that was refused, or that failed, into the audit log; but not a flood of them.

        What had been stored by then is told there already, by whoever stored it.
        """
        if (problem is None and status < 400) or problem == _FLOOD:
            return
        told = {name: fields[name] for name in ("key", "address", "request_id", "method") if name in fields}
        action = "failed" if status >= 499 or status < 400 else "refused"
        reason = problem or ("client-left" if status == GONE else str(status))
        self._audit.record(action, **told, path=str(fields["path"])[:300], status=status, reason=reason)


class _Exchange:
    """One request and its response, which gets our headers and, for HEAD, loses its content."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._receive, self._send = receive, send
        self._request_id = request_id
        self._unread = has_body(Headers(scope=scope))
        self._closing = False
        self.began = time.perf_counter()
        self.is_head = scope["method"] == "HEAD"
        self.started = False
        self.status = GONE
        self.cors: Mapping[str, str] = {}
        self._path: str = scope["path"]

    async def receive(self) -> Message:
        message = await self._receive()
        self._unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
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
        headers.append("Server-Timing", f"total;dur={1000 * (time.perf_counter() - self.began):.1f}")
        for name, value in HEADERS.items():
            headers.setdefault(name, value)  # what other sites may load says so itself
        headers.update(self.cors)
        if self._path.startswith("/v1/"):
            headers.add_vary_header("Origin")
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
