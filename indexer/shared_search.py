"""The searches of an archive whose passages are in Milvus: it proposes, and the store has the last word.

Every passage that it returns is looked up in the store, which says whether it is in the view and passes the filters,
and gives the 16 bits that it is scored by. So a reply never shows what was deleted, whatever Milvus still holds; where
that leaves too few, the search goes deeper.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence

import numpy as np

from indexer.dense import ANY
from indexer.errors import IndexLost
from indexer.generations import OF_SERVING
from indexer.lexical import stemmed_query
from indexer.milvus import MOST, Milvus
from indexer.nearest import Exact
from indexer.passing import condition, passing
from indexer.stores import ArticleStore
from indexer.types import Filters, Floats, VectorSpace


def is_lost(store: ArticleStore, chosen: str = OF_SERVING) -> bool:
    """Whether there are passages that the outbox would not bring into a new collection. chosen: SQL, which count."""
    sql = f"""SELECT 1 FROM passage JOIN article ON article.rowid = passage.article WHERE removed_seq IS NULL
        AND {chosen} AND article NOT IN (SELECT article FROM outbox) LIMIT 1"""
    return bool(store.rows(sql))


class Leg:
    """What both searches of a view ask: Milvus for candidates, then the store.

    fresh: says whether Milvus is to look at the latest writes.
    """

    def __init__(
        self,
        store: ArticleStore,
        milvus: Milvus,
        sequence: int,
        space: VectorSpace,
        is_empty: bool,
        fresh: Callable[[], bool],
    ) -> None:
        self.store, self.milvus, self.sequence, self.space = store, milvus, sequence, space
        self._is_empty = is_empty  # then there may be no collection
        self.fresh = fresh

    def refilled(
        self,
        k: int,
        propose: Callable[[int], Sequence[tuple[int, float]]],
        look: Callable[[Sequence[tuple[int, float]]], list[tuple[int, float]]],
    ) -> list[tuple[int, float]]:
        """The k best that the store lets pass, best first, ties by row; `propose` is asked deeper until there are."""
        if k <= 0 or self._is_empty:
            return []
        depth = min(k, MOST)
        while True:
            try:
                proposed = propose(depth)
            except IndexLost:
                if not is_lost(self.store):  # another process is about to make it
                    return []
                raise
            found = sorted(look(proposed), key=lambda pair: (-pair[1], pair[0]))
            if len(found) >= k or len(proposed) < depth or depth == MOST:
                return found[:k]
            depth = min(2 * depth, MOST)

    def scored(self, query: Floats, passages: Collection[int], filters: Filters) -> list[tuple[int, float]]:
        """Of some passages, those that are in the view and pass, each with its cosine from the 16 bits in the store."""
        where, values = condition(self.sequence, filters)
        sql = f"""SELECT passage.rowid, fp16 FROM passage JOIN article ON article.rowid = passage.article
            JOIN vector ON vector.passage = passage.rowid AND embedder = :embedder
            WHERE passage.rowid IN (SELECT value FROM json_each(:passages)) AND {where}"""
        wanted = {"embedder": self.space.fingerprint, "passages": json.dumps(sorted(passages))}
        rows = self.store.rows(sql, {**values, **wanted})
        if not rows:
            return []
        held = np.frombuffer(b"".join(row[1] for row in rows), "<f2").reshape(len(rows), self.space.width)
        found = Exact.of(held).search(query, len(rows), None)
        return [(rows[at][0], score) for at, score in zip(found.positions.tolist(), found.scores.tolist(), strict=True)]


class SharedDense:
    """A `Dense` over Milvus: it proposes, and scores come from the store."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg

    def search(self, query: Floats, k: int, filters: Filters = ANY) -> list[tuple[int, float]]:
        """See `Dense.search`; at most `indexer.milvus.MOST`."""
        leg = self._leg
        strong = leg.fresh()

        def propose(depth: int) -> list[tuple[int, float]]:
            return [(row, 0.0) for row in leg.milvus.near(query, depth, filters, strong)]

        return leg.refilled(k, propose, lambda found: leg.scored(query, [row for row, _ in found], filters))

    def cosines(self, query: Floats, passages: Collection[int]) -> dict[int, float]:
        """See `Dense.cosines`."""
        return dict(self._leg.scored(query, passages, ANY))


class SharedLexical:
    """A `Lexical` over Milvus's BM25."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg

    def search(self, query: str, k: int, filters: Filters) -> list[tuple[int, float]]:
        """See `Lexical.search`; at most `indexer.milvus.MOST`."""
        leg, terms = self._leg, stemmed_query(query)
        if not terms:
            return []
        strong = leg.fresh()

        def look(found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
            seen = passing(leg.store, leg.sequence, filters, [row for row, _ in found])
            return [pair for pair in found if pair[0] in seen]

        return leg.refilled(k, lambda depth: leg.milvus.worded(terms, depth, filters, strong), look)
