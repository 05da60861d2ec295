"""Pages to articles: what each piece of the text is. Nothing is cut out and nothing is changed (invariant 2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from indexer.dates import parse_published
from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import article_id, is_web_url, without_tracking
from indexer.layout import Layout, lay_out
from indexer.types import Article, Page

CLEANER = "clean/3"

Warn = Callable[[str], None]


def clean(page: Page, timezone: str | None = None, warn: Warn | None = None) -> Article:
    """The page's text as an article, with its blocks; title, author and date are the page's, else those printed in it.

    timezone: where times without an offset were written. warn: told the page's warnings, and what clean had to guess.
    Raises SourceUnreadable: the text is blank, binary, or nothing but page furniture, or the given id is no id.
    """
    told: list[str] = list(page.warnings)
    if "\0" in page.text:
        raise SourceUnreadable(page.origin, "its text holds NUL characters, as binary files do: remove them")
    title, author = _one_line(page.title), _one_line(page.author)
    layout = lay_out(page.text, title, author, page.marked)
    _check(page, layout)
    raw = _one_line(page.published) or layout.date
    published = parse_published(raw, timezone)
    url, metadata = _url(page, told)
    told += published.warnings
    for message in told:
        if warn:
            warn(message)
    return Article(
        id=_id(page),
        title=title or layout.title,
        source=_one_line(page.source),
        url=url,
        author=author or layout.author,
        published_at=published.at,
        published_raw=raw,
        language=_language(page.language),
        text=page.text,
        sha256=hashlib.sha256(page.text.encode("utf-8")).hexdigest(),
        source_sha256=page.source_sha256,
        blocks=layout.blocks,
        metadata=metadata,
    )


def _check(page: Page, layout: Layout) -> None:
    if not layout.blocks:
        raise SourceUnreadable(page.origin, "it is empty")
    if all(block.kind == "furniture" for block in layout.blocks):
        raise SourceUnreadable(page.origin, "it holds nothing but page furniture (buttons, notices, credits)")


def _id(page: Page) -> str:
    try:
        return article_id(page)
    except InvalidInput as problem:
        raise SourceUnreadable(page.origin, str(problem)) from None


def _url(page: Page, told: list[str]) -> tuple[str | None, dict[str, Any]]:
    """The URL, without what tracks readers, if it may become a link; any other is kept as metadata only."""
    metadata = dict(page.metadata)
    url = (page.url or "").strip()
    if not url or is_web_url(url):
        return without_tracking(url) or None, metadata
    told.append("its url is neither http nor https: it is kept as metadata, and gives no link")
    return None, {"url": url, **metadata}


def _language(given: str | None) -> str | None:
    found = re.match(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$", (given or "").strip())
    return found.group().replace("_", "-") if found else None


def _one_line(given: str | None) -> str | None:
    return " ".join((given or "").replace("\0", " ").split()) or None
