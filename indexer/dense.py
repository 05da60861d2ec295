"""The vectors of a view: segments in memory and on disk, searched as one. `indexer.nearest` compares them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from indexer.nearest import Codes, Exact, Found, Rows, threads
from indexer.types import Bools, Filters, Floats, Halves, Ints

VECTORS, PASSAGES, CODES = "vectors.faiss", "passages.npy", "codes.faiss"  # the files of a sealed segment
APPROXIMATE_AT = 30_000  # passages in a sealed segment that are worth codes; fewer are faster compared one by one
LARGEST = 262_144  # passages in a sealed segment: what making one costs in memory and time
FEW = 2048  # allowed passages of a segment that are faster compared one by one than looked for among codes
_LEAST_CANDIDATES = 768  # of which the exact scores are taken, whatever k is
_LEAST_OF_COARSE = 1024  # where codes guess as they did at first
_CANDIDATES = 4  # times k, rounded up to a power of two
_CORES = os.cpu_count() or 1


ANY = Filters()  # none at all


class Dense(Protocol):
    """The vectors of one view. A pair is (passage row, cosine in [-1, 1]), best first, ties by row."""

    def search(self, query: Floats, k: int, filters: Filters = ANY) -> list[tuple[int, float]]:
        """Find the min(k, n) nearest of the n passages that live and pass the filters.

        query: (width,) float32, unit length.
        """
        ...

    def cosines(self, query: Floats, passages: Collection[int]) -> dict[int, float]:
        """Compare some passages (rows) with the query, those of them that live."""
        ...


class Coded(NamedTuple):
    """The vectors of a large sealed segment: candidates come from the codes, their scores from the rows."""

    codes: Codes
    rows: Rows


class Segment(NamedTuple):
    """Passages added together. Never changed once made, so that views share it without locks."""

    vectors: Exact | Coded
    passages: Ints  # (n,) rows in the store, ascending
    live: Bools  # (n,) False where the article was removed
    sealed: str | None = None  # the id of its folder; None in memory

    def mask(self, allowed: Ints | None) -> Bools | None:
        """Which of its passages live and are allowed, (n,); None when all are."""
        if allowed is None:
            return None if self.live.all() else self.live
        mask = np.zeros(len(self.passages), np.bool_)
        mask[_positions(self.passages, allowed)] = True
        return mask & self.live

    def places(self, allowed: Ints) -> Ints:
        """Where those of its passages that live and are allowed stand, ascending."""
        found = _positions(self.passages, allowed)
        places: Ints = found[self.live[found]]
        return places


class Segments:
    """Vectors, searched as one. Immutable: `extended` makes the next one and shares what did not change.

    Segments in memory are merged like the digits of a binary counter (Bentley & Saxe 1980), so that n additions copy
    each vector O(log n) times and a search sees O(log n) segments. Exact, but for large sealed segments without
    filters or with wide ones: there, candidates come from an approximate index. Scores are exact everywhere.
    """

    def __init__(self, width: int, segments: Sequence[Segment] = ()) -> None:
        self.width = width
        self.segments = tuple(segments)

    def __len__(self) -> int:
        return sum(int(segment.live.sum()) for segment in self.segments)

    def extended(self, passages: Ints, vectors: Halves | Floats, removed: Ints) -> Segments:
        """Add and remove passages. vectors: (len(passages), width); removed: rows, any order.

        Raises ValueError: the shapes do not fit.
        """
        if vectors.shape != (len(passages), self.width):
            raise ValueError(f"want {(len(passages), self.width)} vectors, got {vectors.shape}")
        gone = np.unique(removed)
        segments = [_without(segment, gone) for segment in self.segments]
        if len(passages):
            fresh = in_memory(passages, vectors)
            while segments and not segments[-1].sealed and len(segments[-1].passages) <= 2 * len(fresh.passages):
                fresh = merged([segments.pop(), fresh])
            segments.append(_without(fresh, gone))
        return Segments(self.width, segments)

    def search(self, query: Floats, k: int, allowed: Ints | None = None) -> list[tuple[int, float]]:
        """Find the min(k, n) nearest of the n passages that live and are allowed, as `Dense.search` does.

        allowed: passage rows, sorted, unique; None allows all.
        """
        with threads(1):  # of faiss, for one query and segment: more would only wait for each other
            return self._search(query, k, allowed)

    def _search(self, query: Floats, k: int, allowed: Ints | None) -> list[tuple[int, float]]:
        found, guesses = list[tuple[Segment, Found]](), list[tuple[Segment, Callable[[], Found]]]()
        for segment in self.segments:
            if isinstance(segment.vectors, Coded) and allowed is not None and len(allowed) <= FEW:
                if len(places := segment.places(allowed)):
                    found.append((segment, segment.vectors.rows.search(query, k, places)))
                continue
            mask = segment.mask(allowed)
            n = len(segment.passages) if mask is None else int(np.count_nonzero(mask))
            if min(k, n) <= 0:
                continue
            if isinstance(segment.vectors, Exact):
                found.append((segment, segment.vectors.search(query, min(k, n), mask)))
                continue
            wanted = _candidates(k, segment.vectors.codes.is_coarse)
            if n <= max(FEW, 2 * wanted):
                found.append((segment, segment.vectors.rows.search(query, k, _chosen(mask, n))))
            else:
                codes, filtered = segment.vectors.codes, allowed is not None
                guesses.append((segment, partial(_guess, codes, query, wanted, min(k, n), mask, filtered)))
        found += _scored(query, k, _side_by_side(guesses))
        return _best(found, k)


def in_memory(passages: Ints, vectors: Halves | Floats) -> Segment:
    """A segment of vectors (n, width), all live."""
    return Segment(Exact.of(vectors), passages, np.ones(len(passages), np.bool_))


def merged(segments: Sequence[Segment]) -> Segment:
    """What lives in some segments in memory, as one. Their passages ascend from each to the next."""
    vectors = np.concatenate(
        [part.vectors.vectors()[part.live] for part in segments if isinstance(part.vectors, Exact)]
    )
    return in_memory(np.concatenate([part.passages[part.live] for part in segments]), vectors)


def writers(segment: Segment) -> dict[str, Callable[[Path], None]]:
    """What writes each file of a sealed segment, from one in memory."""
    files = {VECTORS: lambda file: save_vectors(segment, file), PASSAGES: lambda file: save_passages(segment, file)}
    if len(segment.passages) >= APPROXIMATE_AT:
        files[CODES] = lambda file: save_codes(segment, file)
    return files


def save_vectors(segment: Segment, file: Path) -> None:
    """Write a segment's vectors as `sealed` opens them. Raises RuntimeError or OSError: the disk refuses."""
    _exact(segment).save(file)


