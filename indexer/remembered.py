"""What the store remembers of sources beside articles: what was refused, and what servers said of their pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from indexer.archive import Archive
from indexer.commit import article_of
from indexer.errors import SourceUnreadable
from indexer.sources.source import Unchanged, Validators
from indexer.stores import Transaction

# Beside the tables of the first format; an archive that lacks them remembers nothing yet.
_TABLES = """
CREATE TABLE IF NOT EXISTS refusal(
  key TEXT PRIMARY KEY, source_sha256 TEXT NOT NULL, extractor TEXT NOT NULL, reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fetched(
  url TEXT PRIMARY KEY, etag TEXT, modified TEXT, reader TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS looked(
  key TEXT PRIMARY KEY, stamp TEXT NOT NULL, reader TEXT NOT NULL, source_sha256 TEXT NOT NULL, extractor TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_NAMES = {"refusal", "fetched", "looked"}
# What a file gave when it was read, if that still stands.
_GAVE = """SELECT id, NULL FROM looked JOIN origin USING (key, source_sha256, extractor)
    JOIN article ON article.rowid = article WHERE removed_seq IS NULL AND {file}
    UNION ALL SELECT NULL, reason FROM looked JOIN refusal USING (key, source_sha256, extractor) WHERE {file}""".format(
    file="looked.key = :key AND stamp = :stamp AND reader = :reader"
)
_BATCH = 4096  # rows written in one transaction


class Memory:
    """Of one run. reader: all that decides how documents are read; what another one read is read again."""

    def __init__(self, archive: Archive, reader: str) -> None:
        self._archive, self._reader = archive, reader
        self._refused: list[tuple[str, str, str, str]] = []
        self._fetched: list[tuple[str, str | None, str | None, str]] = []
        self._looked: list[tuple[str, str, str, str, str]] = []
        self._is_there = archive.store.tables() >= _NAMES

    def known(self, origin: str, source_sha256: str, extractor: str) -> Unchanged | SourceUnreadable | None:
        """What these bytes at this place gave to this extractor before."""
        if found := article_of(self._archive, origin, source_sha256, extractor):
            return Unchanged(origin, found)
        if not self._is_there:
            return None
        sql = "SELECT reason FROM refusal WHERE key = ? AND source_sha256 = ? AND extractor = ?"
        rows = self._archive.store.rows(sql, (origin, source_sha256, extractor))
        return SourceUnreadable(origin, rows[0][0]) if rows else None

    def refuse(self, origin: str, source_sha256: str, extractor: str, reason: str) -> None:
        """Keep why bytes gave no article."""
        self._refused.append((origin, source_sha256, extractor, reason))
        if len(self._refused) >= _BATCH:
            self._write()

    def seen(self, origin: str, stamp: str) -> Unchanged | SourceUnreadable | None:
        """What a file gave that the system says is still the same one, unread: an article, or a refusal."""
        if not self._is_there:
            return None
        found = self._archive.store.rows(_GAVE, {"key": origin, "stamp": stamp, "reader": self._reader})
        if not found:
            return None
        id, reason = found[0]
        return SourceUnreadable(origin, reason) if id is None else Unchanged(origin, id)

    def looked(self, origin: str, stamp: str, source_sha256: str, extractor: str) -> None:
        """Keep what a file looked like whose bytes were read; it holds while they give what is stored."""
        self._looked.append((origin, stamp, self._reader, source_sha256, extractor))
        if len(self._looked) >= _BATCH:
            self._write()

    def validators(self, url: str) -> Validators | None:
        """What the server said of a URL, if its articles are still there and would be read in the same way."""
        if not self._is_there or not self.articles_of(url):
            return None
        sql = "SELECT etag, modified FROM fetched WHERE url = ? AND reader = ?"
        rows = self._archive.store.rows(sql, (url, self._reader))
        return Validators(*rows[0]) if rows else None

    def articles_of(self, url: str) -> list[Unchanged]:
        """The articles whose origin is a URL, or stands in what it gives."""
        sql = """SELECT key, id FROM origin JOIN article ON article.rowid = article
            WHERE (key = ?1 OR (key >= ?1 || '#' AND key < ?1 || '$')) AND removed_seq IS NULL
            AND substr(key, 1, 500) BETWEEN substr(?1, 1, 500) AND substr(?1 || '$', 1, 500) ORDER BY key"""
        return [Unchanged(key, id) for key, id in self._archive.store.rows(sql, (url,))]

    def fetched(self, url: str, validators: Validators) -> None:
        """Keep what a server said, until `save`: not before the articles are stored that it said it of."""
        self._fetched.append((url, *validators, self._reader))

    def forget_fetched(self, url: str) -> None:
        """Do not keep what a server said of a URL in this run, nor what it said before."""
        self._fetched = [one for one in self._fetched if one[0] != url]
        self._fetched.append((url, None, None, self._reader))

    def entry(self, origin: str, extractor: str) -> Unchanged | None:
        """The article that a feed's entry gave to an extractor before, whatever else stood in the feed then."""
        sql = """SELECT id FROM origin JOIN article ON article.rowid = article
            WHERE key = ? AND extractor = ? AND removed_seq IS NULL"""
        rows = self._archive.store.rows(sql, (origin, extractor))
        return Unchanged(origin, rows[0][0]) if rows else None

    def whole_entry(self, origin: str) -> Unchanged | None:
        """The article that the page behind a feed's entry gave, whatever the entry said then."""
        sql = """SELECT id FROM origin JOIN article ON article.rowid = article
            WHERE key = ? AND extractor LIKE '% entry/%' AND removed_seq IS NULL"""
        rows = self._archive.store.rows(sql, (origin,))
        return Unchanged(origin, rows[0][0]) if rows else None

    def save(self) -> None:
        """Write all that was learnt, when every article of this run is stored."""
        self._write(self._fetched)
        self._fetched.clear()

    def _write(self, fetched: Sequence[tuple[str, str | None, str | None, str]] = ()) -> None:
        """Write what holds at any time, and what servers said: in a run that is killed now, that is not true yet."""
        if not (self._refused or self._looked or fetched):
            return
        with self._archive.store.writing() as writing:
            writing.make(_TABLES)
            _put(writing, "refusal", "key", self._refused)
            _put(writing, "looked", "key", self._looked)
            _put(writing, "fetched", "url", fetched)
        self._is_there = True
        self._refused.clear()
        self._looked.clear()


def _put(writing: Transaction, table: str, key: str, rows: Sequence[Sequence[str | None]]) -> None:
    """Write rows in place of those with their keys, which stand first; of rows with one key, the last."""
    last = {row[0]: row for row in rows}
    if not last:
        return
    writing.many(f"DELETE FROM {table} WHERE {key} = ?", [(name,) for name in last])
    writing.many(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", list(last.values()))


def forget(writing: Transaction, articles: Sequence[int]) -> None:
    """Remove what is remembered of the places that article rows came from, while their rows are still there.

    What the place gives to other articles, like a feed, stays: they name it too.
    """
    if not writing.tables() >= _NAMES:
        writing.make(_TABLES)  # of an archive that was made before one of them
    these = {"these": json.dumps(articles)}
    writing.rows(f"DELETE FROM refusal WHERE key IN (SELECT key FROM {_ORIGINS}) OR {_gone('refusal.key')}", these)
    writing.rows(f"DELETE FROM fetched WHERE {_gone('fetched.url')}", these)
    writing.rows(f"DELETE FROM looked WHERE key IN (SELECT key FROM {_ORIGINS}) OR {_gone('looked.key')}", these)


_ORIGINS = "origin WHERE article IN (SELECT value FROM json_each(:these))"


def _document(column: str) -> str:
    """SQL: the document that an origin names, or names a part of."""
    return f"substr({column}, 1, instr({column} || '#', '#') - 1)"


def _gone(column: str) -> str:
    """SQL: whether a document gave only these articles."""
    document = _document(column)
    return f"""({document} IN (SELECT {_document("key")} FROM {_ORIGINS} UNION SELECT {_document("url")} FROM article
        WHERE rowid IN (SELECT value FROM json_each(:these))) AND NOT EXISTS (SELECT 1 FROM origin AS other
        WHERE (other.key = {document} OR (other.key >= {document} || '#' AND other.key < {document} || '$'))
        AND other.article NOT IN (SELECT value FROM json_each(:these))))"""
