"""Indexing with workers elsewhere: they clean, cut and embed; this process reads, and stores in the order it read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple, Protocol

import numpy as np

from indexer.ahead import ahead
from indexer.archive import Archive
from indexer.build import (
    Chunked,
    Found,
    Recent,
    Report,
    drafts_of,
    in_batches,
    known_of,
    next_changed,
    nothing,
    store,
    texts_of,
)
from indexer.types import Floats, IndexEvent, Page

_POLL = 0.1  # seconds between two looks at whether to stop
_A_WORKER = 2  # batches under way for each: one that it works on, one that waits for it

Cleaned = tuple[list[IndexEvent], list[Chunked]]


class Crew(Protocol):
    """Workers, each of which does one thing at a time. What they are given they may be given again: nothing is kept."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def clean(self, pages: Sequence[Page], timezone: str | None) -> Future[Cleaned]:
        """Make articles and passages of pages. See `indexer.build.passages_of`."""
        ...

    def embed(self, texts: Sequence[tuple[str | None, str]]) -> Future[Floats]:
        """Embed (title, passage) pairs -> (n, width) float32. See `types.Embedder.encode`."""
        ...


class _Embedding(NamedTuple):
    told: list[IndexEvent]
    chunked: list[Chunked]
    known: list[Floats | None]
    vectors: Future[Floats]


def spread(
    pages: Iterable[Found],
    archive: Archive,
    report: Report,
    crew: Crew,
    timezone: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """`indexer.build.build` with workers: the same articles, stored and told of in the same order.

    No more than a few batches for each worker are under way, however much there is to read. Raises WorkersLost: the
    batches until then are stored, and the next run goes on.
    """
    room = _A_WORKER * crew.size + 1
    batches, recent = in_batches(pages), Recent(room + 3)  # one is read, one waits to be, one is stored
    cleaning, embedding = deque[tuple[list[IndexEvent], Future[Cleaned]]](), deque[_Embedding]()
    with ahead(lambda: next_changed(archive, batches, recent)) as reading, ThreadPoolExecutor(1, "store") as behind:
        storing: Future[None] = behind.submit(nothing)
        is_reading = True
        while (is_reading or cleaning or embedding) and not stop():
            may_read = is_reading and len(cleaning) + len(embedding) < room
            awaited: list[Future[Any]] = [reading.coming] if may_read else []
            awaited += [cleaning[0][1]] if cleaning else []
            awaited += [storing if embedding[0].vectors.done() else embedding[0].vectors] if embedding else []
            wait(awaited, _POLL, FIRST_COMPLETED)
            if may_read and reading.coming.done():
                if (batch := reading.coming.result()) is None:
                    is_reading = False
                else:
                    reading.start()
                    told, changed = batch
                    cleaning.append((told, crew.clean(changed, timezone)))
            if cleaning and cleaning[0][1].done():
                told, cleaned = cleaning.popleft()
                embedding.append(_embedding(archive, crew, told, cleaned.result()))
            if embedding and embedding[0].vectors.done() and storing.done():
                storing.result()
                told, chunked, known, vectors = embedding.popleft()
                storing = behind.submit(store, archive, told, drafts_of(chunked, known, vectors.result()), report)
        storing.result()


def _embedding(archive: Archive, crew: Crew, told: list[IndexEvent], cleaned: Cleaned) -> _Embedding:
    """Let a batch be embedded, but for what is stored already."""
    more, chunked = cleaned
    known = known_of(archive, chunked)
    texts = texts_of(chunked, known)
    if texts:
        return _Embedding([*told, *more], chunked, known, crew.embed(texts))
    none: Future[Floats] = Future()
    none.set_result(np.empty((0, archive.embedder.width), np.float32))
    return _Embedding([*told, *more], chunked, known, none)
