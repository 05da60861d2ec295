"""JSON Feed (https://jsonfeed.org/version/1.1): one item, one article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote

from indexer.errors import SourceUnreadable
from indexer.sources.decode import decode
from indexer.sources.html import fragment_text
from indexer.sources.limits import read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.records import load
from indexer.sources.source import NOTHING, Given, inside, sha256
from indexer.types import Page

_IN_FRAGMENT = ":/?@!$&'()*+,;=%"


class JsonFeedSource:
    """The content of an item, else its summary; `metadata.content` says which."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every item."""
        try:
            data = read_whole(stream)
            feed, _ = load(decode(data).text)
        except ValueError as problem:
            yield SourceUnreadable(origin, f"it cannot be read as a feed: {problem}")
            return
        items = feed.get("items") if isinstance(feed, dict) else None
        if not isinstance(items, list) or not items:
            yield SourceUnreadable(origin, "the feed has no items")
            return
        digest = sha256(data)
        for number, item in enumerate(items, 1):
            if isinstance(item, dict):
                yield _page(item, feed, origin, number, options, label, digest)
            else:
                yield SourceUnreadable(inside(origin, f"item={number}"), f"item {number}: it is no object")


def _page(
    item: Mapping[str, Any],
    feed: Mapping[str, Any],
    origin: str,
    number: int,
    options: SourceOptions,
    label: str,
    digest: str,
) -> Page | SourceUnreadable:
    link = _string(item, "url") or _string(item, "external_url")
    key = link or _string(item, "id")
    place = inside(origin, quote(key, safe=_IN_FRAGMENT) if key else f"item={number}")
    full = fragment_text(_string(item, "content_html") or "") or _string(item, "content_text")
    text = full or _string(item, "summary")
    if not text or "\0" in text:
        return SourceUnreadable(place, f"item {number}: it has neither content nor a summary that is text")
    modified = _string(item, "date_modified")
    metadata = {"content": "full" if full else "summary", "guid": _string(item, "id"), "tags": _strings(item, "tags")}
    return Page(
        origin=place,
        source_sha256=digest,
        extractor=label,
        text=text,
        title=_string(item, "title"),
        source=_string(feed, "title") or options.source,
        url=link,
        author=_authors(item) or _authors(feed),
        published=_string(item, "date_published"),
        language=_string(item, "language") or _string(feed, "language") or options.language,
        metadata={name: value for name, value in {**metadata, "updated": modified}.items() if value},
    )


def _authors(given: Mapping[str, Any]) -> str | None:
    authors = given.get("authors") or [given.get("author")]
    several = authors if isinstance(authors, list) else []
    return ", ".join(name for one in several if isinstance(one, dict) and (name := _string(one, "name"))) or None


def _string(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _strings(given: Mapping[str, Any], key: str) -> list[str]:
    value = given.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
