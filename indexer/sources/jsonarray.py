"""JSON documents: an array of objects, or an object that holds one; one article an object. Arrays are streamed."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from indexer.errors import SourceUnreadable
from indexer.sources.decode import decode
from indexer.sources.fields import ALIASES
from indexer.sources.limits import MAX_BYTES, MB, read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.records import Record, Records, load
from indexer.sources.source import NOTHING, Given
from indexer.types import Page

_CHUNK = 1 << 18
_BETWEEN = re.compile(r"[\s,]*")
# Where exports and interfaces keep their articles.
_LISTS = ("articles", "items", "results", "docs", "documents", "data", "stories", "posts", "response")


class JsonSource:
    """What is no object is refused with its number; the others go in."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every element of the array."""
        records = Records(origin, options, label, "item")
        number = 0
        try:
            for number, raw in enumerate(_elements(stream, options), 1):
                yield records.read(number, raw.encode("utf-8", "surrogatepass"), partial(_parsed, raw))
        except ValueError as problem:
            where = f" behind item {number}" if number else ""
            yield SourceUnreadable(origin, f"it cannot be read as JSON{where}: {problem}")


def _parsed(raw: str) -> Record:
    record, warnings = load(raw)
    if not isinstance(record, dict):
        raise ValueError("it is JSON, but not an object")
    return record, warnings


def _elements(stream: BinaryIO, options: SourceOptions) -> Iterator[str]:
    """The source text of every element. Raises ValueError: it is not JSON, or holds no list of articles."""
    head = stream.peek(16)  # type: ignore[attr-defined]  # every stream we open is buffered
    if head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        yield from _streamed(stream)
        return
    value, _ = load(decode(read_whole(stream)).text)
    for one in _inner(value, options):
        yield json.dumps(one, ensure_ascii=False)


def _inner(value: Any, options: SourceOptions, depth: int = 0) -> list[Any]:  # noqa: ANN401 JSON is anything
    """The list of articles inside a document; a document that has a text is one article."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        texts = [options.map["text"].partition(".")[0]] if "text" in options.map else ALIASES["text"]
        if any(isinstance(value.get(key), str) for key in texts):
            return [value]
        for key in _LISTS:
            if isinstance(value.get(key), list | dict) and depth < 3:
                return _inner(value[key], options, depth + 1)
    raise ValueError("it holds no list of articles: make it an array of objects")


def _streamed(stream: BinaryIO) -> Iterator[str]:
    """Elements of an array, without holding it whole."""
    decoder, scanner = codecs.getincrementaldecoder("utf-8-sig")(), json.JSONDecoder()
    text, at, ended, need = "", 0, False, 0
    begun = False
    while True:
        if not ended and len(text) - at <= need:
            data = stream.read(max(_CHUNK, need))
            ended = not data
            try:
                text, at = text[at:] + decoder.decode(data, final=ended), 0
            except UnicodeDecodeError:
                raise ValueError("it is not UTF-8: JSON must be") from None
        at = _start(text, at, begun)
        begun = True
        if text[at : at + 1] == "]":
            return
        try:
            _, end = scanner.raw_decode(text, at)
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        except json.JSONDecodeError as problem:
            if ended:
                raise ValueError(f"it is cut off, or not JSON ({problem.msg})") from None
            need = 2 * (len(text) - at) + 1
            if need > 2 * MAX_BYTES:
                raise ValueError(f"an item is longer than {MAX_BYTES // MB} MB, or not JSON") from None
            continue
        yield text[at:end]
        at, need = end, 0


def _start(text: str, at: int, begun: bool) -> int:
    """Where the next element begins, behind white space and commas and, at first, the bracket."""
    if not begun:
        at = text.index("[") + 1
    found = _BETWEEN.match(text, at)
    return found.end() if found else at
