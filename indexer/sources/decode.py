"""Bytes to text, saying what was guessed."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from indexer.characters import is_unicode

MAX_BYTES = 50_000_000  # of one article: more is a dump, not an article

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Decoded(NamedTuple):
    """text: without its byte order mark, line ends as they were. warnings: one for each guess or replacement."""

    text: str
    warnings: tuple[str, ...]


def decode(data: bytes) -> Decoded:
    """By byte order mark, else UTF-8, else the encoding that the bytes suggest. Raises ValueError: none fits."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    try:
        return _strict(data, "utf-8")
    except ValueError:
        return _detected(data)


def whole_characters(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with U+FFFD for every lone surrogate (which no UTF-8 can hold), and a warning if there were any."""
    if is_unicode(text):
        return text, ()
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined, ("lone surrogates were replaced by U+FFFD",)


def _strict(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), ())
    except UnicodeDecodeError:
        return Decoded(*whole_characters(data.decode(encoding, "surrogatepass")))


def _detected(data: bytes) -> Decoded:
    from indexer.sources.detect import detect  # a hundredth of a second that only a text of another encoding takes

    encoding = detect(data)
    try:
        if encoding is None:
            raise LookupError
        text, warnings = whole_characters(data.decode(encoding).removeprefix("\ufeff"))
    except (UnicodeDecodeError, LookupError):
        raise ValueError("its encoding cannot be told: save it as UTF-8") from None
    return Decoded(text, (f"not UTF-8: read as {encoding}", *warnings))
