"""Nearest passages by inner product. The only module that imports faiss; everyone else sees the Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import faiss
import numpy as np

from indexer.types import Bools, Floats, Ints


class Dense(Protocol):
    """The vectors of one view. A pair is (passage row, cosine in [-1, 1]), best first, ties by row."""

    def search(self, query: Floats, k: int, allowed: Ints | None = None) -> list[tuple[int, float]]:
        """Find the min(k, n) nearest of the n passages that live and are allowed.

        query: (width,) float32, unit length. allowed: passage rows, sorted, unique; None allows all.
        """
        ...


class _Segment(NamedTuple):
    """Passages added together. Never changed once made, so that views share it without locks."""

    flat: faiss.IndexFlatIP
    passages: Ints  # (n,) rows in the store, ascending
    live: Bools  # (n,) False where the article was removed


class Tail:
    """An immutable in-memory `Dense`; `extended` makes the next one and shares what did not change.

    Exact. Segments are merged like the digits of a binary counter (Bentley & Saxe 1980), so that n additions
    copy each vector O(log n) times and a search sees O(log n) segments.
    """

    def __init__(self, width: int, segments: Sequence[_Segment] = ()) -> None:
        self.width = width
        self._segments = tuple(segments)

    def __len__(self) -> int:
        return sum(int(segment.live.sum()) for segment in self._segments)

    def extended(self, passages: Ints, vectors: Floats, removed: Ints) -> Tail:
        """Add and remove passages. vectors: (len(passages), width) float32; removed: rows, any order.

        Raises ValueError: the shapes do not fit.
        """
        if vectors.shape != (len(passages), self.width):
            raise ValueError(f"want {(len(passages), self.width)} vectors, got {vectors.shape}")
        segments = [s._replace(live=s.live & ~np.isin(s.passages, removed)) for s in self._segments]
        if len(passages):
            fresh = _segment(passages, vectors, ~np.isin(passages, removed))
            while segments and len(segments[-1].passages) <= 2 * len(fresh.passages):
                fresh = _merged(segments.pop(), fresh)
            segments.append(fresh)
        return Tail(self.width, segments)

    def search(self, query: Floats, k: int, allowed: Ints | None = None) -> list[tuple[int, float]]:
        """See `Dense.search`."""
        found = [pair for segment in self._segments for pair in _search(segment, query, k, allowed)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


def _segment(passages: Ints, vectors: Floats, live: Bools) -> _Segment:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return _Segment(index, passages, live)


def _merged(older: _Segment, newer: _Segment) -> _Segment:
    vectors = np.concatenate([_vectors(part.flat)[part.live] for part in (older, newer)])
    passages = np.concatenate([part.passages[part.live] for part in (older, newer)])
    return _segment(passages, vectors, np.ones(len(passages), np.bool_))


def _vectors(index: faiss.IndexFlatIP) -> Floats:
    stored: Floats = index.reconstruct_n(0, index.ntotal).reshape(index.ntotal, index.d)
    return stored


def _search(segment: _Segment, query: Floats, k: int, allowed: Ints | None) -> list[tuple[int, float]]:
    mask = segment.live if allowed is None else segment.live & np.isin(segment.passages, allowed)
    wanted = min(k, int(mask.sum()))
    if wanted <= 0:
        return []
    bits = np.packbits(mask, bitorder="little")
    selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
    parameters = faiss.SearchParameters()
    parameters.sel = selector
    scores, positions = segment.flat.search(query[None, :], wanted, params=parameters)
    return [(int(segment.passages[i]), float(s)) for i, s in zip(positions[0], scores[0], strict=True)]
