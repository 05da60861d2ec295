"""The catalogue of errors: which HTTP status, type and title each has, and each as problem JSON (RFC 9457).

`type` is `urn:pullquote:` and a name that never changes; titles and details may be reworded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from api.refusals import (
    BadHost,
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    ForeignOrigin,
    KeyExpired,
    KeyMissing,
    KeysUnreadable,
    KeyWrong,
    NotLocal,
    NotReady,
    Overloaded,
    RateLimited,
    ScopeMissing,
    TookTooLong,
    UnknownHost,
    WrongMediaType,
)
from api.schemas import FieldProblem, Problem
from indexer.errors import (
    AlreadyReembedding,
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveMissing,
    ArchiveReadOnly,
    ArchiveUnavailable,
    ArticleNotFound,
    IndexLost,
    IndexMismatch,
    IndexRefused,
    InvalidInput,
    ModelDamaged,
    ModelMismatch,
    ModelMissing,
    ModelUnavailable,
    NewerFormat,
    OlderFormat,
    PullquoteError,
    QuoteMismatch,
    SourceUnreadable,
    WorkersLost,
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


CATALOGUE: Mapping[type[PullquoteError], Kind] = {
    InvalidInput: Kind(422, "invalid-input", "The request cannot be taken"),
    SourceUnreadable: Kind(422, "unreadable-article", "The article cannot be read"),
    ArticleNotFound: Kind(404, "article-not-found", "There is no such article"),
    ArchiveMissing: Kind(503, "archive-missing", "There is no archive"),
    ArchiveDamaged: Kind(503, "archive-damaged", "The archive is damaged"),
    ArchiveBusy: Kind(503, "archive-busy", "The archive is being written to", retry_after=5),
    AlreadyReembedding: Kind(503, "already-reembedding", "The archive is being re-embedded", retry_after=5),
    ArchiveUnavailable: Kind(503, "archive-unavailable", "The archive does not answer", retry_after=2),
    ArchiveReadOnly: Kind(507, "archive-read-only", "The archive cannot be written to"),
    NewerFormat: Kind(503, "newer-format", "The archive is of a later version"),
    OlderFormat: Kind(503, "older-format", "The archive is of an earlier version"),
    ModelMissing: Kind(503, "model-missing", "A model is missing"),
    ModelUnavailable: Kind(503, "model-unavailable", "A model cannot be fetched"),
    ModelDamaged: Kind(503, "model-damaged", "A model is damaged"),
    ModelMismatch: Kind(503, "model-mismatch", "The archive was made with another model"),
    IndexMismatch: Kind(503, "index-mismatch", "The index was made with another model"),
    IndexRefused: Kind(503, "index-refused", "The index refuses what it was asked"),
    IndexLost: Kind(503, "index-lost", "The index is lost"),
    QuoteMismatch: Kind(500, "quote-mismatch", "A quotation failed its last check"),
    WorkersLost: Kind(503, "workers-lost", "The workers of an indexing run are lost"),
    NotReady: Kind(503, "not-ready", "The server is starting", retry_after=1),
    BodyTooLarge: Kind(413, "body-too-large", "The body is too large"),
    Overloaded: Kind(503, "overloaded", "Too much is asked at once", retry_after=1),
    TookTooLong: Kind(503, "took-too-long", "The request took too long", retry_after=5),
    BodyTooSlow: Kind(408, "body-too-slow", "The body came too slowly"),
    BodyNotJson: Kind(400, "body-not-json", "The body is not JSON"),
    WrongMediaType: Kind(415, "wrong-media-type", "The body is not said to be JSON"),
    BadHost: Kind(400, "bad-host", "The Host cannot be read"),
    UnknownHost: Kind(421, "unknown-host", "The server does not answer to this name"),
    ForeignOrigin: Kind(403, "foreign-origin", "The page may not send this"),
    NotLocal: Kind(403, "not-local", "The archive answers its own machine only"),
    KeyMissing: Kind(401, "key-missing", "A key is needed"),
    KeyWrong: Kind(401, "key-wrong", "The key is not known"),
    KeyExpired: Kind(401, "key-expired", "The key has expired"),
    ScopeMissing: Kind(403, "scope-missing", "The key may not do this"),
    RateLimited: Kind(429, "rate-limited", "Too many requests from one client", retry_after=1),
    KeysUnreadable: Kind(503, "keys-unreadable", "The keys cannot be read"),
}


def kind_of(error: PullquoteError) -> Kind:
    """The kind of an error, by its class or the nearest base that is in the catalogue."""
    known = (CATALOGUE[base] for base in type(error).__mro__ if base in CATALOGUE)
    return next(known, Kind(500, "internal", "Internal error"))


def retry_after(error: PullquoteError) -> int | None:
    """Seconds after which to try again: as the error itself knows, else as its kind does; None where it is no use."""
    known: int | None = getattr(error, "retry_after", None)
    return kind_of(error).retry_after if known is None else known


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
