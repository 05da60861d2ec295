"""Which articles tell one story: links between near-duplicates in the store, and the clusters they make.

A link is a function of two texts alone, and a cluster of a view is a connected component of what lives in it: neither
hangs on the order of additions, nor on what was deleted since. Articles with the same text are linked without a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from indexer.archive import Archive
from indexer.caches import VISIBLE
from indexer.duplicates import NEAR, SKETCH, bands, jaccard, shingles, told
from indexer.generations import set_meta
from indexer.stores import ArticleStore, Transaction
from indexer.types import Article, Block
from indexer.views import Glance

# Beside the tables of the first format; archives that lack them are read as they are, and filled when next written to.
_TABLES = """
CREATE TABLE IF NOT EXISTS band(
  hash INTEGER NOT NULL,
  article INTEGER NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  PRIMARY KEY(hash, article)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS band_article ON band(article);
CREATE TABLE IF NOT EXISTS near(  -- both ways, so that either end finds the other
  article INTEGER NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  other INTEGER NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  jaccard REAL NOT NULL,
  PRIMARY KEY(article, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS near_other ON near(other);
"""
_BATCH = 256  # articles linked in one transaction


class Cluster(NamedTuple):
    """Articles (rows) that tell one story, the first published first; undated ones last, ties by id."""

    members: tuple[int, ...]


def prepare(writing: Transaction) -> None:
    """Make the tables where they are missing; forget hashes that another sketch made."""
    found = writing.rows("SELECT value FROM meta WHERE key = 'sketch'")
    if found == [(SKETCH,)]:
        return
    writing.make(_TABLES)
    writing.rows("DELETE FROM band")
    writing.rows("DELETE FROM near")
    set_meta(writing, [("sketch", SKETCH)])


def link(writing: Transaction, row: int, article: Article) -> None:
    """Store the band hashes of a new article, and its links to the living articles that it is nearly the same as."""
    own = _shingles(told(article.text, article.blocks))
    hashes = bands(own)
    sql = """SELECT DISTINCT article.rowid, text_sha256 FROM band JOIN article ON article.rowid = article
        WHERE hash IN (SELECT value FROM json_each(?)) AND removed_seq IS NULL AND article.rowid != ?
        AND text_sha256 != ? ORDER BY article.rowid"""
    alike: dict[str, float] = {}
    for other, digest in writing.rows(sql, (json.dumps(hashes), row, article.sha256)):
        if digest not in alike:
            alike[digest] = jaccard(own, _stored(writing, other))
        if alike[digest] >= NEAR:
            both = [(row, other, alike[digest]), (other, row, alike[digest])]
            writing.many("INSERT INTO near VALUES (?, ?, ?) ON CONFLICT DO NOTHING", both)
    writing.many("INSERT INTO band VALUES (?, ?) ON CONFLICT DO NOTHING", [(digest, row) for digest in hashes])


def link_missing(archive: Archive) -> int:
    """Link the living articles that have no band hash yet, as an older Pullquote left them; say how many there were.

    A batch is one transaction: kill it and run it again.
    """
    if not missing(archive.store):
        return 0
    articles, done = archive.glance(), 0
    while True:
        with archive.store.writing() as writing:
            prepare(writing)
            rows = writing.rows(f"SELECT rowid FROM article WHERE {_UNLINKED} ORDER BY rowid LIMIT {_BATCH}")
            for (row,) in rows:
                link(writing, row, articles.article_at(row))
        if not rows:
            return done
        done += len(rows)


def missing(store: ArticleStore) -> int:
    """How many living articles have no band hash of today's sketch."""
    where = _UNLINKED if store.meta("sketch") == SKETCH else "removed_seq IS NULL"
    return int(store.rows(f"SELECT count(*) FROM article WHERE {where}")[0][0])


_UNLINKED = "removed_seq IS NULL AND NOT EXISTS (SELECT 1 FROM band WHERE article = article.rowid)"


def story_of(view: Glance, rows: Iterable[int]) -> dict[int, int]:
    """Name the story of each article (row) by a member of its cluster: equal where two articles tell one story.

    The names hold within one view.
    """
    wanted = list(dict.fromkeys(rows))
    union = _Union()
    seen, frontier = set(wanted), wanted
    digests: set[str] = set()
    while frontier:
        pairs = [*_linked(view, frontier), *_same_text(view, frontier, digests)]
        for one, other in pairs:
            union.join(one, other)
        frontier = sorted({row for pair in pairs for row in pair} - seen)
        seen.update(frontier)
    return {row: union.root(row) for row in wanted}


def clusters(view: Glance) -> list[Cluster]:
    """All clusters of two articles or more, the latest story first (by its first article, then by that one's id)."""
    union = _Union()
    values = {"s": view.info.sequence}
    if _is_sketched(view):
        sql = f"""SELECT near.article, other FROM near WHERE near.article < other
            AND EXISTS (SELECT 1 FROM article WHERE rowid = near.article AND {VISIBLE})
            AND EXISTS (SELECT 1 FROM article WHERE rowid = other AND {VISIBLE})"""
        for one, other in view.rows(sql, values):
            union.join(one, other)
    sql = f"""SELECT string_agg(CAST(rowid AS TEXT), ' ') FROM article WHERE {VISIBLE}
        GROUP BY text_sha256 HAVING count(*) > 1"""
    for (rows,) in view.rows(sql, values):
        first, *rest = map(int, rows.split())
        for other in rest:
            union.join(first, other)
    return _ordered(view, union.groups())


def _ordered(view: Glance, groups: Iterable[Sequence[int]]) -> list[Cluster]:
    groups = list(groups)
    sql = "SELECT rowid, published_at, id FROM article WHERE rowid IN (SELECT value FROM json_each(?))"
    found = view.rows(sql, (json.dumps([row for group in groups for row in group]),))
    key = {row: (at is None, at or "", article_id) for row, at, article_id in found}
    made = [Cluster(tuple(sorted(group, key=key.__getitem__))) for group in groups]
    made.sort(key=lambda cluster: key[cluster.members[0]][2])
    made.sort(key=lambda cluster: key[cluster.members[0]][1], reverse=True)
    return sorted(made, key=lambda cluster: key[cluster.members[0]][0])


def _linked(view: Glance, rows: Sequence[int]) -> list[tuple[int, int]]:
    if not _is_sketched(view):
        return []
    sql = f"""SELECT near.article, other FROM near JOIN article ON article.rowid = other
        WHERE near.article IN (SELECT value FROM json_each(:rows)) AND {VISIBLE}"""
    found = view.rows(sql, {"rows": json.dumps(list(rows)), "s": view.info.sequence})
    return [(one, other) for one, other in found]


def _same_text(view: Glance, rows: Sequence[int], digests: set[str]) -> list[tuple[int, int]]:
    """Each row with one of the same text. digests: the texts that were looked up before; grows."""
    known = {row: digest for row, digest in view.digests(rows).items() if digest not in digests}
    digests.update(known.values())
    # Those that are known are left out: what is left is told by the index of texts alone, mostly that there is nothing.
    sql = f"""SELECT rowid, text_sha256 FROM article WHERE text_sha256 IN (SELECT value FROM json_each(:texts))
        AND NOT (rowid IN (SELECT value FROM json_each(:known))) AND {VISIBLE}"""
    texts, rows_known = json.dumps(sorted(set(known.values()))), json.dumps(sorted(known))
    others = view.rows(sql, {"texts": texts, "known": rows_known, "s": view.info.sequence})
    first: dict[str, int] = {}
    return [(first.setdefault(digest, row), row) for row, digest in sorted([*known.items(), *others])]


def _is_sketched(view: Glance) -> bool:
    return bool(view.rows("SELECT 1 FROM meta WHERE key = 'sketch'", ()))


def _stored(writing: Transaction, row: int) -> frozenset[str]:
    ((text, blocks),) = writing.rows("SELECT text, blocks FROM article WHERE rowid = ?", (row,))
    return _shingles(told(text.decode(), [Block(*block) for block in json.loads(blocks)]))


@lru_cache(maxsize=64)
def _shingles(text: str) -> frozenset[str]:
    """Stories come in runs: what was compared with the last article is compared with the next."""
    return shingles(text)


class _Union:
    """Disjoint sets of rows, each named by its least member (Tarjan 1975, with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def root(self, row: int) -> int:
        while (above := self._parent.get(row, row)) != row:
            self._parent[row] = self._parent.get(above, above)
            row = above
        return row

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low
        self._parent.setdefault(low, low)

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for row in sorted(self._parent):
            found.setdefault(self.root(row), []).append(row)
        return [group for group in found.values() if len(group) > 1]
