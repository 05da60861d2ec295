"""Article rows of the store as articles, with a small cache: rows never change."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from indexer.errors import ArchiveDamaged
from indexer.stores import ArticleStore
from indexer.types import Article, Block

_COLUMNS = (
    "rowid, id, title, source, url, author, published_at, published_raw, language, text, text_sha256, source_sha256, "
    "metadata, blocks"
)
_CACHED = 256


class Articles:
    """The articles of a store by row. Safe to share between threads."""

    def __init__(self, store: ArticleStore) -> None:
        self.store = store
        self._cached: OrderedDict[int, Article] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, row: int) -> Article:
        """The article of one row. Raises ArchiveDamaged: there is none."""
        with self._lock:
            if row in self._cached:
                self._cached.move_to_end(row)
                return self._cached[row]
        found = self.store.rows(f"SELECT {_COLUMNS} FROM article WHERE rowid = ?", (row,))
        if not found:
            raise ArchiveDamaged(self.store.place, f"article row {row} is searched but not stored")
        article = _article(found[0])
        with self._lock:
            self._cached[row] = article
            while len(self._cached) > _CACHED:
                self._cached.popitem(last=False)
        return article


def _article(row: Sequence[Any]) -> Article:
    _, article_id, title, source, url, author, published_at, published_raw, language, text, *rest = row
    sha256, source_sha256, metadata, blocks = rest
    return Article(
        id=article_id,
        title=title,
        source=source,
        url=url,
        author=author,
        published_at=published_at,
        published_raw=published_raw,
        language=language,
        text=text.decode(),
        sha256=sha256,
        source_sha256=source_sha256,
        blocks=tuple(Block(*block) for block in json.loads(blocks)),
        metadata=json.loads(metadata),
    )
