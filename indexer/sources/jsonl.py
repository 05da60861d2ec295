"""JSON Lines: one object a line, one article an object. Streamed: a file may be larger than memory."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote

from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import check_id
from indexer.sources.decode import MAX_BYTES, whole_characters
from indexer.sources.fields import read_fields
from indexer.sources.options import SourceOptions
from indexer.sources.source import extractor, sha256
from indexer.types import Page

STDIN = "stdin:"  # the origin of what was piped in
_IN_FRAGMENT = ":/?@!$&'()*+,;=%"  # RFC 3986, 3.5
_MOST_DIGITS = 300


class JsonlSource:
    """A bad line is refused with its number and a reason; the others go in."""

    name = "jsonl/1"
    suffixes = (".jsonl", ".ndjson")

    def read(self, stream: BinaryIO, origin: str, options: SourceOptions) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every line that is not blank."""
        label = extractor(self.name, options)
        for number, line in enumerate(_lines(stream), 1):
            if not line.strip():
                continue
            try:
                yield _page(line, origin, number, options, label)
            except (ValueError, InvalidInput) as problem:
                yield SourceUnreadable(f"{origin}#line={number}", f"line {number}: {problem}")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends, and without a byte order mark. One over the limit comes cut, one byte too long."""
    first = True
    while line := stream.readline(MAX_BYTES + 1):
        rest = line
        while len(rest) > MAX_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_BYTES + 1)
        yield (line.removeprefix(b"\xef\xbb\xbf") if first else line).rstrip(b"\r\n")
        first = False


def _page(line: bytes, origin: str, number: int, options: SourceOptions, label: str) -> Page:
    record, warnings = _record(line)
    fields, metadata = read_fields(record, options.map)
    text = fields["text"]
    if text is None or not text.strip():
        keys = ", ".join(list(record)[:8])
        raise ValueError(f"it has no text (its keys: {keys}): say with --map text=KEY where the text is")
    if "\0" in text:
        raise ValueError("its text holds NUL characters: remove them")
    if fields["id"] is not None:
        check_id(fields["id"])
    url = (fields["url"] or "").strip() or None
    return Page(
        origin=_origin(origin, fields["id"], url, number, line),
        source_sha256=sha256(line),
        extractor=label,
        text=text,
        id=fields["id"],
        title=fields["title"],
        source=fields["source"] or options.source,
        url=url,
        author=fields["author"],
        published=fields["published_at"],
        language=fields["language"] or options.language,
        metadata=metadata,
        warnings=warnings,
    )


def _origin(origin: str, id: str | None, url: str | None, number: int, line: bytes) -> str:
    """Under which key a second run finds the record again: its id, else its URL, else where it stands."""
    if id or url:
        return f"{origin}#{id or quote(url or '', safe=_IN_FRAGMENT)}"
    return f"{origin}#line={number}" if origin != STDIN else STDIN + sha256(line)[:20]  # there, lines do not stay


def _record(line: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    if len(line) > MAX_BYTES:
        raise ValueError(f"it is longer than {MAX_BYTES // 1_000_000} MB")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"byte {problem.start + 1} is not UTF-8: JSON Lines must be UTF-8") from None
    try:
        record = json.loads(text, parse_constant=_constant, parse_int=_integer, parse_float=_float)
    except json.JSONDecodeError as problem:
        raise ValueError(f"column {problem.colno} is not JSON ({problem.msg})") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(record, dict):
        raise ValueError("it is JSON, but not an object")
    warnings: dict[str, None] = {}
    whole = _whole(record, warnings)
    return whole, tuple(warnings)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)


def _float(digits: str) -> float:
    if math.isinf(value := float(digits)):
        raise ValueError(f"{digits[:20]} is too large a number")
    return value


def _whole(value: Any, warnings: dict[str, None]) -> Any:  # noqa: ANN401 JSON is anything
    """The value with whole characters in every string, keys too."""
    if isinstance(value, str):
        text, found = whole_characters(value)
        warnings.update(dict.fromkeys(found))
        return text
    if isinstance(value, list):
        return [_whole(one, warnings) for one in value]
    if isinstance(value, dict):
        return {_whole(key, warnings): _whole(one, warnings) for key, one in value.items()}
    return value
