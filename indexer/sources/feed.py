"""RSS and Atom files: one entry, one article. The only module that imports feedparser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote

import feedparser

from indexer.errors import SourceUnreadable
from indexer.sources.html import fragment_text
from indexer.sources.limits import read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Given, inside, sha256
from indexer.types import Page

Entry = Mapping[str, Any]  # feedparser's dictionaries

_IN_FRAGMENT = ":/?@!$&'()*+,;=%"
_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
UPDATED = "no date of publication: that of its last update is taken"


class FeedSource:
    """The full content of an entry where the feed gives it, else its summary; `metadata.content` says which."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """A page or a refusal for every entry."""
        try:
            data = read_whole(stream)
        except ValueError as problem:
            yield SourceUnreadable(origin, str(problem))
            return
        if refusal := _refusal(data):
            yield SourceUnreadable(origin, refusal)
            return
        headers = {"content-location": given.url} if given.url else {}
        feed = feedparser.parse(BytesIO(data), response_headers=headers, sanitize_html=False)
        if not feed.entries:
            broken = f": {feed.bozo_exception}" if feed.get("bozo") else ""
            yield SourceUnreadable(origin, f"the feed has no entries{broken}")
            return
        digest = sha256(data)
        for number, entry in enumerate(feed.entries, 1):
            yield _page(entry, feed.feed, origin, number, options, label, digest)


def _refusal(data: bytes) -> str | None:
    if b"<!ENTITY" in data or "<!ENTITY".encode("utf-16-le") in data or "<!ENTITY".encode("utf-16-be") in data:
        return "it declares entities, which can stand for anything: no feed needs them"
    flat = data[:65536].replace(b"\0", b"")
    return None if _ROOT.search(flat) else "it is XML, but neither a feed nor a page"


def _page(
    entry: Entry, feed: Entry, origin: str, number: int, options: SourceOptions, label: str, digest: str
) -> Page | SourceUnreadable:
    link = _string(entry.get("link"))
    key = link or _string(entry.get("id"))
    place = inside(origin, quote(key, safe=_IN_FRAGMENT) if key else f"entry={number}")
    text, kind = _text(entry)
    if not text:
        return SourceUnreadable(place, f"entry {number}: it has neither content nor a summary")
    published, updated = _string(entry.get("published")), _string(entry.get("updated"))
    updated = None if updated == published else updated
    tags = [term for tag in entry.get("tags", []) if (term := _string(tag.get("term")))]
    metadata = {"content": kind, "guid": _string(entry.get("id")), "tags": tags, "updated": updated}
    return Page(
        origin=place,
        source_sha256=digest,
        extractor=label,
        text=text,
        title=fragment_text(_string(entry.get("title")) or "") or None,
        source=_string((entry.get("source") or {}).get("title")) or _string(feed.get("title")) or options.source,
        url=link,
        author=_authors(entry) or _string(feed.get("author")),
        published=published or updated,
        language=_string(entry.get("language")) or _string(feed.get("language")) or options.language,
        metadata={name: value for name, value in metadata.items() if value},
        warnings=(UPDATED,) if updated and not published else (),
    )


def _text(entry: Entry) -> tuple[str, str]:
    """The longest content, else the summary, without markup, and which of them it is."""
    contents = [_plain(content) for content in entry.get("content", [])]
    full = max(contents, key=len, default="")
    if full:
        return full, "full"
    return _plain(entry.get("summary_detail") or {"value": entry.get("summary")}), "summary"


def _plain(content: Entry) -> str:
    value = _string(content.get("value")) or ""
    if content.get("type") == "text/plain" and not re.search(r"<[a-z/]", value, re.IGNORECASE):
        return value.strip()
    return fragment_text(value)


def _authors(entry: Entry) -> str | None:
    names = [name for one in entry.get("authors", []) if (name := _string(one.get("name")))]
    return ", ".join(dict.fromkeys(names)) or _string(entry.get("author"))


def _string(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
