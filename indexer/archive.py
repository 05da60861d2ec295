"""The archive: the store, and the views that requests search (design §5).

A view is the archive at one sequence number. Its caches are filled from the store; for now both live in memory.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.dense import Dense, Segments
from indexer.errors import ArchiveDamaged, ArticleNotFound, ModelMismatch
from indexer.lexical import Lexical, MemoryLexical, Words
from indexer.store import Store
from indexer.types import Article, Block, Embedder, Floats, Ints, ViewInfo

_ARTICLE = (
    "rowid, id, title, source, url, author, published_at, published_raw, language, text, text_sha256, source_sha256, "
    "metadata, blocks"
)
VISIBLE = "added_seq <= :s AND (removed_seq IS NULL OR removed_seq > :s)"
_CACHED_ARTICLES = 256


class Located(NamedTuple):
    """A passage of the store, with the row of its article."""

    article: int
    start: int
    end: int


class View:
    """The archive at one sequence number: what one request sees, whatever others write meanwhile."""

    def __init__(self, archive: Archive, info: ViewInfo, dense: Dense, lexical: Lexical) -> None:
        self._archive = archive
        self.info = info
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
        return _floats([row[0] for row in found], self._archive.embedder.width)

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
        self._words = MemoryLexical()
        self._view: View | None = None
        self._check_embedder()

    def _check_embedder(self) -> None:
        built_with = self.store.meta("embedder")
        if built_with is not None and built_with != self.embedder.fingerprint:
            raise ModelMismatch(self.folder, built_with, self.embedder.fingerprint)

    def view(self) -> View:
        """The archive as it is now: deletions that were acknowledged, in any process, are gone."""
        view = self._view
        if view is not None and view.info.sequence == self.store.meta("sequence"):
            return view
        with self._lock:
            self._view = self._next_view(self._view)
            return self._view

    def _next_view(self, last: View | None) -> View:
        since, now = last.info.sequence if last else 0, int(self.store.meta("sequence"))
        dense = last.dense if last else Segments(self.embedder.width)
        if last and since == now:
            return last
        removed = self._removed(since, now)
        added, words = self._added(since, now)
        assert isinstance(dense, Segments)
        gone = np.array([row for rows in removed.values() for row in rows], np.int64)
        for passages, vectors in added:
            dense = dense.extended(passages, vectors, gone)
        if not added and len(gone):
            dense = dense.extended(np.empty(0, np.int64), np.empty((0, self.embedder.width), np.float32), gone)
        return View(self, self._info(now), dense, self._words.update(words, removed))

    def _info(self, sequence: int) -> ViewInfo:
        sql = f"""SELECT (SELECT count(*) FROM article WHERE {VISIBLE}),
            (SELECT count(*) FROM passage JOIN article ON article.rowid = article WHERE {VISIBLE})"""
        articles, passages = self.store.rows(sql, {"s": sequence})[0]
        return ViewInfo(sequence, articles, passages, layout="memory")

    def _removed(self, since: int, now: int) -> dict[int, list[int]]:
        """Article rows removed after `since` that the last view still holds -> their passage rows."""
        sql = """SELECT article.rowid, passage.rowid FROM article JOIN passage ON article = article.rowid
            WHERE removed_seq > :since AND removed_seq <= :now AND added_seq <= :since"""
        found: dict[int, list[int]] = {}
        for article, passage in self.store.rows(sql, {"since": since, "now": now}):
            found.setdefault(article, []).append(passage)
        return found

    def _added(self, since: int, now: int) -> tuple[list[tuple[Ints, Floats]], Iterator[Words]]:
        window = {"since": since, "s": now, "embedder": self.embedder.fingerprint}
        where = f"added_seq > :since AND {VISIBLE}"
        sql = f"""SELECT passage.rowid, fp16 FROM article JOIN passage ON article = article.rowid
            JOIN vector ON passage = passage.rowid AND embedder = :embedder WHERE {where}
            ORDER BY passage.rowid"""
        rows = self.store.rows(sql, window)
        passages = np.array([row[0] for row in rows], np.int64)
        vectors = _floats([row[1] for row in rows], self.embedder.width)
        return ([(passages, vectors)] if len(rows) else []), self._new_words(where, window)

    def _new_words(self, where: str, window: dict[str, Any]) -> Iterator[Words]:
        sql = f"""SELECT article.rowid, text, title, id, source, author, published_at,
            json_group_array(json_array(passage.rowid, start, "end")) FROM article JOIN passage
            ON article = article.rowid WHERE {where} GROUP BY article.rowid ORDER BY article.rowid"""
        for row, text, title, article_id, source, author, published_at, places in self.store.stream(sql, window):
            whole = text.decode()
            for passage, start, end in sorted(json.loads(places)):
                yield Words(passage, row, whole[start:end], title, article_id, source, author, published_at)

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
        """Close the store. A view of this archive cannot be used after that."""
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


def _floats(blobs: Sequence[bytes], width: int) -> Floats:
    """Stored vectors -> (n, width) float32. They were rounded to fp16 before anything indexed them."""
    return np.frombuffer(b"".join(blobs), "<f2").reshape(len(blobs), width).astype(np.float32)
