"""The archive: the store, and the views that requests search (design §5).

A view is the archive at one sequence number; what it searches is in `indexer.caches`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from indexer import caches, counts
from indexer.articles import Articles
from indexer.caches import VISIBLE
from indexer.choice import choice_in, index_of
from indexer.errors import InvalidInput, ModelMismatch, PullquoteError
from indexer.generations import OF_SERVING, serving, space_of
from indexer.indexes import Searchable
from indexer.store import Store
from indexer.stores import ArticleStore, Place, Transaction, open_store
from indexer.types import Embedder, VectorSpace, ViewInfo
from indexer.views import Glance, Moment, View

_Glance = TypeVar("_Glance", bound=Glance)
_Done = TypeVar("_Done")


class Archive:
    """An archive, opened with the embedder it was built with. Safe to share between threads.

    embedder: itself, or what loads it when it is first needed.
    Raises ArchiveMissing, ArchiveDamaged, ArchiveUnavailable, NewerFormat, OlderFormat; ModelMismatch: it holds vectors
    of another embedder.
    """

    def __init__(self, place: Place, embedder: Embedder | Callable[[], Embedder], create: bool = False) -> None:
        self.store: ArticleStore = open_store(place, create)
        self._articles = Articles(self.store)
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._embedder: Embedder | None = None
        self._load: Callable[[], Embedder] | None = None
        self._view: View | None = None
        self._glance: Glance | None = None
        with ExitStack() as opened:  # what is refused leaves no connection open
            opened.callback(self.store.close)
            self.index, self._chosen = index_of(self.store, lambda: self.space)
            opened.callback(self.index.close)
            if callable(embedder):
                self._load = embedder
            else:
                self._embedder = embedder
                self.check_embedder()
            opened.pop_all()

    @property
    def is_folder(self) -> bool:
        """Whether it lies in a folder of this machine."""
        return isinstance(self.store.place, Path)

    @property
    def folder(self) -> Path:
        """Its folder. Raises InvalidInput: a server has it."""
        if isinstance(self.store.place, Path):
            return self.store.place
        raise InvalidInput("archive", f"{self.store.place} is a server's: this is for archives in folders alone")

    @property
    def has_caches(self) -> bool:
        """Whether what searches it is put on disk, in its folder."""
        return self.is_folder and self.index.is_local

    @property
    def caches(self) -> Path:
        """Its folder, where its caches are. Raises InvalidInput: a server has it, or its index."""
        if self.index.is_local:
            return self.folder
        raise InvalidInput("archive", f"its index is {self.index.place}: this is for archives in folders alone")

    def note(self, writing: Transaction, sequence: int) -> None:
        """Write down how many articles there are and what the index has to follow, at the end of the transaction that
        takes this sequence number.

        Raises InvalidInput: another index was chosen since this archive was opened.
        """
        if choice_in(writing) != self._chosen:
            raise InvalidInput("index", "another one was chosen for this archive meanwhile: start this again")
        counts.note(writing, sequence)
        self.index.note(writing, sequence)

    def reopen_index(self) -> None:
        """Search with the index that the store names by now."""
        with self._lock:
            before = self.index
            self.index, self._chosen = index_of(self.store, lambda: self.space)
            self._view = self._glance = None
        before.close()

    def check(self) -> None:
        """Raises ArchiveUnavailable: its store or its index does not answer."""
        self._now()
        self.index.check()

    @property
    def files(self) -> Store:
        """The store, where it is files. Raises InvalidInput: a server has it."""
        assert isinstance(self.store, Store), self.folder
        return self.store

    @property
    def embedder(self) -> Embedder:
        """What embeds its passages and questions. Raises what loading it raises."""
        with self._loading:
            if self._embedder is None and self._load is not None:
                self._embedder = self._load()
            assert self._embedder is not None
            return self._embedder

    def check_embedder(self) -> None:
        """Raises ModelMismatch: the vectors of the archive are another embedder's."""
        built_with, asked = self.store.meta("embedder"), self.embedder.fingerprint
        if built_with is not None and built_with != asked:
            raise ModelMismatch(self.store.place, built_with, asked)

    @property
    def space(self) -> VectorSpace:
        """Whose vectors it holds: as the store says, so that no model is needed; while it is empty, the embedder's."""
        return space_of(self.store) or VectorSpace(self.embedder.fingerprint, self.embedder.width)

    @property
    def generation(self) -> int:
        """Which passages serve."""
        return serving(self.store)

    def view(self) -> View:
        """The archive as it is now: deletions acknowledged in any process are gone. Raises ModelMismatch."""
        view = self._view
        if view is not None and view.moment == self._now():
            return view
        with self._lock:
            self._view = self._next_view()
            return self._view

    def glance(self) -> Glance:
        """The articles as they are now, without what searches them: neither a model nor a cache is opened."""
        now = self._now()
        for known in (self._view, self._glance):
            if known is not None and known.moment == now:
                return known
        self._glance = Glance(self._articles, *self._counted())
        return self._glance

    def searching(self, work: Callable[[View], _Done]) -> _Done:
        """Do some work on one view; anew, should articles that it shows be purged meanwhile."""
        return self._steady(self.view, work)

    def reading(self, work: Callable[[Glance], _Done]) -> _Done:
        """`searching`, for work that needs the articles alone."""
        return self._steady(self.glance, work)

    def distrust(self, folders: Collection[str]) -> None:
        """Read from the store, from the next request on, what lies in these folders of caches: they are damaged."""
        with self._lock:
            self.index.distrust(folders)
            self._view = None

    def _steady(self, look: Callable[[], _Glance], work: Callable[[_Glance], _Done]) -> _Done:
        while True:
            view = look()
            try:
                done = work(view)
            except PullquoteError:
                if self._now().purged == view.moment.purged:
                    raise
                continue
            if self._now().purged == view.moment.purged:
                return done

    def _now(self) -> Moment:
        sql = "SELECT key, value FROM meta WHERE key IN ('sequence', 'layout', 'purged')"
        found = {key: int(value) for key, value in self.store.rows(sql)}
        return Moment(found["sequence"], found.get("layout", 0), found.get("purged", 0))

    def _next_view(self) -> View:
        """The view of now; made once more, should anything be purged or put elsewhere on disk meanwhile."""
        if self._view and self._view.moment == self._now():
            return self._view  # another thread was first
        while True:
            before = self._now()
            self.check_embedder()
            try:
                found = self.index.at(before.sequence, before.layout)
            except caches.Moved:
                continue
            if self._now()[1:] == before[1:]:
                moment = before._replace(sequence=found.sequence)
                return View(self._articles, moment, self._info(found), self.space, found.dense, found.lexical)
            self.index.forget()

    def _info(self, found: Searchable) -> ViewInfo:
        known = counts.kept(self.store)
        if known is not None and known.sequence == found.sequence:
            return ViewInfo(found.sequence, known.articles, found.passages, found.layout)
        sql = f"SELECT count(*) FROM article WHERE {VISIBLE}"
        (articles,) = self.store.rows(sql, {"s": found.sequence})[0]
        return ViewInfo(found.sequence, articles, found.passages, found.layout)

    def _counted(self) -> tuple[Moment, ViewInfo]:
        """What a view would say of itself, counted in the store at one moment."""
        if not self.index.is_local:
            before, found = self._now(), counts.counts(self.store)
            info = ViewInfo(found.sequence, found.articles, found.passages, self.index.layout(0, 0))
            return before._replace(sequence=found.sequence), info
        sql = f"""WITH sealed(n, last) AS (SELECT count(*), coalesce(max(last), 0) FROM segment
            WHERE embedder = (SELECT value FROM meta WHERE key = 'embedder')),
            dead(passage) AS (SELECT passage.rowid FROM article JOIN passage ON article = article.rowid
            WHERE removed_seq IS NOT NULL AND {OF_SERVING})
            SELECT (SELECT value FROM meta WHERE key = 'sequence'), (SELECT value FROM meta WHERE key = 'layout'),
            coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'purged'), 0),
            (SELECT count(*) FROM article WHERE removed_seq IS NULL),
            (SELECT count(*) FROM passage WHERE {OF_SERVING}) - (SELECT count(*) FROM dead), sealed.n,
            (SELECT count(*) FROM passage WHERE rowid > sealed.last AND {OF_SERVING})
            - (SELECT count(*) FROM dead WHERE passage > sealed.last) FROM sealed"""
        ((sequence, layout, purged, articles, passages, sealed, memory),) = self.store.rows(sql)
        info = ViewInfo(int(sequence), articles, passages, self.index.layout(sealed, memory))
        return Moment(int(sequence), int(layout), int(purged)), info

    def close(self) -> None:
        """Close the store and let the caches go. A view of this archive cannot be used after that."""
        self.index.close()
        self._view = self._glance = None
        self.store.close()
