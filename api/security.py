"""What every request must be, whoever sends it: names of the server, pages, content types."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from api.refusals import BadHost, ForeignOrigin, UnknownHost, WrongMediaType
from indexer.errors import PullquoteError

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(?P<port>[0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def refusal(scope: Scope, allowed_hosts: Sequence[str] = (), origins: Collection[str] = ()) -> PullquoteError | None:
    """Why a request must not reach a route, or None.

    allowed_hosts: names besides those of this machine. origins: pages besides our own, those of the keys.
    """
    headers = Headers(scope=scope)
    try:
        _check_host(headers, {*LOCAL_NAMES, *allowed_hosts})
        if scope["method"] not in _READING:
            _check_origin(headers, origins)
        _check_media_type(headers)
    except PullquoteError as error:
        return error
    return None


def has_body(headers: Headers) -> bool:
    """Whether a request comes with a body, by its headers (RFC 9112, 6.3)."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def is_loopback(address: str) -> bool:
    """Whether an address is of this very machine."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (inner or found).is_loopback


def _check_host(headers: Headers, allowed: set[str]) -> None:
    """Only names that are ours: else another site's name could be pointed at us (DNS rebinding)."""
    hosts = headers.getlist("host")
    found = _AUTHORITY.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
    if found is None:
        raise BadHost()
    if found["name"] not in allowed:
        raise UnknownHost(hosts[0])


def _check_origin(headers: Headers, origins: Collection[str]) -> None:
    """Only our own page, and those of the key: a browser names the page's origin, other programs send none."""
    for origin in headers.getlist("origin"):
        if origin not in origins and not is_own_page(origin, headers["host"]):
            raise ForeignOrigin(origin)


def is_own_page(origin: str, host: str) -> bool:
    """Whether an origin is this server's own, by the Host of the request."""
    ports = _PORTS.get(origin.split(":", maxsplit=1)[0].lower())
    return ports is not None and _place(_authority_of(origin), ports) == _place(host, ports)


def _authority_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _place(authority: str, default_port: int) -> tuple[str, int] | None:
    """Name and port, so that `news.example` and `news.example:443` are one under https."""
    found = _AUTHORITY.fullmatch(authority.lower())
    return (found["name"], int(found["port"] or default_port)) if found else None


def _check_media_type(headers: Headers) -> None:
    """Every body must be called JSON: a foreign page cannot do that unasked (it is no "simple" request)."""
    if not has_body(headers):
        return
    given = headers.get("content-type")
    kind, *parameters = [part.strip().lower() for part in (given or "").split(";")]
    charsets = [part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")]
    if kind != "application/json" or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise WrongMediaType(given)