def save_passages(segment: Segment, file: Path) -> None:
    """Write a segment's passages as `sealed` opens them. Raises OSError: the disk refuses."""
    np.save(file, segment.passages)


def save_codes(segment: Segment, file: Path) -> None:
    """Write the approximate index of a segment, which its vectors decide. Raises RuntimeError or OSError."""
    Codes.of(_exact(segment).vectors()).save(file)


def sealed(name: str, folder: Path, width: int) -> Segment:
    """Open a saved segment, all live. It scores as it did in memory, bit for bit.

    Raises OSError, RuntimeError or ValueError: the files cannot be read.
    """
    rows: Ints = np.asarray(np.load(folder / PASSAGES, mmap_mode="r"))  # mapped, without what numpy does on top
    live = np.ones(len(rows), np.bool_)
    if not (folder / CODES).exists():
        return Segment(Exact.mapped(folder / VECTORS), rows, live, name)
    codes = Codes.load(folder / CODES)
    if len(codes) != len(rows):
        raise ValueError(f"{folder / CODES} holds codes of {len(codes)} vectors, not of {len(rows)}")
    return Segment(Coded(codes, Rows(folder / VECTORS, len(rows), width)), rows, live, name)


def _exact(segment: Segment) -> Exact:
    if not isinstance(segment.vectors, Exact):
        raise TypeError("what is sealed with codes is made from the store, not from itself")
    return segment.vectors


