"""What may be asked: the bounds of a request, each refused by the name of its field."""

from __future__ import annotations

import base64
import binascii
import json
from typing import get_args

from indexer.characters import is_unicode
from indexer.dates import bounds
from indexer.errors import InvalidInput
from indexer.types import Filters, Mode

MAX_QUESTION = 2_000  # characters: a question is clipped to 64 tokens anyway
MAX_TEXT = 5_000_000
MAX_DEPTH = 200
MAX_TOP_K = 100
MAX_LISTED = 1_000


def check_text(field: str, value: str, longest: int = MAX_QUESTION) -> None:
    """Raises InvalidInput: the text is empty, too long, or holds half a surrogate pair."""
    if not value.strip():
        raise InvalidInput(field, "it is empty: write a few words")
    if len(value) > longest:
        raise InvalidInput(field, f"it has {len(value):,} characters, at most {longest:,} are taken: shorten it")
    check_unicode(field, value)


def check_unicode(field: str, value: str) -> None:
    """Raises InvalidInput: the text holds half a surrogate pair."""
    if not is_unicode(value):
        raise InvalidInput(field, "it holds half a surrogate pair, which is no character: remove it")


def check_number(field: str, value: int, most: int) -> None:
    """Raises InvalidInput: not a whole number from 1 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidInput(field, f"want a whole number from 1 to {most}, got {value!r}")


def checked_mode(mode: Mode) -> Mode:
    """The mode itself. Raises InvalidInput: there is no such mode."""
    if mode not in get_args(Mode):
        raise InvalidInput("mode", f"want hybrid, dense or lexical, got {mode!r}")
    return mode


def checked_filters(filters: Filters | None) -> Filters:
    """The filters themselves. Raises InvalidInput: a name or a date that cannot be, or dates that run backwards."""
    filters = filters or Filters()
    for field in ("source", "author", "ids"):
        for value in getattr(filters, field):
            check_text(field, value)
    first = unit("since", filters.since)[0] if filters.since else ""
    if filters.until and first > unit("until", filters.until)[1]:
        raise InvalidInput("since", f"{filters.since} is after until {filters.until}: swap them")
    return filters


def unit(field: str, date: str) -> tuple[str, str]:
    """The first and the last second of a date, as `indexer.dates.bounds` has them. Raises InvalidInput."""
    try:
        return bounds(date)
    except InvalidInput as error:
        raise InvalidInput(field, error.problem) from error


def cursor_of(offset: int) -> str:
    """An offset as the opaque `next` of a list."""
    return base64.urlsafe_b64encode(json.dumps({"offset": offset}).encode()).decode().rstrip("=")


def next_cursor(skip: int, size: int, found: int) -> str | None:
    """The `next` of a page of `size` items that begins after `skip`, where so many were found from there on."""
    return cursor_of(skip + size) if found > size else None


def offset_of(cursor: str | None) -> int:
    """What `cursor_of` made a cursor of; 0 for none. Raises InvalidInput: nothing made it."""
    if cursor is None:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["offset"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise InvalidInput("cursor", _STRANGE) from error
    if not isinstance(offset, int) or not 0 <= offset <= 10**9:
        raise InvalidInput("cursor", _STRANGE)
    return offset


_STRANGE = "it is not one that a list gave as `next`: leave it out to start again"
