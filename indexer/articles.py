"""Article rows of the store as articles, with a small cache: rows never change."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from indexer.errors import ArchiveDamaged
from indexer.stores import ArticleStore
from indexer.types import Article, Block

_COLUMNS = (
    "rowid, id, title, source, url, author, published_at, published_raw, language, text, text_sha256, source_sha256, "
    "metadata, blocks"
)
_CACHED = 256  # articles
_KNOWN = 4096  # passages, and articles without their texts: some of the largest requests
_Found = TypeVar("_Found")


class Located(NamedTuple):
    """A passage of the store, with the row of its article."""

    article: int
    start: int
    end: int


class Named(NamedTuple):
    """What tells an article from others: its id, and the SHA-256 of its text."""

    id: str
    text_sha256: str


class Articles:
    """The articles of a store by row, and where their passages lie. Safe to share between threads."""

    def __init__(self, store: ArticleStore) -> None:
        self.store = store
        self._articles = _Recent[Article](_CACHED)
        self._places = _Recent[Located](_KNOWN)
        self._names = _Recent[Named](_KNOWN)

    def at(self, row: int) -> Article:
        """The article of one row. Raises ArchiveDamaged: there is none."""
        return self.of([row])[row]

    def of(self, rows: Collection[int]) -> dict[int, Article]:
        """Articles by row. Raises ArchiveDamaged: there is none."""
        return self._checked("article row", self._articles.of(rows, self._read), rows)

    def places(self, rows: Collection[int]) -> dict[int, Located]:
        """Where passages lie, by row. Raises ArchiveDamaged: one is not there."""
        return self._checked("passage", self._places.of(rows, self._locate), rows)

    def names(self, rows: Collection[int]) -> dict[int, Named]:
        """What articles are named, by row. Raises ArchiveDamaged: one is not there."""
        return self._checked("article row", self._names.of(rows, self._name), rows)

    def _read(self, rows: Sequence[int]) -> dict[int, Article]:
        sql = f"SELECT {_COLUMNS} FROM article WHERE rowid IN (SELECT value FROM json_each(?))"
        return {found[0]: _article(found) for found in self._rows(sql, rows)}

    def _locate(self, rows: Sequence[int]) -> dict[int, Located]:
        """One query for passages and what their articles are named: whoever ranks the ones asks for the others."""
        sql = """SELECT passage.rowid, article, start, "end", id, text_sha256 FROM passage
            JOIN article ON article.rowid = article WHERE passage.rowid IN (SELECT value FROM json_each(?))"""
        found = self._rows(sql, rows)
        self._names.add({article: Named(*names) for _, article, _, _, *names in found})
        return {row: Located(article, start, end) for row, article, start, end, *_ in found}

    def _name(self, rows: Sequence[int]) -> dict[int, Named]:
        sql = "SELECT rowid, id, text_sha256 FROM article WHERE rowid IN (SELECT value FROM json_each(?))"
        return {row: Named(*names) for row, *names in self._rows(sql, rows)}

    def _rows(self, sql: str, rows: Sequence[int]) -> list[tuple[Any, ...]]:
        return self.store.rows(sql, (json.dumps(rows),))

    def _checked(self, what: str, found: dict[int, _Found], rows: Collection[int]) -> dict[int, _Found]:
        for row in rows:
            if row not in found:
                raise ArchiveDamaged(self.store.place, f"{what} {row} is searched but not stored")
        return found


class _Recent(Generic[_Found]):
    """What was read last, by row, for rows that never change. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[int, _Found] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, rows: Collection[int], read: Callable[[Sequence[int]], dict[int, _Found]]) -> dict[int, _Found]:
        """What is known of these rows, and of the others what `read` gives."""
        found, missing = dict[int, _Found](), list[int]()
        with self._lock:
            for row in dict.fromkeys(rows):
                if row in self._held:
                    self._held.move_to_end(row)
                    found[row] = self._held[row]
                else:
                    missing.append(row)
        if missing:
            fresh = read(missing)
            self.add(fresh)
            found.update(fresh)
        return found

    def add(self, fresh: dict[int, _Found]) -> None:
        """Keep what was read, and forget what was not asked for longest."""
        with self._lock:
            self._held.update(fresh)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


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
