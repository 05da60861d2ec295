"""Who is let in: keys and what each may do, pages of other sites (CORS), and how much one client may ask.

Without keys the server answers its own machine alone, and lets it do everything. Once a key was made, every request
needs one, from wherever it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.types import Scope as Request

from api.keys import SCOPES, Key, Keys, Scope
from api.rates import Rates
from api.refusals import ForeignOrigin, KeyExpired, KeyMissing, KeyWrong, NotLocal, ScopeMissing
from api.security import is_loopback, is_own_page

HEALTH = frozenset({"/healthz", "/readyz"})
_WRITING = ("/v1/articles", "/v1/documents")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_EXPOSED = "ETag, Retry-After, Server-Timing, X-Request-ID"


class Caller(NamedTuple):
    """Who sent a request. key: the id of its key, None without one. address: `-` where there is none."""

    key: str | None
    scope: Scope | None
    address: str


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs. None: it is for everyone, as the page and its files are."""
    if path == "/metrics":
        return "admin"
    if not path.startswith(("/v1/", "/mcp")) and path not in {"/v1"}:
        return None
    return "write" if method not in _READING and path.startswith(_WRITING) else "search"


class Gate:
    """Decides on each request. public: let those without a key search, once there are keys."""

    def __init__(self, keys: Keys, rates: Rates, public: bool) -> None:
        self._keys, self._rates, self._public = keys, rates, public

    def admit(self, request: Request) -> Caller:
        """Who sent it, if it may be answered.

        Raises NotLocal, KeyMissing, KeyWrong, KeyExpired, ScopeMissing, ForeignOrigin, RateLimited; KeysUnreadable.
        """
        address = (request.get("client") or ("-",))[0]
        if request["path"] in HEALTH:
            return Caller(None, None, address)
        need = needed(request["method"], request["path"])
        has_keys = self._keys.exist()
        local = not has_keys and is_loopback(address)
        if not has_keys and not local:
            raise NotLocal()
        if need is None:
            return Caller(None, None, address)
        sent = Headers(scope=request).getlist("authorization")
        if sent:
            caller = self._of_key(request, sent, need, address)
        elif self._of_another_site(request):
            raise KeyMissing()
        elif local:
            return Caller(None, "admin", address)  # the machine's own user: nothing to count
        elif self._public and need == "search":
            caller = Caller(None, "search", address)
        else:
            raise KeyMissing()
        self.charge(caller)
        return caller

    def charge(self, caller: Caller, cost: int = 1, already: int = 0) -> None:
        """Count what a caller asks, of which `already` were counted before. Raises RateLimited."""
        if caller.key is not None or caller.scope == "search":
            self._rates.charge(caller.key or "-", caller.address, cost, already)

    def sites(self, request: Request) -> frozenset[str]:
        """The pages that keys are bound to, for a request of a page; `admit` looks whether its key is one of them."""
        return self._keys.origins(datetime.now(UTC)) if "origin" in Headers(scope=request) else frozenset()

    def cors(self, request: Request) -> dict[str, str]:
        """The headers by which a browser lets a page read the response; none for a page of no key."""
        if self._foreign(request) is None:
            return {}
        origin = Headers(scope=request)["origin"]
        return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}

    def preflight(self, request: Request) -> Mapping[str, str] | None:
        """What to tell a browser that asks whether a page may send this; None: it is no such question.

        Raises ForeignOrigin: the page is of no key.
        """
        headers = Headers(scope=request)
        if request["method"] != "OPTIONS" or "access-control-request-method" not in headers or "origin" not in headers:
            return None
        if self._foreign(request) is None:
            raise ForeignOrigin(headers["origin"])
        return {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
        }

    def _foreign(self, request: Request) -> str | None:
        """The request's origin, if some key is bound to it."""
        origins = Headers(scope=request).getlist("origin")
        known = len(origins) == 1 and origins[0] in self.sites(request)
        return origins[0] if known else None

    def _of_another_site(self, request: Request) -> bool:
        origin = self._foreign(request)
        return origin is not None and not is_own_page(origin, Headers(scope=request).get("host", ""))

    def _of_key(self, request: Request, sent: list[str], need: Scope, address: str) -> Caller:
        key = self._key(sent)
        if key is None:
            self._rates.failed(address)
            raise KeyWrong()
        request["state"]["key"] = key.id  # for the log, also of what is refused below
        if key.is_expired(datetime.now(UTC)):
            raise KeyExpired(key.expires or "")
        if SCOPES.index(key.scope) < SCOPES.index(need):
            raise ScopeMissing(need, key.scope)
        origins = Headers(scope=request).getlist("origin")
        bound = len(origins) == 1 and origins[0] in key.origins
        if not bound and (key.origins or self._of_another_site(request)):
            raise ForeignOrigin(origins[0] if origins else "no site")
        return Caller(key.id, key.scope, address)

    def _key(self, sent: list[str]) -> Key | None:
        scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        return self._keys.find(token.strip()) if scheme.lower() == "bearer" else None
