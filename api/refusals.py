"""What the door refuses, and why: errors of HTTP, beside those of `indexer.errors`."""

from __future__ import annotations

from indexer.errors import PullquoteError


class NotReady(PullquoteError):
    """The server is up, its archive and models are not loaded yet."""

    def __str__(self) -> str:
        return "the archive and its models are being loaded: try again in a moment"


class BodyTooLarge(PullquoteError):
    """A body over the limit of its route."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"the body has more than {self.limit:,} bytes: send less at a time"


class BodyNotJson(PullquoteError):
    """A body that is not JSON, or that two readers could read differently."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"the body is not JSON that can be taken ({self.problem}): send one JSON object in UTF-8"


class WrongMediaType(PullquoteError):
    """A body that does not say it is JSON."""

    def __init__(self, given: str | None) -> None:
        super().__init__(given)
        self.given = given

    def __str__(self) -> str:
        given = f"{self.given[:80]!r}" if self.given else "none"
        return f"the body has Content-Type {given}: send JSON with Content-Type: application/json"


class BadHost(PullquoteError):
    """A request without one readable Host."""

    def __str__(self) -> str:
        return "the request must have one Host header that names a host: send it"


class UnknownHost(PullquoteError):
    """A request for a name that this server does not answer to: another site's page may have made it."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def __str__(self) -> str:
        return f"this server does not answer to {self.host[:80]!r}: use localhost, or add it to PULLQUOTE_ALLOWED_HOSTS"


class ForeignOrigin(PullquoteError):
    """A request that a page of another site made."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.origin = origin

    def __str__(self) -> str:
        return f"pages of {self.origin[:80]!r} may not send this: send it from this server's own page, or from no page"


class NotLocal(PullquoteError):
    """A request from another machine, to an archive that has no keys."""

    def __str__(self) -> str:
        return "this archive has no keys, so it answers its own machine only: make one with `pullquote keys create`"


class BodyTooSlow(PullquoteError):
    """A body that did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the body did not arrive within {self.seconds:g} seconds: send it faster, or less at a time"


class Overloaded(PullquoteError):
    """More is asked than can be answered soon. retry_after: seconds, of the queue at the pace of the last answers."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"too much is asked at once: try again in {self.retry_after} s"


class TookTooLong(PullquoteError):
    """A request that was not done within its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"this was not done within {self.seconds:g} seconds: ask for less (depth, top_k), or try again later"


class KeysUnreadable(PullquoteError):
    """What holds the keys, a file or table, is there and cannot be understood: nobody is let in."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where

    def __str__(self) -> str:
        return f"{self.where} of the archive cannot be read: mend it, or move it away and make new keys"


class KeyMissing(PullquoteError):
    """A request without a key, to a server that wants one."""

    def __str__(self) -> str:
        return "this needs a key: send it as Authorization: Bearer pq_…"


class KeyWrong(PullquoteError):
    """What was sent is no key of this archive."""

    def __str__(self) -> str:
        return "this is no key of this archive: check that it is whole, and not revoked"


class KeyExpired(PullquoteError):
    """A key whose time is over."""

    def __init__(self, expired: str) -> None:
        super().__init__(expired)
        self.expired = expired

    def __str__(self) -> str:
        return f"this key expired on {self.expired}: ask for a new one"


class ScopeMissing(PullquoteError):
    """A key that may not do this."""

    def __init__(self, needed: str, given: str) -> None:
        super().__init__(needed, given)
        self.needed, self.given = needed, given

    def __str__(self) -> str:
        return f"this needs a key of scope {self.needed}, and this one has {self.given}: use another"


class RateLimited(PullquoteError):
    """More requests than one client may send. retry_after: seconds until the next is taken."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"these are too many requests at once from one client: try again in {self.retry_after} s"
