"""The archive: the store, and the views that requests search (design §5).

A view is the archive at one sequence number; what it searches is in `indexer.caches`.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from indexer import caches
from indexer.caches import VISIBLE, State, floats
from indexer.characters import is_unicode
from indexer.dense import Dense
from indexer.errors import ArchiveDamaged, ArticleNotFound, ModelMismatch
from indexer.lexical import Lexical
from indexer.store import Store
from indexer.types import Article, Block, Embedder, Floats, ViewInfo

_ARTICLE = (
    "rowid, id, title, source, url, author, published_at, published_raw, language, text, text_sha256, source_sha256, "
    "metadata, blocks"
)
_CACHED_ARTICLES = 256


class Located(NamedTuple):
    """A passage of the store, with the row of its article."""

    article: int
    start: int
    end: int


class View:
    """The archive at one sequence number: what one request sees, whatever others write meanwhile."""

    def __init__(self, archive: Archive, info: ViewInfo, layout: int, dense: Dense, lexical: Lexical) -> None:
        self._archive = archive
        self.info = info
        self.layout = layout
        self.dense = dense
        self.lexical = lexical

    def passages(self, rows: Sequence[int]) -> list[Located]:
        """Where passages lie, in the order asked."""
        sql = 'SELECT rowid, article, start, "end" FROM passage WHERE rowid IN (SELECT value FROM json_each(?))'
        found = {row[0]: Located(*row[1:]) for row in self.rows(sql, (json.dumps(list(rows)),))}
        if missing := [row for row in rows if row not in found]:
            raise ArchiveDamaged(self._archive.folder, f"passage {missing[0]} is searched but not stored")
        return [found[row] for row in rows]

    def ids(self, articles: Sequence[int]) -> dict[int, str]:
        """The ids of articles, by row."""
        sql = "SELECT rowid, id FROM article WHERE rowid IN (SELECT value FROM json_each(?))"
        return dict(self.rows(sql, (json.dumps(list(set(articles))),)))

    def article_at(self, row: int) -> Article:
        """The article of one row."""
        return self._archive.article_at(row)

    def row_of(self, article_id: str) -> int:
        """The row of the article that has this id in this view. Raises ArticleNotFound."""
        if not is_unicode(article_id):
            raise ArticleNotFound(article_id)
        sql = f"SELECT rowid FROM article WHERE id = :id AND {VISIBLE}"
        found = self.rows(sql, {"id": article_id, "s": self.info.sequence})
        if not found:
            raise ArticleNotFound(article_id)
        return int(found[0][0])

    def find(self, article_id: str) -> Article | None:
        """The article that has this id in this view, or None."""
        try:
            return self.article(article_id)
        except ArticleNotFound:
            return None

    def article(self, article_id: str) -> Article:
        """The article that has this id in this view. Raises ArticleNotFound."""
        return self.article_at(self.row_of(article_id))

    def vectors(self, article: int) -> Floats:
        """The stored vectors of an article's passages -> (n, width) float32."""
        sql = "SELECT fp16 FROM vector JOIN passage ON passage.rowid = passage WHERE article = ? AND embedder = ?"
        found = self.rows(sql + " ORDER BY ordinal", (article, self._archive.embedder.fingerprint))
        return floats([row[0] for row in found], self._archive.embedder.width)

    def rows(self, sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run one query on the store. It is up to the query to look at `info.sequence` only."""
        return self._archive.store.rows(sql, parameters)


class Archive:
    """An archive on disk, opened with the embedder it was built with. Safe to share between threads.

    Raises ArchiveMissing, ArchiveDamaged, NewerFormat; ModelMismatch: it holds vectors of another embedder.
    """

    def __init__(self, folder: Path, embedder: Embedder, create: bool = False) -> None:
        self.folder = folder
        self.embedder = embedder
        self.store = Store(folder, create)
        self._articles: OrderedDict[int, Article] = OrderedDict()
        self._lock = threading.Lock()
        self._cache_lock = threading.Lock()
        self._state: State | None = None
        self._view: View | None = None
        self._check_embedder()

    def _check_embedder(self) -> None:
        built_with = self.store.meta("embedder")
        if built_with is not None and built_with != self.embedder.fingerprint:
            raise ModelMismatch(self.folder, built_with, self.embedder.fingerprint)

    def view(self) -> View:
        """The archive as it is now: deletions that were acknowledged, in any process, are gone."""
        view = self._view
        if view is not None and (view.info.sequence, view.layout) == self._now():
            return view
        with self._lock:
            self._view = self._next_view()
            return self._view

    def _now(self) -> tuple[int, int]:
        """The present sequence number and the version of what is on disk."""
        found: dict[str, int] = dict(self.store.rows("SELECT key, value FROM meta WHERE key IN ('sequence', 'layout')"))
        return found["sequence"], found.get("layout", 0)

    def _next_view(self) -> View:
        (sequence, version), state = self._now(), self._state
        if self._view and (self._view.info.sequence, self._view.layout) == (sequence, version):
            return self._view  # another thread was first
        self._state = None  # what fails half way is made anew, from the store
        if state is None or state.layout.version != version:
            sequence, layout = caches.read_layout(self.store)
            state = caches.opened(self.store, self.folder, self.embedder, layout, sequence)
        else:
            state = caches.advanced(self.store, self.embedder, state, sequence)
        self._state = state
        return View(self, self._info(state), state.layout.version, state.dense, state.lexical)

    def _info(self, state: State) -> ViewInfo:
        sql = f"SELECT count(*) FROM article WHERE {VISIBLE}"
        (articles,) = self.store.rows(sql, {"s": state.sequence})[0]
        sealed = sum(1 for segment in state.dense.segments if segment.sealed)
        memory = sum(int(s.live.sum()) for s in state.dense.segments if not s.sealed)
        layout = f"{sealed} sealed, {memory} in memory"
        return ViewInfo(state.sequence, articles, len(state.dense), layout)

    def article_at(self, row: int) -> Article:
        """The article of one row, from a small cache: rows never change."""
        with self._cache_lock:
            if row in self._articles:
                self._articles.move_to_end(row)
                return self._articles[row]
        found = self.store.rows(f"SELECT {_ARTICLE} FROM article WHERE rowid = ?", (row,))
        if not found:
            raise ArchiveDamaged(self.folder, f"article row {row} is searched but not stored")
        article = _article(found[0])
        with self._cache_lock:
            self._articles[row] = article
            while len(self._articles) > _CACHED_ARTICLES:
                self._articles.popitem(last=False)
        return article

    def close(self) -> None:
        """Close the store and let the caches go. A view of this archive cannot be used after that."""
        self._state = self._view = None
        self.store.close()


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
