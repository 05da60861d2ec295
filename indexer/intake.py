"""What comes into an archive: files, folders, pages and feeds, once or as they change, and articles from memory."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from indexer.archive import Archive
from indexer.build import Found, Report, build
from indexer.errors import ArchiveBusy, ArchiveUnavailable, InvalidInput, SourceUnreadable
from indexer.identity import is_web_url
from indexer.prune import prune as prune_origins
from indexer.reembed import reembed as reembed_archive
from indexer.remembered import Memory
from indexer.seal import try_settle
from indexer.sources import SourceOptions, read_pages
from indexer.spread import Crew, spread
from indexer.stories import link_missing
from indexer.types import Embedder, IndexEvent, IndexSummary

if TYPE_CHECKING:
    from indexer.sources.fetch import Fetcher

LOG = logging.getLogger("pullquote")
_LONGEST_REST = 30.0  # seconds between two tries to reach an archive, while watching
_LINKING = 30.0  # seconds of one look at feeds, while watching, for the pages that they link to
_WORKERS = re.compile(r"[1-9][0-9]{0,3}|ray://\S+")


class Intake:
    """Takes articles into an archive, and counts what became of them.

    load: what loads the archive's embedder; workers in other processes do it too. options: how sources are read.
    report: told of each article after its commit.
    """

    def __init__(
        self,
        archive: Archive,
        load: Callable[[], Embedder],
        options: SourceOptions | None = None,
        report: Report | None = None,
    ) -> None:
        self._archive, self._load = archive, load
        self._options, self._report = options or SourceOptions(), report
        self._counts: Counter[str] = Counter()

    def _tell(self, event: IndexEvent) -> None:
        self._counts[event.status] += 1
        if self._report is not None:
            self._report(event)

    def add(self, pages: Iterable[Found]) -> None:
        """Add pages that are in memory; what is not one is told as refused."""
        self._archive.check_embedder()
        build(pages, self._archive, self._tell)

    def index(
        self,
        paths: Sequence[str | Path],
        *,
        prune: bool = False,
        reembed: bool = False,
        fetch: bool = False,
        stop: Callable[[], bool] = lambda: False,
        workers: int | str = 0,
    ) -> None:
        """Add every article under the paths: see `pullquote.Archive.index`."""
        if reembed:
            reembed_archive(self._archive, _until(stop, self._tell))
        self._archive.check_embedder()
        link_missing(self._archive)
        with self._crew(workers) as crew:
            self._take(paths, prune=prune, fetch=fetch, stop=stop, crew=crew)
        if not stop():
            try_settle(self._archive, force=True)

    def watch(self, paths: Sequence[str | Path], *, prune: bool = False, interval: float, ended: Event) -> None:
        """Index the paths, then what changes in them, until `ended` is set: see `pullquote.Archive.watch`."""
        from indexer.watch import changes

        feeds = [path for path in paths if is_web_url(str(path))]
        roots = [Path(path).resolve() for path in paths if path not in feeds]
        for root in roots:
            if not root.exists():
                raise InvalidInput(str(root), "it is not there: name files and folders that are, or URLs of feeds")
        following = changes(roots, interval, ended)
        next(following, None)  # from here on nothing is missed
        _patiently(partial(self.index, paths, prune=prune, fetch=bool(feeds)), ended)
        for change in following:
            changed = roots if prune and change.gone else change.paths
            due = feeds if change.due else []
            if changed:
                _patiently(partial(self._take, changed, prune=prune and change.gone), ended)
            if due:
                _patiently(partial(self._take, due, fetch=True, stop=ended.is_set, linking=_LINKING), ended)

    def _take(
        self,
        paths: Sequence[str | Path],
        *,
        prune: bool = False,
        fetch: bool = False,
        stop: Callable[[], bool] = lambda: False,
        linking: float | None = None,
        crew: Crew | None = None,
    ) -> None:
        from indexer.sources.formats import reader_of

        seen, refused = set[str](), set[str]()
        memory = Memory(self._archive, reader_of(self._options))
        found = read_pages(paths, self._options, memory=memory, fetcher=_fetcher(memory, linking) if fetch else None)
        run = build if crew is None else partial(spread, crew=crew)
        run(_noting(found, seen, refused), self._archive, self._tell, timezone=self._options.timezone, stop=stop)
        if not stop():  # else what was fetched is not all stored, and must be fetched again
            memory.save()
        if prune and not stop():
            for event in prune_origins(self._archive, [Path(path) for path in paths], seen, refused):
                self._tell(event)

    def _crew(self, workers: int | str) -> AbstractContextManager[Crew | None]:
        """The workers of a run, none for 0. Raises InvalidInput: it is no such number or address."""
        where = str(workers)
        if where == "0":
            return nullcontext()
        if not _WORKERS.fullmatch(where):
            raise InvalidInput("--workers", f"{where[:80]!r} is neither: give a number, or ray://host:10001")
        try:
            from indexer.workers import RayCrew
        except ModuleNotFoundError as error:
            raise InvalidInput("--workers", "they need what is not installed: pip install 'pullquote[ray]'") from error
        return RayCrew(where, self._load, self._archive.store.place, self._archive.embedder.fingerprint)

    def summary(self) -> IndexSummary:
        """What became of all that was taken in until now, and the archive as it is."""
        return IndexSummary(
            added=self._counts["added"],
            updated=self._counts["updated"],
            unchanged=self._counts["unchanged"],
            refused=self._counts["refused"],
            removed=self._counts["removed"],
            reembedded=self._counts["reembedded"],
            view=self._archive.glance().info,
        )


def _fetcher(memory: Memory, linking: float | None) -> Fetcher:
    from indexer.sources.fetch import Fetcher

    return Fetcher(memory, seconds=linking)


def _patiently(work: Callable[[], object], ended: Event) -> None:
    """Do some work; again, while its archive is away or another process keeps it busy: what is stored is skipped."""
    waits = (min(2.0**tries, _LONGEST_REST) for tries in count())
    while True:
        try:
            work()
            return
        except (ArchiveUnavailable, ArchiveBusy) as error:
            rest = next(waits)
            LOG.warning("%s (the next try is in %.0f s)", error, rest)
        if ended.wait(rest):
            return


def _until(stop: Callable[[], bool], tell: Report) -> Report:
    """Tell of events until a stop is asked for, and then interrupt what tells of them."""

    def told(event: IndexEvent) -> None:
        tell(event)
        if stop():
            raise KeyboardInterrupt

    return told


def _noting(pages: Iterable[Found], seen: set[str], refused: set[str]) -> Iterator[Found]:
    for page in pages:
        (refused if isinstance(page, SourceUnreadable) else seen).add(page.origin)
        yield page
