"""Pullquote from Python: `Archive(path).index(…)`, `.ask(…)`, `.search(…)`, `.similar(…)`.

The command line and the HTTP service go through this door too, so that all three say the same.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from indexer import archive as archives
from indexer.build import build
from indexer.choice import choose
from indexer.chunk import CHUNKER, chunk
from indexer.clean import clean
from indexer.commit import delete
from indexer.embed import load_embedder
from indexer.errors import ArchiveBusy, ArchiveMissing, ArchiveUnavailable, InvalidInput, SourceUnreadable
from indexer.files import publish
from indexer.identity import is_web_url
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.prune import prune as prune_origins
from indexer.purge import compact
from indexer.purge import finish as finish_purge
from indexer.purge import purge as purge_articles
from indexer.reembed import reembed as reembed_archive
from indexer.remembered import Memory
from indexer.seal import repair as mend
from indexer.seal import try_settle
from indexer.sources import SourceOptions, Unchanged, read_pages
from indexer.spread import Crew, spread
from indexer.store import FILE
from indexer.stores import Place, name_of, open_store, place_of
from indexer.stories import clusters, link_missing
from indexer.types import (
    Article,
    ArticleList,
    Block,
    Citation,
    Cluster,
    ClusterList,
    Compaction,
    Embedder,
    Explanation,
    Filters,
    Floats,
    Health,
    HitList,
    IndexEvent,
    IndexSummary,
    Info,
    Mode,
    ModelNames,
    Page,
    Reading,
    Reply,
    Verdict,
    ViewInfo,
)
from indexer.views import Glance, View
from retriever.filter import unknown_dates
from retriever.listing import articles, extent
from retriever.requests import (
    MAX_DEPTH,
    MAX_LISTED,
    MAX_TEXT,
    MAX_TOP_K,
    check_number,
    check_text,
    check_unicode,
    checked_filters,
    checked_mode,
    cursor_of,
    offset_of,
    unit,
)
from retriever.search import head, search
from retriever.similar import similar

if TYPE_CHECKING:
    from indexer.sources.fetch import Fetcher
    from reader.answer import Question
    from reader.evaluate import Question as ReaderQuestion
    from reader.model import Reader as SpanReader
    from retriever.evaluate import Judged

LOG = logging.getLogger("pullquote")

__all__ = ["Archive", "Filters", "Reader", "SourceOptions", "init"]

EMBEDDER = "all-minilm-l6-v2"
READER = "minilm-l6-reader"
_LONGEST_REST = 30.0  # seconds between two tries to reach an archive, while watching
_WORKERS = re.compile(r"[1-9][0-9]{0,3}|ray://\S+")
_LINKING = 30.0  # seconds of one look at feeds, while watching, for the pages that they link to


class Archive:
    """A news archive. Safe to share between threads; close it, or use it in a `with`.

    path: its folder, or the URL of a database, postgresql://….
    models: the folder of prepared models (default: the user's cache). embedder, reader: names in models.yaml, or in
    `registry`, a file of the same form that adds to it.
    Raises ArchiveMissing: there is none at `path`, and not `create`. Models load when they are first needed.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        models: Path | None = None,
        registry: Path | None = None,
        embedder: str = EMBEDDER,
        reader: str = READER,
        create: bool = False,
    ) -> None:
        place = place_of(path) if isinstance(path, str) else path
        self._models, self._registry = models or default_folder(), registry
        self._embedder_name, self._reader_name = embedder, reader
        if not create and isinstance(place, Path) and not (place / FILE).is_file():
            raise ArchiveMissing(place)
        self._archive = archives.Archive(place, self._load_embedder, create)

    @property
    def place(self) -> Place:
        """Where it is, without the secrets of a URL."""
        return self._archive.store.place

    @property
    def path(self) -> Path:
        """Its folder. Raises InvalidInput: a server has it."""
        return self._archive.folder

    def _load_embedder(self) -> Embedder:
        return _load_embedder(self._models, self._registry, self._embedder_name)

    @property
    def _embedder(self) -> Embedder:
        return self._archive.embedder

    @cached_property
    def _reader(self) -> SpanReader:
        return _load_reader(self._models, self._registry, self._reader_name)

    def load(self) -> None:
        """Load the models and the caches now, not at the first question. Raises ModelMissing, ModelDamaged."""
        _ = self._reader
        self._archive.view()

    def index(
        self,
        *paths: str | Path,
        options: SourceOptions | None = None,
        report: Callable[[IndexEvent], None] | None = None,
        prune: bool = False,
        reembed: bool = False,
        fetch: bool = False,
        stop: Callable[[], bool] | None = None,
        workers: int | str = 0,
    ) -> IndexSummary:
        """Add every article under the paths; what is unchanged is skipped, what cannot be read is told and counted.

        prune: also remove the articles whose file under the paths is gone. reembed: first embed anew what is there, if
        another embedder did; the old vectors serve until all is done, and a stop costs nothing. fetch: also take
        http(s) URLs of pages and feeds, from public addresses only. stop: asked between batches whether to end
        here; the next run goes on. workers: how many clean and embed beside this process, or the address of a Ray
        cluster, ray://host:10001; the archive is the same as without. Raises WorkersLost: they died.
        """
        stop = stop or (lambda: False)
        options = options or SourceOptions()
        counts: Counter[str] = Counter()
        tell = _counting(counts, report)
        if reembed:
            _ = self._archive.caches  # a server's cannot be changed over, so far
            reembed_archive(self._archive, _until(stop, tell))
        self._archive.check_embedder()
        link_missing(self._archive)
        with self._crew(workers) as crew:
            self._take(paths, options, tell, prune, fetch, stop, crew=crew)
        if stop():
            return self._summary(counts)
        try_settle(self._archive, force=True)
        return self._summary(counts)

    def _take(
        self,
        paths: Sequence[str | Path],
        options: SourceOptions,
        tell: Callable[[IndexEvent], None],
        prune: bool,
        fetch: bool,
        stop: Callable[[], bool] = lambda: False,
        linking: float | None = None,
        crew: Crew | None = None,
    ) -> None:
        from indexer.sources.formats import reader_of

        seen, refused = set[str](), set[str]()
        memory = Memory(self._archive, reader_of(options))
        found = read_pages(paths, options, memory=memory, fetcher=_fetcher(memory, linking) if fetch else None)
        run = build if crew is None else partial(spread, crew=crew)
        run(_noting(found, seen, refused), self._archive, tell, timezone=options.timezone, stop=stop)
        if not stop():  # else what was fetched is not all stored, and must be fetched again
            memory.save()
        if prune and not stop():
            for event in prune_origins(self._archive, [Path(path) for path in paths], seen, refused):
                tell(event)

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
        load = partial(_load_embedder, self._models, self._registry, self._embedder_name)
        return RayCrew(where, load, self.place, self._embedder.fingerprint)

    def watch(
        self,
        *paths: str | Path,
        options: SourceOptions | None = None,
        report: Callable[[IndexEvent], None] | None = None,
        prune: bool = False,
        interval: float = 300.0,
        stop: Event | None = None,
    ) -> None:
        """Index the paths, then what changes in them: files within seconds, feeds (URLs) every `interval` seconds.

        prune: remove the articles whose file went, too. Returns when `stop` is set; without it, at a KeyboardInterrupt.
        While a server that holds the archive is away, it waits, and goes on where it was.
        Raises InvalidInput: a path that is neither there nor a URL.
        """
        from indexer.watch import changes

        options, tell = options or SourceOptions(), _counting(Counter(), report)
        feeds = [path for path in paths if is_web_url(str(path))]
        roots = [Path(path).resolve() for path in paths if path not in feeds]
        for root in roots:
            if not root.exists():
                raise InvalidInput(str(root), "it is not there: name files and folders that are, or URLs of feeds")
        ended = stop or Event()
        following = changes(roots, interval, ended)
        next(following, None)  # from here on nothing is missed
        begin = partial(self.index, *paths, options=options, report=report, prune=prune, fetch=bool(feeds))
        _patiently(begin, ended)
        for change in following:
            changed = roots if prune and change.gone else change.paths
            due = feeds if change.due else []
            if changed:
                _patiently(partial(self._take, changed, options, tell, prune and change.gone, False), ended)
            if due:
                _patiently(partial(self._take, due, options, tell, False, True, ended.is_set, _LINKING), ended)

    def add(
        self, pages: Iterable[Page | SourceUnreadable], report: Callable[[IndexEvent], None] | None = None
    ) -> IndexSummary:
        """Add articles that are already in memory; what is not one is told as refused."""
        self._archive.check_embedder()
        counts: Counter[str] = Counter()
        build(pages, self._archive, _counting(counts, report))
        return self._summary(counts)

    def _summary(self, counts: Counter[str]) -> IndexSummary:
        return IndexSummary(
            added=counts["added"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            refused=counts["refused"],
            removed=counts["removed"],
            reembedded=counts["reembedded"],
            view=self.view_info(),
        )

    def ask(
        self,
        question: str,
        *,
        top_k: int = 5,
        depth: int = 20,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        max_error: float | None = None,
        as_of: str | None = None,
        on_passages: Callable[[HitList], None] | None = None,
    ) -> Reply:
        """Answer a question in the archive's own words, or abstain: then `answers` is empty and `reason` says why.

        top_k: answers and passages returned, 1 to 100. depth: passages read, 1 to 200. as_of: a date taken as now:
        what was published after it is left out.
        max_error: the share of wrong answers that is borne, for a calibrated reader.
        on_passages: told of what was found before it is read;
        again, should articles be purged meanwhile.
        Raises InvalidInput, ArchiveDamaged, QuoteMismatch.
        """
        from reader.answer import answer
        from reader.calibrate import least_confidence

        asked = self._question(question, top_k, depth, mode, filters, as_of)
        if max_error is not None:
            least_confidence(self._reader.calibration, max_error, self._reader_name)  # before anything is searched
            asked = asked._replace(max_error=max_error)
        return self._archive.searching(lambda view: answer(asked, view, self._embedder, self._reader, on_passages))

    def explain(
        self,
        question: str,
        *,
        answers: Sequence[str] = (),
        articles: Sequence[str] = (),
        top_k: int = 5,
        depth: int = 20,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        as_of: str | None = None,
    ) -> Explanation:
        """Say what each stage made of a question, and where an expected answer was lost.

        answers: wordings of the right answer; articles: ids of articles that should have been found. The rest is as in
        `ask`. Raises InvalidInput, ArchiveDamaged.
        """
        from reader.explain import Expected, explain

        for field, values in (("answers", answers), ("articles", articles)):
            for value in values:
                check_text(field, value)
        asked = self._question(question, top_k, depth, mode, filters, as_of)
        expected = Expected(tuple(answers), tuple(articles))
        return self._archive.searching(lambda view: explain(asked, expected, view, self._embedder, self._reader))

    def evaluate(
        self,
        questions: Sequence[Judged],
        *,
        read: bool = True,
        top_k: int = 5,
        depth: int = 20,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        report: Callable[[int], None] | None = None,
    ) -> dict[str, Any]:
        """Measure retrieval, and unless not `read` the answers too: see `reader.end_to_end.evaluate`.

        questions: as `retriever.evaluate.read_judged` reads them. report: told how many are done; from one again,
        should articles be purged meanwhile.
        """
        from reader.end_to_end import Options, evaluate

        check_number("top_k", top_k, MAX_TOP_K)
        check_number("depth", depth, MAX_DEPTH)
        options = Options(checked_mode(mode), top_k, depth, checked_filters(filters))
        reader = self._reader if read else None
        return self._archive.searching(lambda view: evaluate(questions, options, view, self._embedder, reader, report))

    def _question(
        self, text: str, top_k: int, depth: int, mode: Mode, filters: Filters | None, as_of: str | None
    ) -> Question:
        from reader.answer import Question

        check_text("question", text)
        check_number("top_k", top_k, MAX_TOP_K)
        check_number("depth", depth, MAX_DEPTH)
        if as_of is not None:
            unit("as_of", as_of)
        return Question(text, top_k, depth, checked_mode(mode), replace(checked_filters(filters), as_of=as_of))

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        cursor: str | None = None,
        copies: bool = False,
    ) -> HitList:
        """Find passages, best first. cursor: `next` of the page before; it counts in the view of today.

        copies: also passages that only repeat, in another article of the same story, what stands above them.
        """
        check_text("query", query)
        check_number("top_k", top_k, MAX_TOP_K)
        passing, skip, mode = checked_filters(filters), offset_of(cursor), checked_mode(mode)

        def found(view: View) -> HitList:
            hits = search(query, view, self._embedder, skip + top_k + 1, mode, passing, copies)
            page, more = hits[skip : skip + top_k], len(hits) > skip + top_k
            following = cursor_of(skip + top_k) if more else None
            return HitList(tuple(page), following, view.info, unknown_dates(view, passing))

        return self._archive.searching(found)

    def similar(
        self,
        article_id: str | None = None,
        *,
        text: str | None = None,
        top_k: int = 10,
        filters: Filters | None = None,
    ) -> HitList:
        """Find the articles most like one of the archive, or like a text: the nearest passage of each."""
        check_number("top_k", top_k, MAX_TOP_K)
        passing = checked_filters(filters)
        if (article_id is None) == (text is None):
            raise InvalidInput("similar", "give an article's id or a text, one of them")
        given = self._embedded(text) if text is not None else None

        def found(view: View) -> HitList:
            row = view.row_of(article_id) if article_id is not None else None
            vectors = view.vectors(row) if row is not None else given
            assert vectors is not None
            hits = similar(view, vectors, top_k, passing, but=row)
            return HitList(tuple(hits), None, view.info, unknown_dates(view, passing))

        return self._archive.searching(found)

    def _embedded(self, text: str) -> Floats:
        check_text("text", text, MAX_TEXT)
        if "\0" in text:
            raise InvalidInput("text", "it holds NUL characters: remove them")
        article = _compared(text)
        passages = chunk(article, lambda passage: self._embedder.fits(article.title, passage))
        return self._embedder.encode([(article.title, text[p.start : p.end]) for p in passages])

    def read(self, question: str, context: str) -> Reading:
        """Let the reader alone find the answer in one text."""
        return _read(self._reader, question, context)

    def article(self, article_id: str) -> Article:
        """Return one article whole. Raises ArticleNotFound."""
        return self._archive.reading(lambda view: view.article(article_id))

    def articles(self, *, filters: Filters | None = None, limit: int = 100, cursor: str | None = None) -> ArticleList:
        """List articles, newest first, those without a date last."""
        check_number("limit", limit, MAX_LISTED)
        passing, skip = checked_filters(filters), offset_of(cursor)

        def found(view: Glance) -> ArticleList:
            heads = articles(view, passing, limit + 1, skip)
            following = cursor_of(skip + limit) if len(heads) > limit else None
            return ArticleList(tuple(heads[:limit]), following, view.info)

        return self._archive.reading(found)

    def clusters(self, *, limit: int = 100, cursor: str | None = None) -> ClusterList:
        """List the stories that several articles tell in nearly the same words, the latest first."""
        check_number("limit", limit, MAX_LISTED)
        skip = offset_of(cursor)

        def found(view: Glance) -> ClusterList:
            every = clusters(view)
            following = cursor_of(skip + limit) if len(every) > skip + limit else None
            page = [tuple(head(view.article_at(row)) for row in one.members) for one in every[skip : skip + limit]]
            return ClusterList(tuple(Cluster(heads[0].id, heads) for heads in page), following, view.info)

        return self._archive.reading(found)

    def delete(self, ids: Sequence[str], *, purge: bool = False) -> list[str]:
        """Remove articles; none of them when one is not there (ArticleNotFound) or can be no id (InvalidInput).

        purge: leave no byte of them, nor of their earlier versions, in the archive's folder. Raises ArchiveBusy,
        ArchiveReadOnly: then they are deleted, and their bytes go when it is done again, or with `compact`.
        """
        for article_id in ids:
            check_unicode("id", article_id)
        return purge_articles(self._archive, ids) if purge else delete(self._archive, ids)

    def compact(self) -> Compaction:
        """Give back the space of what was deleted or replaced. Raises ArchiveBusy, ArchiveReadOnly."""
        return compact(self._archive)

    def verify(self, citations: Sequence[Citation]) -> list[Verdict]:
        """Check citations against the articles as they are now."""
        from reader.verify import verify

        return self._archive.reading(
            lambda view: [verify(citation, view.find(citation.article_id)) for citation in citations]
        )

    def info(self) -> Info:
        """Say what the archive and the service are made of."""
        view, (oldest, newest, sources) = self._archive.reading(lambda view: (view, extent(view)))
        return Info(version("pullquote"), name_of(self.place), view.info, self.models(), newest, oldest, sources)

    def models(self) -> ModelNames:
        """Name the models that answer."""
        return ModelNames(self._embedder.name, self._reader.model.name, self._reader.model.runtime)

    def view_info(self) -> ViewInfo:
        """Return the archive's present sequence number and counts."""
        return self._archive.glance().info

    def doctor(self, *, repair: bool = False) -> Health:
        """Check everything that can be checked.

        repair: first rebuild damaged caches, from the store, and finish a purge that was cut off.
        """
        from indexer.doctor import examine

        if repair:
            self._archive.index.repair()
        if repair and self._archive.is_folder:
            mend(self._archive)
            finish_purge(self._archive)
            try_settle(self._archive, force=True)
        return examine(self._archive)

    def check(self) -> None:
        """Raises ArchiveUnavailable: its store or its index does not answer."""
        self._archive.check()

    def recheck(self, rest: Callable[[float], bool]) -> list[str]:
        """Hash the files of the caches anew; what is damaged is told in the log, and read from the store from now on.

        rest: waits for some seconds, so that requests go first, and says whether to end.
        """
        from indexer.recheck import recheck

        return recheck(self._archive, rest)

    def backup(self, folder: str | Path) -> Path:
        """Copy the archive, as it is now, into a new folder, while others read and write; copy it back to restore it.

        Only the store is copied: an archive that opens without caches rebuilds them. Raises InvalidInput: the folder is
        there already; ArchiveReadOnly: it cannot be written.
        """
        target = Path(folder)
        if target.exists():
            raise InvalidInput("folder", f"{target} is there already: name a new one")
        publish(target, {FILE: self._archive.files.copy_to})
        return target

    def close(self) -> None:
        """Close the archive's files."""
        self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Reader:
    """The reader alone, without an archive. Raises ModelMissing, ModelDamaged."""

    def __init__(self, *, models: Path | None = None, registry: Path | None = None, reader: str = READER) -> None:
        self._reader = _load_reader(models or default_folder(), registry, reader)

    def read(self, question: str, context: str) -> Reading:
        """Find the answer in one text of any length, or abstain: then `answer` is null. Raises InvalidInput."""
        return _read(self._reader, question, context)

    def evaluate(
        self, questions: Sequence[ReaderQuestion], report: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """Measure it: see `reader.scorecard.evaluate`. questions: as `reader.evaluate.read_questions` reads them."""
        from reader.scorecard import evaluate

        return evaluate(self._reader, questions, report)


def init(path: str | Path, index: str | None = None) -> Place:
    """Make an empty archive where there is none; bring the tables of one on a server up to date. Returns its place.

    index: what searches it from now on, `embedded` or a URL, milvus+http://host:19530; None leaves that as it is.
    Raises ArchiveUnavailable, NewerFormat, InvalidInput.
    """
    store = open_store(place_of(path) if isinstance(path, str) else path, create=True, migrate=True)
    try:
        if index is not None:
            choose(store, index)
    finally:
        store.close()
    return store.place


def _fetcher(memory: Memory, linking: float | None) -> Fetcher:
    from indexer.sources.fetch import Fetcher

    return Fetcher(memory, seconds=linking)


def _load_embedder(models: Path, registry: Path | None, name: str) -> Embedder:
    return load_embedder(load_registry(registry).model(name), models, CHUNKER)


def _load_reader(models: Path, registry: Path | None, name: str) -> SpanReader:
    from indexer.models.spans import load_span_model
    from reader.calibrate import CALIBRATION, load_calibration
    from reader.model import Reader as SpanReader

    model = load_span_model(load_registry(registry).model(name), models)
    return SpanReader(model, calibration=load_calibration(CALIBRATION, model.fingerprint, model.runtime))


def _compared(text: str) -> Article:
    """A text to compare with, its furniture marked; where it is nothing else (an address, say), all of it counts."""
    page = Page(origin="text:", source_sha256="", extractor="", text=text)
    try:
        return clean(page)
    except SourceUnreadable:
        return clean(replace(page, marked=(Block(0, len(text), "body"),)))


def _read(reader: SpanReader, question: str, context: str) -> Reading:
    check_text("question", question)
    check_text("context", context, MAX_TEXT)
    return reader.read_one(question, context)


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


def _counting(counts: Counter[str], report: Callable[[IndexEvent], None] | None) -> Callable[[IndexEvent], None]:
    def tell(event: IndexEvent) -> None:
        counts[event.status] += 1
        if report is not None:
            report(event)

    return tell


def _until(stop: Callable[[], bool], tell: Callable[[IndexEvent], None]) -> Callable[[IndexEvent], None]:
    """Tell of events until a stop is asked for, and then interrupt what tells of them."""

    def told(event: IndexEvent) -> None:
        tell(event)
        if stop():
            raise KeyboardInterrupt

    return told


def _noting(
    pages: Iterable[Page | SourceUnreadable | Unchanged], seen: set[str], refused: set[str]
) -> Iterator[Page | SourceUnreadable | Unchanged]:
    for page in pages:
        (refused if isinstance(page, SourceUnreadable) else seen).add(page.origin)
        yield page