def _without(segment: Segment, removed: Ints) -> Segment:
    gone = _positions(segment.passages, removed)
    if not len(gone):
        return segment
    live = segment.live.copy()
    live[gone] = False
    return segment._replace(live=live)


def _positions(passages: Ints, wanted: Ints) -> Ints:
    """Where the wanted rows stand among passages, both ascending; rows that are not there are left out."""
    if not (len(passages) and len(wanted)):
        return np.empty(0, np.int64)
    first, last = np.searchsorted(wanted, (passages[0], passages[-1] + 1))
    near = wanted[first:last]
    places: Ints = np.searchsorted(passages, near)
    found: Ints = places[passages[places] == near]
    return found


def _candidates(k: int, coarse: bool) -> int:
    """How many candidates are scored for k: the same for many k, so that pages of a ranking follow each other."""
    return max(_LEAST_OF_COARSE if coarse else _LEAST_CANDIDATES, _CANDIDATES << max(0, k - 1).bit_length())


def _is_coarse(segment: Segment) -> bool:
    return isinstance(segment.vectors, Coded) and segment.vectors.codes.is_coarse


def _chosen(mask: Bools | None, n: int) -> Ints:
    return np.arange(n, dtype=np.int64) if mask is None else np.flatnonzero(mask)


def _guess(codes: Codes, query: Floats, wanted: int, least: int, mask: Bools | None, filtered: bool) -> Found:
    """Candidates of one segment; where the lists nearest to the query hold too few, from as many as it takes."""
    found = codes.candidates(query, wanted, mask, filtered)
    if not filtered and len(found.positions) < least:
        return codes.candidates(query, wanted, mask, filtered=True)
    return found


def _side_by_side(guesses: Sequence[tuple[Segment, Callable[[], Found]]]) -> list[tuple[Segment, Found]]:
    """What each segment's codes give. As many threads as there are cores, this one among them, take turns at them."""
    waiting, found = deque(enumerate(guesses)), dict[int, tuple[Segment, Found]]()

    def take() -> None:
        with threads(1):
            while True:
                try:
                    place, (segment, guess) = waiting.popleft()
                except IndexError:
                    return
                found[place] = segment, guess()

    beside = [_beside().submit(take) for _ in range(min(_CORES, len(guesses)) - 1)]
    take()
    for helper in beside:
        if not helper.cancel():  # one that has not begun is not waited for: nothing is left for it
            helper.result()
    return [found[place] for place in range(len(guesses))]


@cache
def _beside() -> ThreadPoolExecutor:
    """Threads for the segments of a view: made for the first archive that has two large ones."""
    return ThreadPoolExecutor(_CORES, "pullquote-dense")


def _scored(query: Floats, k: int, guessed: Sequence[tuple[Segment, Found]]) -> Iterator[tuple[Segment, Found]]:
    """The exact scores of the best guesses: of all segments with one kind of codes together, as scales differ."""
    for coarse in (False, True):
        alike = [(segment, found) for segment, found in guessed if _is_coarse(segment) is coarse]
        yield from _scored_alike(query, k, _candidates(k, coarse), alike)


def _scored_alike(
    query: Floats, k: int, wanted: int, guessed: Sequence[tuple[Segment, Found]]
) -> Iterator[tuple[Segment, Found]]:
    if not guessed:
        return
    guesses = np.concatenate([found.scores for _, found in guessed])
    least = np.partition(guesses, len(guesses) - wanted)[len(guesses) - wanted] if len(guesses) > wanted else -np.inf
    for segment, found in guessed:
        positions = np.sort(found.positions[found.scores >= least])
        if len(positions) and isinstance(segment.vectors, Coded):
            yield segment, segment.vectors.rows.search(query, k, positions)


def _best(found: Sequence[tuple[Segment, Found]], k: int) -> list[tuple[int, float]]:
    """The k best of all segments, ties by row."""
    if not found:
        return []
    scores = np.concatenate([part.scores for _, part in found])
    passages = np.concatenate([segment.passages[part.positions] for segment, part in found])
    best = np.lexsort((passages, -scores))[:k]
    return list(zip(passages[best].tolist(), scores[best].tolist(), strict=True))
