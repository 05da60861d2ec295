"""One request over HTTP to a public address: what is connected to is what was checked."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult

from indexer.sources.addresses import is_public
from indexer.sources.limits import MAX_BYTES, MB

SECONDS = 30.0  # for one request, from looking up the name to the last byte
_PORTS = {"http": 80, "https": 443}
_CHUNK = 1 << 16
_FAILURES = (OSError, http.client.HTTPException, UnicodeError, ValueError)

Allowed = Callable[[str], bool]


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
    connection: http.client.HTTPConnection | None = None
    late = threading.Event()
    timer: threading.Timer | None = None
    try:
        opened = _connect(url, allowed)
        connection = http.client.HTTPConnection(url.hostname, url.port or _PORTS[url.scheme], timeout=SECONDS)
        connection.sock = opened
        timer = threading.Timer(SECONDS, _stop, (opened, late))
        timer.start()
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("GET", target, headers={**headers, "Host": url.netloc, "Accept-Encoding": "gzip"})
        answer = _answer(connection.getresponse(), most)
        if late.is_set():  # a connection that is shut down looks like the end of a body without a length
            raise Unreachable("late")
        return answer
    except _FAILURES as problem:
        if late.is_set():
            raise Unreachable(f"it took longer than {SECONDS:g} seconds") from None
        if isinstance(problem, Unreachable):
            raise
        raise Unreachable(f"the server cannot be reached or understood ({problem})") from None
    finally:
        if timer:
            timer.cancel()
        if connection:
            connection.close()


def _stop(opened: socket.socket, late: threading.Event) -> None:
    late.set()
    try:
        opened.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has ended by itself
        return


def _connect(url: SplitResult, allowed: Allowed) -> socket.socket:
    """A connection to the first of a host's addresses that answers. All are checked: a name may mean several places."""
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused = [str(place[0]) for *_, place in found if not allowed(str(place[0]))]
    if refused:
        raise Unreachable(f"{host} is at {refused[0]}, which is not a public address")
    problem: OSError = OSError("it has no address")
    for family, kind, protocol, _, place in found:
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(SECONDS)
        try:
            opened.connect(place)
            if url.scheme == "https":
                return ssl.create_default_context().wrap_socket(opened, server_hostname=host)
        except OSError as failed:
            opened.close()
            problem = failed
        else:
            return opened
    raise problem


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
