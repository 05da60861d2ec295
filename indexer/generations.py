"""Whose vectors an archive holds, and which passages they are of.

Another embedder may cut passages elsewhere. So each embedding of a whole archive has passages of its own, a generation:
the ordinals of generation g begin at g * SIZE. One generation serves; `indexer.reembed` may be making the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from indexer.stores import ArticleStore, Transaction
from indexer.types import VectorSpace

SIZE = 1_000_000  # more passages than any article has
# SQL: the generation that serves
SERVING = "coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'generation'), 0)"
OF_SERVING = f"ordinal / {SIZE} = {SERVING}"  # SQL: whether a passage is of it


class Place(Protocol):
    """A folder with its store, and one of the generations there: what putting caches on disk needs of an archive."""

    @property
    def folder(self) -> Path:
        """Where the caches lie."""
        ...

    @property
    def store(self) -> ArticleStore:
        """Where the vectors come from."""
        ...

    @property
    def space(self) -> VectorSpace:
        """Whose vectors they are."""
        ...

    @property
    def generation(self) -> int:
        """Which passages they are of."""
        ...


class Generation(NamedTuple):
    """A `Place` that names its generation itself."""

    folder: Path
    store: ArticleStore
    space: VectorSpace
    generation: int


def serving(store: ArticleStore) -> int:
    """The generation that serves."""
    return int(store.rows(f"SELECT {SERVING}")[0][0])


def space_of(store: ArticleStore) -> VectorSpace | None:
    """The vectors that serve; None if there never were any."""
    embedder = store.meta("embedder")
    return None if embedder is None else _space(store, embedder)


def unfinished(store: ArticleStore, folder: Path) -> Generation | None:
    """The generation that is being made beside the one that serves."""
    embedder = store.meta("reembedding")
    space = None if embedder is None else _space(store, embedder)
    return Generation(folder, store, space, serving(store) + 1) if space else None


def claim(writing: Transaction, key: str, space: VectorSpace) -> None:
    """Write down whose vectors serve (key "embedder") or are being made ("reembedding")."""
    set_meta(writing, [(key, space.fingerprint), (f"width:{space.fingerprint}", space.width)])


def set_meta(writing: Transaction, rows: Sequence[tuple[str, str | int]]) -> None:
    """Write rows of meta, in place of those that have their keys."""
    writing.many("INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", rows)


def _space(store: ArticleStore, embedder: str) -> VectorSpace | None:
    width = store.meta(f"width:{embedder}")
    if width is None:  # of an archive from before widths were written down
        found = store.rows("SELECT length(fp16) / 2 FROM vector WHERE embedder = ? LIMIT 1", (embedder,))
        width = found[0][0] if found else None
    return None if width is None else VectorSpace(embedder, int(width))
