"""Running the service until it is told to stop. The only module that imports uvicorn."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import logs
from api.app import Tools, create_app, open_archive
from api.arenas import bound_arenas
from api.security import is_loopback
from api.service import Service
from api.settings import Settings
from indexer.errors import InvalidInput

DONE = 0
INTERRUPTED = 130  # 128 + SIGINT, as shells count
_DRAIN = 10  # seconds that requests in progress are given at the end
_SWITCH = 0.001  # seconds for which a thread that works in Python keeps the one that answers requests waiting
_CONNECTIONS = 1_000  # open at a time; more are told 503


def serve(settings: Settings, tools: Tools | None = None) -> int:
    """Serve the archive of the settings until a signal; returns the exit code: 0 (SIGTERM) or 130 (Ctrl-C).

    tools: as of `create_app`.
    Says on stderr where. Requests in progress are finished first. Raises InvalidInput: the address cannot be used; and
    what kept the archive from being opened, or its models from loading.
    """
    bound_arenas()
    with listening(settings.host, settings.port) as listener, open_archive(settings) as archive:
        logs.start(settings.log)
        app = create_app(settings, archive, tools)
        return run(app, listener, str(archive.place))


def run(app: FastAPI, listener: socket.socket, what: str) -> int:
    """Serve an application that `create_app` made on a socket; otherwise as `serve`."""
    service: Service = app.state.service
    config = uvicorn.Config(
        app,
        http=_patient(service.settings.body_seconds),
        limit_concurrency=_CONNECTIONS,
        lifespan="on",
        loop="asyncio",
        ws="none",
        log_config=None,
        log_level="error",  # anyone can cause its warnings, as many as they like: of what is no HTTP, of connections
        access_log=False,  # the questions of a GET are in its URL
        server_header=False,
        forwarded_allow_ips=list(service.settings.proxies),  # said here, or uvicorn would ask the environment
        timeout_graceful_shutdown=_DRAIN,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    service.when_failed = stop
    sys.setswitchinterval(_SWITCH)
    with _on_termination(stop):
        listener.listen()
        sys.stderr.write(f"pullquote: serving {what} at {url_of(listener)} (Ctrl-C stops it)\n")
        if not service.keys.exist() and not is_loopback(listener.getsockname()[0]):
            sys.stderr.write(
                "pullquote: there are no keys, so other machines are refused: see `pullquote keys create`\n"
            )
        code = _run(server, listener)
    if service.error is not None:
        raise service.error
    return code


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to host and port; for port 0, to one that is free. Raises InvalidInput: it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:  # a name that no DNS could hold is a UnicodeError
        raise InvalidInput("host", f"{host!r} is not an address of this machine: try 127.0.0.1") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise InvalidInput("port", f"cannot listen on {host}:{port} ({error.strerror}): choose another") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a browser finds what listens there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _patient(seconds: float) -> type[H11Protocol]:
    """Uvicorn's HTTP, but the head of a request must have come within `seconds` of its first byte, or of connecting."""

    class Patient(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            self._wait()
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._deadline is not None:
                self._deadline.cancel()

        def _wait(self) -> None:
            if self._deadline is None:  # else it runs already: letters that drip in do not move it
                self._deadline = self.loop.call_later(seconds, self._give_up, self.cycle)

        def _give_up(self, before: object) -> None:
            self._deadline = None
            busy = self.cycle is not None and not self.cycle.response_complete
            if busy or self.timeout_keep_alive_task is not None:  # uvicorn itself looks after those that rest
                return
            if self.cycle is before:
                self.transport.close()
            else:
                self._wait()

    return Patient


def _run(server: uvicorn.Server, listener: socket.socket) -> int:
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has drained, and passes the signal on
        return INTERRUPTED
    return DONE


@contextmanager
def _on_termination(stop: Callable[..., None]) -> Iterator[None]:
    """Let SIGTERM stop the server: before uvicorn runs, and after it, when it passes on those that it has obeyed."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
