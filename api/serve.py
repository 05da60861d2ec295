"""Running the service until it is told to stop. The only module that imports uvicorn."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from api.app import create_app, open_archive
from api.service import Service
from api.settings import Settings
from indexer.errors import InvalidInput

DONE = 0
INTERRUPTED = 130  # 128 + SIGINT, as shells count
_DRAIN = 10  # seconds that requests in progress are given at the end


def serve(settings: Settings) -> int:
    """Serve the archive of the settings until a signal; returns the exit code: 0 (SIGTERM) or 130 (Ctrl-C).

    Says on stderr where. Requests in progress are finished first. Raises InvalidInput: the address cannot be used; and
    what kept the archive from being opened, or its models from loading.
    """
    with listening(settings.host, settings.port) as listener, open_archive(settings) as archive:
        app = create_app(settings, archive)
        listener.listen()
        sys.stderr.write(f"pullquote: serving {settings.archive} at {url_of(listener)} (Ctrl-C stops it)\n")
        return run(app, listener)


def run(app: FastAPI, listener: socket.socket) -> int:
    """Serve an application that `create_app` made on a socket; otherwise as `serve`."""
    service: Service = app.state.service
    config = uvicorn.Config(
        app,
        lifespan="on",
        loop="asyncio",
        log_config=None,
        log_level="warning",
        access_log=False,  # the questions of a GET are in its URL
        server_header=False,
        forwarded_allow_ips="127.0.0.1",  # said here, or uvicorn would ask the environment
        timeout_graceful_shutdown=_DRAIN,
    )
    server = uvicorn.Server(config)
    service.when_failed = lambda: setattr(server, "should_exit", True)
    with _terminating_quietly():
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


def _run(server: uvicorn.Server, listener: socket.socket) -> int:
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has drained, and passes the signal on
        return INTERRUPTED
    return DONE


@contextmanager
def _terminating_quietly() -> Iterator[None]:
    """Let SIGTERM, which uvicorn passes on after it has drained, not end the process before the archive is closed."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
