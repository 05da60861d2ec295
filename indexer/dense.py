"""Nearest passages by inner product. The only module that imports faiss; everyone else sees the Protocol."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import faiss
import numpy as np

from indexer.types import Bools, Floats, Ints

VECTORS, PASSAGES = "vectors.faiss", "passages.npy"  # the files of a sealed segment


class Dense(Protocol):
    """The vectors of one view. A pair is (passage row, cosine in [-1, 1]), best first, ties by row."""

    def search(self, query: Floats, k: int, allowed: Ints | None = None) -> list[tuple[int, float]]:
        """Find the min(k, n) nearest of the n passages that live and are allowed.

        query: (width,) float32, unit length. allowed: passage rows, sorted, unique; None allows all.
        """
        ...


class Segment(NamedTuple):
    """Passages added together. Never changed once made, so that views share it without locks."""

    vectors: faiss.Index  # exact, by inner product
    passages: Ints  # (n,) rows in the store, ascending
    live: Bools  # (n,) False where the article was removed
    sealed: str | None = None  # the id of its folder; None in memory


class Segments:
    """An immutable `Dense`; `extended` makes the next one and shares what did not change.

    Exact. Segments in memory are merged like the digits of a binary counter (Bentley & Saxe 1980), so that n additions
    copy each vector O(log n) times and a search sees O(log n) segments.
    """

    def __init__(self, width: int, segments: Sequence[Segment] = ()) -> None:
        self.width = width
        self.segments = tuple(segments)

    def __len__(self) -> int:
        return sum(int(segment.live.sum()) for segment in self.segments)

    def extended(self, passages: Ints, vectors: Floats, removed: Ints) -> Segments:
        """Add and remove passages. vectors: (len(passages), width) float32; removed: rows, any order.

        Raises ValueError: the shapes do not fit.
        """
        if vectors.shape != (len(passages), self.width):
            raise ValueError(f"want {(len(passages), self.width)} vectors, got {vectors.shape}")
        segments = [_without(segment, removed) for segment in self.segments]
        if len(passages):
            fresh = in_memory(passages, vectors)
            while segments and not segments[-1].sealed and len(segments[-1].passages) <= 2 * len(fresh.passages):
                fresh = merged([segments.pop(), fresh])
            segments.append(_without(fresh, removed))
        return Segments(self.width, segments)

    def search(self, query: Floats, k: int, allowed: Ints | None = None) -> list[tuple[int, float]]:
        """See `Dense.search`."""
        found = [pair for segment in self.segments for pair in _search(segment, query, k, allowed)]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:k]


def in_memory(passages: Ints, vectors: Floats) -> Segment:
    """A segment of vectors (n, width) float32, all live. It keeps 16 bits a dimension, as the store rounds them."""
    index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(np.ascontiguousarray(vectors))
    return Segment(index, passages, np.ones(len(passages), np.bool_))


def merged(segments: Sequence[Segment]) -> Segment:
    """What lives in some segments, as one in memory. Their passages ascend from each to the next."""
    vectors = np.concatenate([_vectors(part.vectors)[part.live] for part in segments])
    return in_memory(np.concatenate([part.passages[part.live] for part in segments]), vectors)


def save_vectors(segment: Segment, file: Path) -> None:
    """Write a segment's vectors as `sealed` opens them. Raises RuntimeError or OSError: the disk refuses."""
    faiss.write_index(segment.vectors, str(file))


def save_passages(segment: Segment, file: Path) -> None:
    """Write a segment's passages as `sealed` opens them. Raises OSError: the disk refuses."""
    np.save(file, segment.passages)


def sealed(name: str, vectors: Path, passages: Path) -> Segment:
    """Open a saved segment by memory map, all live. It scores as it did in memory, bit for bit.

    Raises OSError or RuntimeError: the files cannot be read.
    """
    index = faiss.read_index(str(vectors), faiss.IO_FLAG_MMAP_IFC)
    rows: Ints = np.load(passages, mmap_mode="r")
    return Segment(index, rows, np.ones(len(rows), np.bool_), name)


def _without(segment: Segment, removed: Ints) -> Segment:
    return segment._replace(live=segment.live & ~np.isin(segment.passages, removed)) if len(removed) else segment


def _vectors(index: faiss.Index) -> Floats:
    stored: Floats = index.reconstruct_n(0, index.ntotal).reshape(index.ntotal, index.d)
    return stored


def _search(segment: Segment, query: Floats, k: int, allowed: Ints | None) -> list[tuple[int, float]]:
    mask = segment.live if allowed is None else segment.live & np.isin(segment.passages, allowed)
    wanted = min(k, int(mask.sum()))
    if wanted <= 0:
        return []
    bits = np.packbits(mask, bitorder="little")
    parameters = faiss.SearchParameters()
    parameters.sel = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
    scores, positions = segment.vectors.search(query[None, :], wanted, params=parameters)
    return [(int(segment.passages[i]), float(s)) for i, s in zip(positions[0], scores[0], strict=True)]
