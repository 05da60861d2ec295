"""Nearest vectors by inner product. The only module that imports faiss.

Vectors are 16 bits a dimension everywhere, as the store rounds them, and every score that leaves this module is made
from those 16 bits by the same code: memory, disk and the approximate index give the same score for the same vector.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from indexer.types import Bools, Floats, Halves, Ints

LIST = 256  # vectors in a list of the approximate index, on average
PROBED = 5  # times the root of the number of lists: how many a search looks into: `bench.dense`, docs/archive-scale.md
_SAMPLE = 64  # vectors a list that the lists are learnt from
_TOGETHER = (3, 4, 2, 1)  # dimensions that get one of 16 codes together: the first number that divides the width
_COARSE = b"Iwrq"  # how a file of RaBitQ codes begins
_QUERY_BITS = 6  # of a query, while it is compared with codes of one bit: more are slower and find no more
_BLOCK = 8192  # vectors encoded at a time
_READ = 96  # kilobytes of vectors read at a time: more, and malloc asks the kernel anew, for twice the time

_Bytes = NDArray[np.uint8]


class Found(NamedTuple):
    """Scores, best first, and where those vectors stand: (n,) float32 and (n,) int64."""

    scores: Floats
    positions: Ints


class Exact:
    """Vectors in memory, or mapped from a file. Every one of them is compared."""

    def __init__(self, index: faiss.IndexScalarQuantizer) -> None:
        self._index = index
        self.width: int = index.d

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def of(cls, vectors: Halves | Floats) -> Exact:
        """Vectors (n, width), in memory."""
        return cls(_flat(_encoded(vectors), vectors.shape[1]))

    @classmethod
    def mapped(cls, file: Path) -> Exact:
        """Vectors that `save` wrote, by memory map. Raises OSError or RuntimeError: the file cannot be read."""
        return cls(cast(faiss.IndexScalarQuantizer, faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)))

    def save(self, file: Path) -> None:
        """Write the vectors. Raises RuntimeError or OSError: the disk refuses."""
        faiss.write_index(self._index, str(file))

    def vectors(self) -> Halves:
        """All vectors, (n, width) float16: what memory or the map holds, not a copy."""
        held = faiss.rev_swig_ptr(self._index.codes.data(), len(self) * 2 * self.width)
        return cast(Halves, held.view("<f2").reshape(len(self), self.width))

    def search(self, query: Floats, k: int, mask: Bools | None) -> Found:
        """The k nearest of the vectors in `mask`, of which there are at least k. query: (width,); mask: (n,)."""
        scores, positions = self._index.search(query[None, :], k, params=_selecting(mask, faiss.SearchParameters))
        return Found(scores[0], positions[0])


class Rows:
    """The vectors of a file that `Exact.save` wrote, read when they are wanted.

    Read, not mapped: a map of a million vectors would grow into this process, page by page, as searches touch it.
    Raises OSError or ValueError: the file cannot be read, or does not hold n vectors.
    """

    def __init__(self, file: Path, n: int, width: int) -> None:
        self._file = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)  # when the last view that reads it is gone
        self._size, self.width = 2 * width, width
        self._offset = os.fstat(self._file).st_size - n * self._size  # they are what the file ends with
        if self._offset <= 0:
            raise ValueError(f"{file} is too short for {n} vectors of {width} dimensions")

    def search(self, query: Floats, k: int, positions: Ints) -> Found:
        """The k nearest of the vectors at `positions`, which ascend: their exact scores."""
        at_once = max(1, (_READ << 10) // self._size)
        cuts = range(0, len(positions), at_once)
        parts = [self._part(query, k, positions[start : start + at_once]) for start in cuts]
        scores, places = (np.concatenate(column) for column in zip(*parts, strict=True))
        best = np.lexsort((places, -scores))[:k]
        return Found(scores[best], places[best])

    def _part(self, query: Floats, k: int, positions: Ints) -> Found:
        index = _flat(self._read(positions), self.width)
        scores, places = index.search(query[None, :], min(k, len(positions)))
        return Found(scores[0], positions[places[0]])

    def _read(self, positions: Ints) -> _Bytes:
        """The bytes of some vectors, neighbours in one read."""
        begins = np.flatnonzero(np.diff(positions, prepend=-2) != 1)
        lengths = np.diff(begins, append=len(positions)) * self._size
        places = self._offset + positions[begins] * self._size
        held = b"".join(map(os.pread, repeat(self._file), lengths.tolist(), places.tolist()))
        return np.frombuffer(held, np.uint8).reshape(len(positions), self._size)


class Codes:
    """Four bits for three dimensions of each vector, in lists of neighbours. It finds candidates; `Rows` scores them.

    Lists and codes: IVF-PQ, Jegou et al. 2011, https://doi.org/10.1109/TPAMI.2010.57; tables in registers: Andre et al.
    2015, https://doi.org/10.14778/2856318.2856324. It is a function of the vectors alone: samples and seeds are fixed.
    Files of before, with one bit a dimension (RaBitQ, Gao & Long 2024, https://arxiv.org/abs/2405.12497), are searched
    as they are.
    """

    def __init__(self, index: faiss.Index) -> None:
        self._index = index
        self._ivf: Any = faiss.extract_index_ivf(index)
        self.is_coarse = isinstance(faiss.downcast_index(self._ivf), faiss.IndexIVFRaBitQ)  # guesses farther off

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def of(cls, vectors: Halves) -> Codes:
        """Learn the lists from a sample of vectors (n, width) and encode them all."""
        n, width = vectors.shape
        lists = max(1, n // LIST)
        parts = width // next(together for together in _TOGETHER if width % together == 0)
        index: Any = faiss.index_factory(width, f"IVF{lists},PQ{parts}x4fs", faiss.METRIC_INNER_PRODUCT)
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 10 * _SAMPLE
        index.pq.cp.min_points_per_centroid = 1
        sample = np.linspace(0, n - 1, max(index.pq.ksub, min(n, lists * _SAMPLE))).astype(np.int64)
        with threads(1):  # codes are learnt in many small steps, between which more would wait for each other
            index.train(vectors[sample].astype(np.float32))
            for start in range(0, n, _BLOCK):
                index.add(vectors[start : start + _BLOCK].astype(np.float32))
        return cls(index)

    @classmethod
    def load(cls, file: Path) -> Codes:
        """Read codes that `save` wrote. Raises OSError or RuntimeError: the file cannot be read."""
        with file.open("rb") as opened:
            mapped = (
                opened.read(len(_COARSE)) == _COARSE
            )  # of others faiss makes a copy: the map would be there beside it
        return cls(faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC if mapped else 0))

    def save(self, file: Path) -> None:
        """Write the codes. Raises RuntimeError or OSError: the disk refuses."""
        faiss.write_index(self._index, str(file))

    def candidates(self, query: Floats, k: int, mask: Bools | None, filtered: bool) -> Found:
        """About the k nearest in `mask`, with guesses of their scores; fewer when the lists looked into hold fewer.

        filtered: `mask` may be any share of the vectors. Then as many lists are looked into as hold as many of it as
        those of a search without a mask hold of all, so that a filter costs no recall.
        """
        lists: int = self._ivf.nlist
        probed = min(lists, round(PROBED * lists**0.5))
        if filtered:
            probed = self._until(query, mask, max(4 * k, round(probed / lists * self._index.ntotal)), probed)
        kind = faiss.IVFRaBitQSearchParameters if self.is_coarse else faiss.SearchParametersIVF
        parameters: Any = _selecting(mask, kind) or kind()
        parameters.nprobe = probed
        if self.is_coarse:
            parameters.qb = _QUERY_BITS
        scores, positions = self._index.search(query[None, :], k, params=parameters)
        held = positions[0] >= 0
        return Found(scores[0][held], positions[0][held])

    def _until(self, query: Floats, mask: Bools | None, wanted: int, least: int) -> int:
        """How many lists, nearest first, hold `wanted` of the mask."""
        masked = self._list_of if mask is None else self._list_of[mask]
        in_lists = np.bincount(masked, minlength=self._ivf.nlist)
        nearest = self._ivf.quantizer.search(query[None, :], self._ivf.nlist)[1][0]
        enough = int(np.searchsorted(np.cumsum(in_lists[nearest]), wanted)) + 1
        return min(int(self._ivf.nlist), max(least, enough))

    @cached_property
    def _list_of(self) -> NDArray[np.int32]:
        """The list of each vector, (n,)."""
        found = np.empty(self._index.ntotal, np.int32)
        for number in range(self._ivf.nlist):
            size = self._ivf.invlists.list_size(number)
            if size:
                found[faiss.rev_swig_ptr(self._ivf.invlists.get_ids(number), size)] = number
        return found


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Let faiss use n threads for what this thread does inside."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _flat(codes: _Bytes, width: int) -> faiss.IndexScalarQuantizer:
    index = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    if len(codes):
        index.add_sa_codes(codes)
    return index


def _encoded(vectors: Halves | Floats) -> _Bytes:
    """The bytes of vectors in 16 bits, (n, 2 * width)."""
    return np.ascontiguousarray(vectors, "<f2").view(np.uint8)


def _selecting(mask: Bools | None, kind: type[faiss.SearchParameters]) -> faiss.SearchParameters | None:
    if mask is None:
        return None
    parameters: Any = kind()
    bits = np.packbits(mask, bitorder="little")
    parameters.sel = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
    parameters.bits = bits  # faiss points into them
    return cast(faiss.SearchParameters, parameters)
