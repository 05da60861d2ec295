"""Bytes to text, saying what was guessed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from indexer.characters import is_unicode

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})"
    rb"|^\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{2,40})",
    re.IGNORECASE,
)
# What pages mean by the names that they use: https://encoding.spec.whatwg.org/#names-and-labels
_MEANT = {"ascii": "cp1252", "us-ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030"}
_MEANT |= {"gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}


_LATIN = frozenset({"cp1252", "cp1254", "iso8859-15"})
_SAMPLE = 4096  # bytes


class Decoded(NamedTuple):
    """text: without its byte order mark, line ends as they were. warnings: one for each guess or replacement."""

    text: str
    warnings: tuple[str, ...]


def decode(data: bytes) -> Decoded:
    """By byte order mark, else UTF-8, else the encoding that the bytes suggest. Raises ValueError: none fits."""
    return _marked(data) or _plain(data)


def decode_declared(data: bytes, charset: str | None = None) -> Decoded:
    """By byte order mark, else as declared (by a server in `charset`, or inside the page), else as `decode` would.

    Warns where the declaration is not true of the bytes. Raises ValueError: no encoding fits.
    """
    if marked := _marked(data):
        return marked
    found = _DECLARED.search(data[:_SAMPLE])
    declared = charset or (next(one for one in found.groups() if one).decode("ascii") if found else None)
    if declared is None:
        return _plain(data)
    encoding = _encoding(declared)
    if encoding in _LATIN and not data.isascii() and (utf8 := _utf8(data)) is not None:
        return Decoded(utf8, (f"it declares {declared}, and is UTF-8",))
    try:
        if encoding is None or (encoding.startswith("utf-16") and not charset):
            raise LookupError  # a page that could be read to here is not UTF-16
        return Decoded(*whole_characters(data.decode(encoding)))
    except (UnicodeDecodeError, LookupError):
        decoded = _plain(data)
        return Decoded(decoded.text, (f"it declares {declared}, and is not", *decoded.warnings))


def whole_characters(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with U+FFFD for every lone surrogate (which no UTF-8 can hold), and a warning if there were any."""
    if is_unicode(text):
        return text, ()
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined, ("lone surrogates were replaced by U+FFFD",)


def whole_strings(value: Any, warnings: dict[str, None]) -> Any:  # noqa: ANN401 JSON is anything
    """A value of JSON with whole characters in every string, keys too; what was told of them is added to `warnings`."""
    if isinstance(value, str):
        text, found = whole_characters(value)
        warnings.update(dict.fromkeys(found))
        return text
    if isinstance(value, list):
        return [whole_strings(one, warnings) for one in value]
    if isinstance(value, Mapping):
        return {whole_strings(key, warnings): whole_strings(one, warnings) for key, one in value.items()}
    return value


def _marked(data: bytes) -> Decoded | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding)
    return None


def _plain(data: bytes) -> Decoded:
    if b"\0" in data[:_SAMPLE] and (found := _unmarked_utf16(data)):
        return found
    try:
        return _strict(data, "utf-8")
    except ValueError:
        return _detected(data)


def _utf8(data: bytes) -> str | None:
    """The text, where its letters beyond ASCII are UTF-8: by chance, text in another encoding hardly ever is."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _strict(data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), ())
    except UnicodeDecodeError:
        return Decoded(*whole_characters(data.decode(encoding, "surrogatepass")))


def _encoding(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return _MEANT.get(found, found)


def _unmarked_utf16(data: bytes) -> Decoded | None:
    """UTF-16 without its mark: in text of few scripts one byte of each pair hardly varies, and is mostly zero."""
    if len(data) < 4 or len(data) % 2:
        return None
    sample = data[:_SAMPLE]
    for encoding, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if high.count(0) > 0.5 * len(high) and low.count(0) < 0.05 * len(low):
            decoded = _strict(data, encoding)
            return Decoded(decoded.text, (f"not UTF-8: read as {encoding}", *decoded.warnings))
    return None


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


def charset_of(parameters: str) -> str | None:
    """The charset among the parameters of a content type."""
    for part in parameters.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
