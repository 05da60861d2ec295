"""One request over HTTP to a public address: what is connected to is what was checked."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import SplitResult

from indexer.sources.addresses import is_public
from indexer.sources.limits import MAX_BYTES, MB

SECONDS = 30.0  # for one request, from looking up the name to the last byte
_PORTS = {"http": 80, "https": 443}
_CHUNK = 1 << 16
_FAILURES = (OSError, http.client.HTTPException, UnicodeError, ValueError)

Allowed = Callable[[str], bool]
_Place = tuple[Any, Any, int, str, Any]  # family, kind, protocol, name, address: as getaddrinfo gives them


class Unreachable(ValueError):
    """A request got no answer that we take; the message says why."""


class Answer(NamedTuple):
    """headers: by lower-case name. body: without its content encoding; empty unless the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(
    url: SplitResult, headers: Mapping[str, str], allowed: Allowed = is_public, most: int = MAX_BYTES
) -> Answer:
    """GET an http(s) URL, without following where it points. Raises Unreachable."""
    if url.scheme not in _PORTS or not url.hostname or url.username is not None:
        raise Unreachable("only http and https URLs without a user name are fetched")
    connection = http.client.HTTPConnection(url.hostname, url.port or _PORTS[url.scheme])
    with _Clock(SECONDS) as clock:
        try:
            connection.sock = _connect(url, allowed, clock)
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("GET", target, headers={**headers, "Host": url.netloc, "Accept-Encoding": "gzip"})
            answer = _answer(connection.getresponse(), most)
            clock.check()  # a connection that is shut down looks like the end of a body without a length
            return answer
        except _FAILURES as problem:
            clock.check()
            if isinstance(problem, Unreachable):
                raise
            raise Unreachable(f"the server cannot be reached or understood ({problem})") from None
        finally:
            connection.close()


class _Clock:
    """The time of one request: when it is up, what is connected is cut off, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds
        self._late = threading.Event()
        self._timer = threading.Timer(seconds, self._stop)
        self._opened: socket.socket | None = None

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def left(self) -> float:
        """Seconds until then. Raises Unreachable: none."""
        self.check()
        return max(self._end - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raise Unreachable if the time is up."""
        if self._late.is_set() or time.monotonic() >= self._end:
            raise Unreachable(f"it took longer than {self._seconds:g} seconds") from None

    def cuts(self, opened: socket.socket) -> None:
        """What is to be cut off from now on."""
        self._opened = opened
        if self._late.is_set():
            self._stop()

    def _stop(self) -> None:
        self._late.set()
        if self._opened is not None:
            try:
                socket.socket.shutdown(self._opened, socket.SHUT_RDWR)  # not that of TLS, which another thread is using
            except OSError:  # it has ended by itself
                return


def _connect(url: SplitResult, allowed: Allowed, clock: _Clock) -> socket.socket:
    """A connection to the first of a host's addresses that answers. All are checked: a name may mean several places."""
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    found = _lookup(host, port, clock)
    refused = [str(place[0]) for *_, place in found if not allowed(str(place[0]))]
    if refused:
        raise Unreachable(f"{host} is at {refused[0]}, which is not a public address")
    problem: OSError = OSError("it has no address")
    for family, kind, protocol, _, place in found:
        seconds = clock.left()
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(seconds)
        try:
            opened.connect(place)
            clock.cuts(opened)
            return _secured(opened, host, clock) if url.scheme == "https" else opened
        except OSError as failed:
            opened.close()
            problem = failed
    raise problem


def _secured(opened: socket.socket, host: str, clock: _Clock) -> socket.socket:
    secured = ssl.create_default_context().wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
    clock.cuts(secured)
    try:
        secured.do_handshake()
    except OSError:
        secured.close()
        raise
    return secured


def _lookup(host: str, port: int, clock: _Clock) -> list[_Place]:
    """Where a host is. The system's resolver has its own patience; ours ends with the request's time."""
    found: Future[list[_Place]] = Future()

    def look() -> None:
        try:
            found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            found.set_exception(problem)

    threading.Thread(target=look, daemon=True).start()
    return found.result(clock.left())


def _answer(response: http.client.HTTPResponse, most: int) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    if response.status != http.client.OK:
        return Answer(response.status, headers, b"")
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise Unreachable(f"its content encoding {coding!r} was not asked for")
    unpacker = zlib.decompressobj(31) if "gzip" in coding else None
    body = bytearray()
    while data := response.read(_CHUNK):
        try:
            body += unpacker.decompress(data, most + 1 - len(body)) if unpacker else data
        except zlib.error as problem:
            raise Unreachable(f"its body is damaged ({problem})") from None
        if len(body) > most or (unpacker and unpacker.unconsumed_tail):
            raise Unreachable(f"it is longer than {most // MB} MB")
    if response.length or (unpacker and not unpacker.eof):
        raise Unreachable("it was cut short")
    return Answer(response.status, headers, bytes(body))
