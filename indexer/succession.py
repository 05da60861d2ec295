"""A collection in Milvus for the passages of another embedder: filled before they serve, and then switched to."""

from __future__ import annotations

import secrets
from contextlib import closing

from indexer import outbox
from indexer.generations import Generation, set_meta
from indexer.milvus import Milvus
from indexer.shared import SharedIndex
from indexer.stores import ArticleStore, Transaction

_KEY = "successor"  # in meta: its collection, so that a stop half way costs nothing
_LEFT = "discarding"  # in meta: the collection of before, until it is gone


class SharedSuccessor:
    """A `Successor` of a `SharedIndex`. old: the collection that serves."""

    def __init__(self, store: ArticleStore, old: Milvus, made: Generation) -> None:
        self._store, self._old, self._made = store, old, made
        self._new = old.beside(self._collection())
        self._index = SharedIndex(store, lambda: made.space, self._new, made.generation)
        self._since = self._purged = 0

    def _collection(self) -> str:
        known = self._store.meta(_KEY)
        if known is not None:
            return str(known)
        name = f"pullquote_{secrets.token_hex(8)}"
        with self._store.writing() as writing:
            set_meta(writing, [(_KEY, name)])
        return name

    def match(self) -> None:
        """See `Successor.match`."""
        self._since, self._purged = _moment(self._store)
        self._index.match()

    def still_matches(self, writing: Transaction) -> bool:
        """See `Successor.still_matches`: of articles that are gone from the store, nobody knows the passages."""
        return _moment(writing)[1] == self._purged

    def take_over(self, writing: Transaction) -> None:
        """See `Successor.take_over`. What was only removed since leaves it by way of the outbox."""
        set_meta(writing, [("collection", self._new.collection), (_LEFT, self._old.collection)])
        writing.rows("DELETE FROM meta WHERE key = ?", (_KEY,))
        removed = writing.rows("SELECT rowid FROM article WHERE removed_seq > ?", (self._since,))
        outbox.note_some(writing, [row for (row,) in removed])

    def discard_old(self) -> None:
        """See `Successor.discard_old`."""
        discard_left(self._store, self._old)

    def close(self) -> None:
        """See `Successor.close`."""
        self._index.close()


def discard_left(store: ArticleStore, milvus: Milvus) -> None:
    """Drop the collection of before, if a kill left it."""
    _discard(store, milvus, _LEFT)


def discard_waiting(store: ArticleStore, milvus: Milvus) -> None:
    """Drop a collection that waits to be filled on; whoever is filling it removes what is gone."""
    with store.alone("reembed", wait=False) as mine:
        if mine:
            _discard(store, milvus, _KEY)


def _discard(store: ArticleStore, milvus: Milvus, key: str) -> None:
    """Drop the collection that a row of meta names, if there is one, and then the row."""
    name = store.meta(key)
    if name is None:
        return
    with closing(milvus.beside(str(name))) as left:
        left.discard()
    with store.writing() as writing:
        writing.rows("DELETE FROM meta WHERE key = ? AND value = ?", (key, name))


def _moment(store: ArticleStore | Transaction) -> tuple[int, int]:
    """The sequence number, and how often rows were purged."""
    found: dict[str, str] = dict(store.rows("SELECT key, value FROM meta WHERE key IN ('sequence', 'purged')"))
    return int(found["sequence"]), int(found.get("purged", 0))
