"""Keys of one archive: who may search, write or look after it. Only hashes are kept, where `api.keyrings` says."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, get_args

from indexer.errors import InvalidInput

Scope = Literal["search", "write", "admin"]
SCOPES: Sequence[Scope] = get_args(Scope)  # each may do what those before it may

_TOKEN = re.compile(r"pq_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::[0-9]{1,5})?")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}
_NOTHING = "0" * 64  # the hash of no key


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret. origins: the pages it is bound to, none for any program. Times: RFC 3339 in UTC.

    sha256: of the whole key; 256 random bits need no slow hash.
    """

    id: str
    name: str
    scope: Scope
    origins: tuple[str, ...]
    created: str
    expires: str | None
    sha256: str

    def is_expired(self, now: datetime) -> bool:
        """Whether it is of no use any more."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


class Ring(Protocol):
    """Where the keys of an archive are kept. Safe to share between threads."""

    def read(self) -> Mapping[str, Key] | None:
        """Every key by its id, the oldest first; None: none was ever made. It must not keep a request waiting.

        Raises KeysUnreadable, NotReady: then nobody gets in.
        """
        ...

    def change(self, more: Mapping[str, Key], fewer: set[str]) -> None:
        """Add keys and remove others, by id. Raises ArchiveBusy, ArchiveReadOnly, ArchiveUnavailable."""
        ...

    def follow(self) -> None:
        """Begin to notice, of itself, what others change: for a server."""
        ...

    def close(self) -> None:
        """End that, and let go of connections."""
        ...


class Keys:
    """The keys of an archive: those of a ring."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def exist(self) -> bool:
        """Whether keys were ever made here: from then on every request needs one, even if all are revoked."""
        return self._ring.read() is not None

    def all(self) -> list[Key]:
        """Every key, the oldest first."""
        return list(self._known.values())

    def find(self, token: str) -> Key | None:
        """The key that this is, expired or not; None: it is none of ours. It takes as long either way."""
        known, found = self._known, _TOKEN.fullmatch(token)
        key = known.get(found[1]) if found else None
        same = hmac.compare_digest(_hash(token), key.sha256 if key else _NOTHING)
        return key if same else None

    def origins(self, now: datetime) -> frozenset[str]:
        """The pages that some key which still counts is bound to."""
        return frozenset(one for key in self._known.values() if not key.is_expired(now) for one in key.origins)

    def create(self, name: str, scope: Scope, origins: Sequence[str], expires: str | None) -> tuple[Key, str]:
        """Make a key. Returns it and its secret, which is nowhere kept. expires: as `moment_of` takes it.

        Raises InvalidInput; ArchiveBusy, ArchiveReadOnly, ArchiveUnavailable.
        """
        if origins and scope != "search":
            raise InvalidInput(
                "origin", "a key that stands in a page can only search: leave out the origin or the scope"
            )
        now = datetime.now(UTC)
        key_id = secrets.token_hex(4)
        token = f"pq_{key_id}_{secrets.token_urlsafe(32)}"
        until = moment_of(expires, now) if expires else None
        places = tuple(dict.fromkeys(origin_of(one) for one in origins))
        key = Key(key_id, _name_of(name), scope, places, _text(now), until, _hash(token))
        self._ring.change({key_id: key}, set())
        return key, token

    def revoke(self, key_id: str) -> Key:
        """Make a key worthless, from the next request on. Raises InvalidInput: there is no such key."""
        key = self._known.get(key_id)
        if key is None:
            raise InvalidInput("key", f"there is no key {key_id[:40]!r}: see `pullquote keys list`")
        self._ring.change({}, {key_id})
        return key

    @property
    def _known(self) -> Mapping[str, Key]:
        return self._ring.read() or {}


def origin_of(text: str) -> str:
    """A page's origin as browsers send it: `https://news.example`. Raises InvalidInput."""
    origin = text.strip().lower().removesuffix("/")
    scheme, _, place = origin.partition("://")
    origin = f"{scheme}://{place.removesuffix(':443' if scheme == 'https' else ':80')}"
    if not _ORIGIN.fullmatch(origin):
        raise InvalidInput("origin", f"{text[:80]!r} is no origin: write it like https://news.example")
    return origin


def moment_of(text: str, now: datetime) -> str:
    """`30d`, `12h`, a day or RFC 3339, as RFC 3339 in UTC. Raises InvalidInput: it is none of these, or is over."""
    span = _SPAN.fullmatch(text)
    try:
        moment = now + _UNITS[span[2]] * int(span[1]) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("expires", f"{text[:80]!r} is no time: write 30d, 12h or 2027-01-31") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if moment <= now:
        raise InvalidInput("expires", f"{text[:80]!r} is over: give a time to come")
    return _text(moment)


def _name_of(name: str) -> str:
    if len(name) > 80 or not name.isprintable():
        raise InvalidInput("name", "write at most 80 characters on one line")
    return name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
