"""The seam between the archive and what searches its passages: one Protocol, and the embedded index that fits it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from indexer import caches
from indexer.caches import State
from indexer.dense import Dense
from indexer.lexical import Lexical
from indexer.stores import ArticleStore
from indexer.types import VectorSpace


class Searchable(NamedTuple):
    """What searches one view. sequence: of the view. passages: how many there are; layout: where they lie, in words."""

    sequence: int
    dense: Dense
    lexical: Lexical
    passages: int
    layout: str


class PassageIndex(Protocol):
    """Finds passages of a store, by meaning and by words. It holds nothing that the store does not."""

    def at(self, sequence: int, layout: int) -> Searchable:
        """What searches the store as it is now: at `sequence` or later. layout: the version of what is on disk.

        Raises Moved: that changed meanwhile.
        """
        ...

    def forget(self) -> None:
        """Let go of what was read from the store: rows were purged while it was."""
        ...

    def distrust(self, folders: Collection[str]) -> None:
        """Read from the store, from now on, what lies in these folders of caches."""
        ...


class LocalIndex:
    """A `PassageIndex` in this process: what is sealed in the store's folder, and in memory what is not.

    Not safe to share between threads.
    """

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
        return Searchable(sequence, state.dense, state.lexical, len(state.dense), layout_of(sealed, memory))

    def forget(self) -> None:
        """See `PassageIndex.forget`."""
        self._state = None

    def distrust(self, folders: Collection[str]) -> None:
        """See `PassageIndex.distrust`."""
        self._distrusted |= frozenset(folders)
        self._state = None


def layout_of(sealed: int, memory: int) -> str:
    """Where the passages of a view lie: in how many segments on disk, and how many in memory."""
    return f"{sealed} sealed, {memory} in memory"
