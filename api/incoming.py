"""Articles that come in over HTTP, as pages for the archive."""

from __future__ import annotations

import json

from api.articles import ArticleIn
from indexer.sources import SourceOptions
from indexer.sources.source import extractor, sha256
from indexer.types import Page

NAME = "http/1"


def page_of(article: ArticleIn) -> Page:
    """An article that was sent -> a page. Sent again with the same content, it is unchanged.

    source_sha256: of its JSON with only the fields that say something, names sorted, no spaces, in UTF-8.
    origin: `http:` and its id, else its URL, else that SHA-256.
    """
    given = article.model_dump(exclude_defaults=True)
    content = json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = sha256(content.encode("utf-8"))
    url = (article.url or "").strip() or None
    return Page(
        origin=f"http:{article.id or url or digest}",
        source_sha256=digest,
        extractor=extractor(NAME, SourceOptions()),
        text=article.text,
        id=article.id,
        title=article.title,
        source=article.source,
        url=url,
        author=article.author,
        published=article.published_at,
        language=article.language,
        metadata=article.metadata,
        warnings=article.warnings,
    )
