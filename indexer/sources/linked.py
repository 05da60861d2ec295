"""The pages behind a fetched feed: an entry that has only a summary is read where it links to."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from indexer.errors import SourceUnreadable
from indexer.identity import is_web_url
from indexer.sources.apart import Job, Readers
from indexer.sources.formats import FORMATS, HEAD, recognise
from indexer.sources.options import SourceOptions
from indexer.sources.source import Document, Postponed, Unchanged, sha256
from indexer.types import Page


class Linked(Protocol):
    """Where pages are got."""

    def linked(self, url: str) -> Document | SourceUnreadable:
        """The page at a URL, or why it is not to be had."""
        ...

    def ask_again(self, url: str) -> None:
        """Let the next run read a feed even if it has not changed."""
        ...


class Entries(Protocol):
    """What is known of documents and of feeds' entries that were read before."""

    def entry(self, origin: str, extractor: str) -> Unchanged | None:
        """What a feed's entry gave to this extractor."""
        ...

    def whole_entry(self, origin: str) -> Unchanged | None:
        """The article that the page behind a feed's entry gave, whatever the entry said then."""
        ...

    def known(self, origin: str, source_sha256: str, extractor: str) -> Unchanged | SourceUnreadable | None:
        """What these bytes at this place, or an entry with this digest, gave to this extractor; not read again."""
        ...

    def refuse(self, origin: str, source_sha256: str, extractor: str, reason: str) -> None:
        """Keep why they gave no article, or no more than the entry."""
        ...


class LinkedPages:
    """Of one run."""

    def __init__(self, options: SourceOptions, readers: Readers, memory: Entries, web: Linked) -> None:
        self._options, self._readers, self._memory, self._web = options, readers, memory, web

    def whole(self, found: Page | SourceUnreadable) -> Page | SourceUnreadable | Unchanged:
        """The page that an entry of a feed sums up, with what the feed says of it; read again when the entry changes.

        Everything else as it is; a summary too, with a warning, where its page cannot be had or says no more.
        """
        if not (isinstance(found, Page) and _is_summary(found)):
            return found
        digest = _digest(found)
        label = f"{FORMATS['html'].label(self._options)} entry/{digest}"
        if known := self._memory.entry(found.origin, label):
            return known
        page = self._memory.known(found.origin, digest, label) or self._read(found, label)
        if isinstance(page, Unchanged):
            return page
        if isinstance(page, SourceUnreadable):
            if not isinstance(page, Postponed):
                self._memory.refuse(found.origin, digest, label, page.reason)
            elif whole := self._memory.whole_entry(found.origin):
                return whole  # the page as it was is more than the summary as it is
            return replace(found, warnings=(*found.warnings, f"only its summary is taken: {page.reason}"))
        return _joined(found, page)

    def _read(self, entry: Page, label: str) -> Page | SourceUnreadable:
        url = entry.url or ""
        document = self._web.linked(url)
        if isinstance(document, SourceUnreadable):
            if isinstance(document, Postponed):
                self._web.ask_again(entry.origin.partition("#")[0])
            return document
        data = document.stream.read()
        format = recognise(data[:HEAD], document.name)
        if document.given.kind != "html" and (format is None or format.name != "html"):
            return SourceUnreadable(url, "what it links to is no web page")
        job = Job("html", data, entry.origin, self._options, document.given, label)
        page = self._readers.submit(job).result()[0]
        if isinstance(page, Page) and len(page.text) <= len(entry.text):
            return SourceUnreadable(url, "its page says no more")
        return page


def _is_summary(page: Page) -> bool:
    return page.metadata.get("content") == "summary" and is_web_url(page.origin) and is_web_url(page.url or "")


def _digest(entry: Page) -> str:
    """Another one where the entry was changed; other entries of its feed do not matter."""
    said = (entry.title, entry.url, entry.published, entry.text, str(entry.metadata.get("updated")))
    return sha256("\0".join(one or "" for one in said).encode("utf-8", "replace"))[:16]


def _joined(entry: Page, page: Page) -> Page:
    """The page, described by what it says of itself, then by its feed; when it was published, the feed knows best."""
    dated = {"date_from": "feed"} if entry.published else {}
    return replace(
        page,
        title=page.title or entry.title,
        source=page.source or entry.source,
        url=page.url or entry.url,
        author=page.author or entry.author,
        published=entry.published or page.published,
        language=page.language or entry.language,
        metadata={**entry.metadata, **page.metadata, **dated, "content": "page"},
    )
