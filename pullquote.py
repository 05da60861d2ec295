"""Pullquote from Python: `Archive(path).index(…)`, `.ask(…)`, `.search(…)`, `.similar(…)`.

The command line and the HTTP service go through this door too, so that all three say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from indexer import archive as archives
from indexer.choice import choose
from indexer.chunk import CHUNKER
from indexer.closing import Closing
from indexer.commit import delete
from indexer.embed import load_embedder
from indexer.errors import ArchiveMissing, InvalidInput, SourceUnreadable
from indexer.files import publish
from indexer.intake import Intake
from indexer.models.defaults import EMBEDDER, READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.purge import compact
from indexer.purge import purge as purge_articles
from indexer.sources import SourceOptions
from indexer.store import FILE
from indexer.stores import Place, name_of, open_store, place_of
from indexer.types import (
    Article,
    ArticleList,
    Citation,
    ClusterList,
    Compaction,
    Embedder,
    Explanation,
    Filters,
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
from retriever.listing import article_list, cluster_list, extent
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
    offset_of,
    unit,
)
from retriever.search import hit_list
from retriever.similar import similar_list, vectors_of

if TYPE_CHECKING:
    from reader.answer import Question
    from reader.evaluate import Question as ReaderQuestion
    from reader.model import Reader as SpanReader
    from retriever.evaluate import Judged

__all__ = ["Archive", "Filters", "Reader", "SourceOptions", "init"]


class Archive(Closing):
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
        self._reader_name = reader
        if not create and isinstance(place, Path) and not (place / FILE).is_file():
            raise ArchiveMissing(place)
        self._load_embedder = partial(_load_embedder, self._models, registry, embedder)
        self._archive = archives.Archive(place, self._load_embedder, create)

    @property
    def place(self) -> Place:
        """Where it is, without the secrets of a URL."""
        return self._archive.store.place

    @property
    def path(self) -> Path:
        """Its folder. Raises InvalidInput: a server has it."""
        return self._archive.folder

    @property
    def _embedder(self) -> Embedder:
        return self._archive.embedder

    @cached_property
    def _reader(self) -> SpanReader:
        from reader.loading import load_reader

        return load_reader(self._models, self._registry, self._reader_name)

    @cached_property
    def _answerer(self) -> SpanReader:
        """The reader, for what this archive's embedder finds."""
        return self._reader.beside(self._embedder.fingerprint)

    def load(self) -> None:
        """Load the models and the caches now, not at the first question. Raises ModelMissing, ModelDamaged."""
        _ = self._answerer
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
        intake = Intake(self._archive, self._load_embedder, options, report)
        intake.index(paths, prune=prune, reembed=reembed, fetch=fetch, stop=stop or (lambda: False), workers=workers)
        return intake.summary()

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
        intake = Intake(self._archive, self._load_embedder, options, report)
        intake.watch(paths, prune=prune, interval=interval, ended=stop or Event())

    def add(
        self, pages: Iterable[Page | SourceUnreadable], report: Callable[[IndexEvent], None] | None = None
    ) -> IndexSummary:
        """Add articles that are already in memory; what is not one is told as refused."""
        intake = Intake(self._archive, self._load_embedder, report=report)
        intake.add(pages)
        return intake.summary()

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
        what was published after it is left out, and what was news then counts more.
        max_error: the share of wrong answers that is borne, for a calibrated reader.
        on_passages: told of what was found before it is read;
        again, should articles be purged meanwhile.
        Raises InvalidInput, ArchiveDamaged, QuoteMismatch.
        """
        from reader.answer import answer
        from reader.calibrate import least_confidence

        asked = self._question(question, top_k, depth, mode, filters, as_of)
        if max_error is not None:
            calibration = self._answerer.over(asked.mode).calibration
            least_confidence(calibration, max_error, self._reader_name, depth)  # before any search
            asked = asked._replace(max_error=max_error)
        return self._archive.searching(lambda view: answer(asked, view, self._embedder, self._answerer, on_passages))

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
        return self._archive.searching(lambda view: explain(asked, expected, view, self._embedder, self._answerer))

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
        reader = self._answerer if read else None
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
        return self._archive.searching(
            lambda view: hit_list(query, view, self._embedder, top_k, skip, mode, passing, copies)
        )

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
        given = None if text is None else vectors_of(text, self._embedder)
        return self._archive.searching(lambda view: similar_list(view, article_id, given, top_k, passing))

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
        return self._archive.reading(lambda view: article_list(view, passing, limit, skip))

    def clusters(self, *, limit: int = 100, cursor: str | None = None) -> ClusterList:
        """List the stories that several articles tell in nearly the same words, the latest first."""
        check_number("limit", limit, MAX_LISTED)
        skip = offset_of(cursor)
        return self._archive.reading(lambda view: cluster_list(view, limit, skip))

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
        from indexer.doctor import examine, mend

        if repair:
            mend(self._archive)
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


class Reader:
    """The reader alone, without an archive. Raises ModelMissing, ModelDamaged."""

    def __init__(self, *, models: Path | None = None, registry: Path | None = None, reader: str = READER) -> None:
        from reader.loading import load_reader

        self._reader = load_reader(models or default_folder(), registry, reader)

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


def _load_embedder(models: Path, registry: Path | None, name: str) -> Embedder:
    return load_embedder(load_registry(registry).model(name), models, CHUNKER)


def _read(reader: SpanReader, question: str, context: str) -> Reading:
    check_text("question", question)
    check_text("context", context, MAX_TEXT)
    return reader.read_one(question, context)
