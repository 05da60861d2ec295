"""Texts: as read, as stored, and places in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

BlockKind = Literal["headline", "byline", "dateline", "summary", "body", "caption", "furniture"]


class Span(NamedTuple):
    """A piece of one text. Invariant: 0 <= start < end <= len(text)."""

    start: int
    end: int


class Block(NamedTuple):
    """A piece of an article with its role. Blocks are in order and do not overlap; white space lies between them."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class Utf16:
    """A Range's offsets in UTF-16 code units, as JavaScript counts."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Range:
    """Where a piece of `article.text` lies: code points, half-open, and the same in UTF-16 code units."""

    start: int
    end: int
    utf16: Utf16


@dataclass(frozen=True, slots=True)
class Page:
    """One source document as read, before `clean`. `text` is the decoded source of a plain text, character for
    character; of any other format it is what was extracted.

    origin: where it came from, the key under which a second run finds it again (`file:///…`, `file:///…#id`).
    source_sha256: of the original bytes (of the file, or of the record's line). published: the date as given.
    marked: pieces of the text whose kind the format tells, in order.
    """

    origin: str
    source_sha256: str
    extractor: str
    text: str
    id: str | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    marked: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One published text. Invariant: `text` never changes once stored; a new text is a new version.

    sha256: of `text` as UTF-8. published_at: RFC 3339 in UTC, or a bare date; published_raw: as found.
    """

    id: str
    title: str | None
    source: str | None
    url: str | None
    author: str | None
    published_at: str | None
    published_raw: str | None
    language: str | None
    text: str
    sha256: str
    source_sha256: str
    blocks: tuple[Block, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Passage(NamedTuple):
    """[start, end) of consecutive sentences inside one body or summary block: what is embedded, searched and read."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ArticleHead:
    """What a list or a citation shows of an article."""

    id: str
    title: str | None
    source: str | None
    url: str | None
    author: str | None
    published_at: str | None
