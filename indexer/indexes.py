"""The seam between the archive and what searches its passages: one Protocol, and the embedded index that fits it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from indexer import caches
from indexer.caches import State
from indexer.dense import ANY, Dense, Segments
from indexer.generations import Generation
from indexer.lexical import Lexical
from indexer.passing import allowed
from indexer.stores import ArticleStore, Transaction
from indexer.types import Filters, Floats, Ints, VectorSpace


class Searchable(NamedTuple):
    """What searches one view. sequence: of the view. passages: how many there are; layout: where they lie, in words."""

    sequence: int
    dense: Dense
    lexical: Lexical
    passages: int
    layout: str


class PassageIndex(Protocol):
    """Finds passages of a store, by meaning and by words. It holds nothing that the store does not."""

    @property
    def is_local(self) -> bool:
        """Whether it is this process's own, made of the store and of what `indexer.seal` puts on disk."""
        ...

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        ...

    def at(self, sequence: int, layout: int) -> Searchable:
        """What searches the store as it is now: at `sequence` or later. layout: the version of what is on disk.

        Raises Moved: that changed meanwhile; ArchiveUnavailable.
        """
        ...

    def layout(self, sealed: int, memory: int) -> str:
        """Where passages lie, in words. sealed, memory: segments on disk, and passages that are in none of them."""
        ...

    def note(self, writing: Transaction, sequence: int) -> None:
        """Write down, in the transaction that changes articles, what the index will have to follow."""
        ...

    def follow(self) -> None:
        """Bring the index up to what was written down, if it can be; what cannot be waits, and is told in the log."""
        ...

    def forget(self) -> None:
        """Let go of what was read from the store: rows were purged while it was."""
        ...

    def distrust(self, folders: Collection[str]) -> None:
        """Read from the store, from now on, what lies in these folders of caches."""
        ...

    def distrusts(self, folder: str | None) -> bool:
        """Whether the words in this folder of caches are among what is distrusted, or were made of such."""
        ...

    def purge(self, articles: Sequence[int]) -> None:
        """Remove removed articles (rows) now: the store is about to. Raises ArchiveUnavailable, ArchiveBusy."""
        ...

    def check(self) -> None:
        """Raises ArchiveUnavailable: it does not answer."""
        ...

    def examine(self) -> tuple[bool, str]:
        """Compare it with the store, and say what was found. Raises ArchiveUnavailable."""
        ...

    def repair(self) -> None:
        """Make it hold what the store holds. Raises ArchiveUnavailable."""
        ...

    def successor(self, made: Generation) -> Successor | None:
        """What is to search passages that do not serve yet; None where nothing is made before they do."""
        ...

    def discard_left(self) -> None:
        """Remove the index of before, if a kill kept its successor from it. Raises ArchiveUnavailable."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class Successor(Protocol):
    """An index of passages that are being made by another embedder, beside those that serve."""

    def match(self) -> None:
        """Make it hold what is made of them by now. Raises ArchiveUnavailable, IndexRefused."""
        ...

    def still_matches(self, writing: Transaction) -> bool:
        """Whether nothing was removed for good since."""
        ...

    def take_over(self, writing: Transaction) -> None:
        """Have it search the archive, in the transaction from which on its passages serve."""
        ...

    def discard_old(self) -> None:
        """Remove the index of before."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...


class LocalDense:
    """A `Dense` of this process: the vectors of one view, and the store that says which of them pass a filter."""

    def __init__(self, segments: Segments, store: ArticleStore, sequence: int) -> None:
        self.segments = segments
        self._store, self._sequence = store, sequence
        self._last: tuple[Filters, Ints | None] = (ANY, None)  # a search goes deeper with the filters it had

    def search(self, query: Floats, k: int, filters: Filters = ANY) -> list[tuple[int, float]]:
        """See `Dense.search`."""
        return self.segments.search(query, k, self._allowed(filters))

    def cosines(self, query: Floats, passages: Collection[int]) -> dict[int, float]:
        """See `Dense.cosines`."""
        return dict(self.segments.search(query, len(passages), np.array(sorted(passages), np.int64)))

    def _allowed(self, filters: Filters) -> Ints | None:
        known, rows = self._last
        if known != filters:
            rows = allowed(self._store, self._sequence, filters)
            self._last = (filters, rows)
        return rows


class LocalIndex:
    """A `PassageIndex` in this process: what is sealed in the store's folder, and in memory what is not.

    Not safe to share between threads.
    """

    is_local, place = True, "this process"

    def __init__(self, store: ArticleStore, space: Callable[[], VectorSpace]) -> None:
        self._store, self._space = store, space
        self._state: State | None = None
        self._distrusted = frozenset[str]()

    def at(self, sequence: int, layout: int) -> Searchable:
        """See `PassageIndex.at`."""
        state, self._state = self._state, None  # what fails half way is made anew, from the store
        if state is not None and state.layout.version == layout:
            state = caches.advanced(self._store, self._space(), state, sequence)
        else:
            sequence, found = caches.read_layout(self._store)
            state = caches.opened(self._store, self._space(), found, sequence, state, self._distrusted)
        self._state = state
        sealed = sum(1 for segment in state.dense.segments if segment.sealed)
        memory = sum(int(s.live.sum()) for s in state.dense.segments if not s.sealed)
        dense = LocalDense(state.dense, self._store, sequence)
        return Searchable(sequence, dense, state.lexical, len(state.dense), self.layout(sealed, memory))

    def layout(self, sealed: int, memory: int) -> str:
        """See `PassageIndex.layout`."""
        return f"{sealed} sealed, {memory} in memory"

    def note(self, writing: Transaction, sequence: int) -> None:
        """Nothing: the store itself tells what is new."""

    def follow(self) -> None:
        """Nothing: the next view looks."""

    def forget(self) -> None:
        """See `PassageIndex.forget`."""
        self._state = None

    def distrust(self, folders: Collection[str]) -> None:
        """See `PassageIndex.distrust`."""
        self._distrusted |= frozenset(folders)
        self._state = None

    def distrusts(self, folder: str | None) -> bool:
        """See `PassageIndex.distrusts`."""
        return caches.is_of(folder, self._distrusted)

    def purge(self, articles: Sequence[int]) -> None:
        """Nothing: `indexer.purge` has the files rewritten."""

    def check(self) -> None:
        """Nothing: it is here."""

    def examine(self) -> tuple[bool, str]:
        """See `PassageIndex.examine`: it is read from the store, and its files are examined by `indexer.doctor`."""
        return True, "in this process, made of what the store holds"

    def repair(self) -> None:
        """Nothing: `indexer.seal` makes damaged files anew."""

    def successor(self, made: Generation) -> None:
        """None: what serves is read from the store, or put on disk by `indexer.seal`."""

    def discard_left(self) -> None:
        """Nothing is left: it is made anew in place."""

    def close(self) -> None:
        """See `PassageIndex.close`."""
        self.forget()
