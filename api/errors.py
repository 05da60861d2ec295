"""The catalogue of errors: which HTTP status, type and title each has, and each as problem JSON (RFC 9457).

`type` is `urn:pullquote:` and a name that never changes; titles and details may be reworded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from api.schemas import FieldProblem, Problem
from indexer.errors import (
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveMissing,
    ArchiveReadOnly,
    ArticleNotFound,
    InvalidInput,
    ModelDamaged,
    ModelMismatch,
    ModelMissing,
    ModelUnavailable,
    NewerFormat,
    PullquoteError,
    QuoteMismatch,
    SourceUnreadable,
)

MEDIA_TYPE = "application/problem+json"
_ALTERNATIVES = frozenset({"ArticleIn", "ArticlesIn", "TextQuoteSelector", "TextPositionSelector"})  # of unions
_MOST_FAULTS = 20
_LONGEST_NAME = 80  # of a field, when it is shown: whoever sends a longer one knows it
INTERNAL = "something went wrong in the server, not in the request: look for this request_id in its log"


class Kind(NamedTuple):
    """A kind of error. retry_after: seconds after which to try again, where that helps."""

    status: int
    type: str
    title: str
    retry_after: int | None = None


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
    """A change of the archive from another machine: there are no keys yet that could allow it."""

    def __str__(self) -> str:
        return "the archive can be changed only from the machine that serves it: send this from there"


CATALOGUE: Mapping[type[PullquoteError], Kind] = {
    InvalidInput: Kind(422, "invalid-input", "The request cannot be taken"),
    SourceUnreadable: Kind(422, "unreadable-article", "The article cannot be read"),
    ArticleNotFound: Kind(404, "article-not-found", "There is no such article"),
    ArchiveMissing: Kind(503, "archive-missing", "There is no archive"),
    ArchiveDamaged: Kind(503, "archive-damaged", "The archive is damaged"),
    ArchiveBusy: Kind(503, "archive-busy", "The archive is being written to", retry_after=5),
    ArchiveReadOnly: Kind(507, "archive-read-only", "The archive cannot be written to"),
    NewerFormat: Kind(503, "newer-format", "The archive is of a later version"),
    ModelMissing: Kind(503, "model-missing", "A model is missing"),
    ModelUnavailable: Kind(503, "model-unavailable", "A model cannot be fetched"),
    ModelDamaged: Kind(503, "model-damaged", "A model is damaged"),
    ModelMismatch: Kind(503, "model-mismatch", "The archive was made with another model"),
    QuoteMismatch: Kind(500, "quote-mismatch", "A quotation failed its last check"),
    NotReady: Kind(503, "not-ready", "The server is starting", retry_after=1),
    BodyTooLarge: Kind(413, "body-too-large", "The body is too large"),
    BodyNotJson: Kind(400, "body-not-json", "The body is not JSON"),
    WrongMediaType: Kind(415, "wrong-media-type", "The body is not said to be JSON"),
    BadHost: Kind(400, "bad-host", "The Host cannot be read"),
    UnknownHost: Kind(421, "unknown-host", "The server does not answer to this name"),
    ForeignOrigin: Kind(403, "foreign-origin", "The page may not send this"),
    NotLocal: Kind(403, "not-local", "The archive cannot be changed from here"),
}


def kind_of(error: PullquoteError) -> Kind:
    """The kind of an error, by its class or the nearest base that is in the catalogue."""
    known = (CATALOGUE[base] for base in type(error).__mro__ if base in CATALOGUE)
    return next(known, Kind(500, "internal", "Internal error"))


def problem_of(error: Exception, request_id: str | None = None) -> Problem:
    """An error as problem JSON. What is not a PullquoteError is told without its message, which may hold anything."""
    if not isinstance(error, PullquoteError):
        return _problem(Kind(500, "internal", "Internal error"), INTERNAL, request_id)
    errors = [FieldProblem(error.field, error.problem)] if isinstance(error, InvalidInput) else []
    return _problem(kind_of(error), str(error), request_id, errors)


def problem_of_status(status: int, detail: str, request_id: str | None = None) -> Problem:
    """An error that is only an HTTP status: no such route, a method that the route does not take."""
    title = HTTPStatus(status).phrase
    return _problem(Kind(status, title.lower().replace(" ", "-"), title), detail, request_id)


def problem_of_faults(faults: Sequence[Mapping[str, Any]], request_id: str | None = None) -> Problem:
    """What pydantic found wrong with a request -> one problem that names its fields, the first few of many."""
    errors = [FieldProblem(_path(fault["loc"]), _sentence(fault)) for fault in faults[:_MOST_FAULTS]]
    detail = "; ".join(f"{error.field}: {error.detail}" for error in errors)
    return _problem(CATALOGUE[InvalidInput], detail, request_id, errors)


def _problem(kind: Kind, detail: str, request_id: str | None, errors: Sequence[FieldProblem] = ()) -> Problem:
    return Problem(f"urn:pullquote:{kind.type}", kind.title, kind.status, detail, request_id, tuple(errors))


def _path(location: Sequence[str | int]) -> str:
    """("body", "filters", "source", 0) -> "filters.source.0"; the whole body or query is called by its name."""
    inside = [step for step in location[1:] if step not in _ALTERNATIVES]
    return ".".join(str(step)[:_LONGEST_NAME] for step in inside or location[:1])


def _sentence(fault: Mapping[str, Any]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return "there is no such field: leave it out"
        case "missing":
            return "it is missing: add it"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "it should be a JSON object"
        case "string_unicode":
            return "it holds half of a character (a lone surrogate): send whole ones"
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
        case _:
            return str(fault["msg"]).replace("Input should", "it should")
