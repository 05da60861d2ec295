"""Pullquote from Python: `Archive(path).index(…)`, `.ask(…)`, `.search(…)`, `.similar(…)`.

The command line and the HTTP service go through this door too, so that all three say the same.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, get_args

from indexer import archive as archives
from indexer.build import build
from indexer.chunk import CHUNKER, chunk
from indexer.clean import clean
from indexer.commit import delete
from indexer.dates import bounds
from indexer.embed import load_embedder
from indexer.errors import ArchiveMissing, InvalidInput, SourceUnreadable
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.prune import prune as prune_origins
from indexer.seal import repair as mend
from indexer.seal import try_settle
from indexer.sources import SourceOptions, read_pages
from indexer.store import FILE
from indexer.types import (
    Article,
    ArticleList,
    Citation,
    Embedder,
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
from retriever.filter import unknown_dates
from retriever.listing import articles, extent
from retriever.search import search
from retriever.similar import similar

if TYPE_CHECKING:
    from reader.model import Reader as SpanReader

__all__ = ["Archive", "Filters", "Reader", "SourceOptions"]

EMBEDDER = "all-minilm-l6-v2"
READER = "minilm-l6-reader"
_MAX_QUESTION = 2_000  # characters: a question is clipped to 64 tokens anyway
_MAX_CONTEXT = 5_000_000
_MAX_DEPTH = 200
_MAX_TOP_K = 100
_MAX_LISTED = 1_000


class Archive:
    """A news archive on disk. Safe to share between threads; close it, or use it in a `with`.

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
        self.path = Path(path)
        self._models, self._registry = models or default_folder(), registry
        self._embedder_name, self._reader_name = embedder, reader
        if not create and not (self.path / FILE).is_file():
            raise ArchiveMissing(self.path)
        self._archive = archives.Archive(self.path, self._embedder, create)

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(load_registry(self._registry).model(self._embedder_name), self._models, CHUNKER)

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
    ) -> IndexSummary:
        """Add every article under the paths; what is unchanged is skipped, what cannot be read is told and counted.

        prune: also remove the articles whose file under the paths is gone.
        """
        options = options or SourceOptions()
        counts: Counter[str] = Counter()
        tell = _counting(counts, report)
        seen: set[str] = set()
        build(_noting(read_pages(paths, options), seen), self._archive, tell, options.timezone)
        if prune:
            for event in prune_origins(self._archive, [Path(path) for path in paths], seen):
                tell(event)
        try_settle(self._archive, force=True)
        return self._summary(counts)

    def add(self, pages: Iterable[Page], report: Callable[[IndexEvent], None] | None = None) -> IndexSummary:
        """Add articles that are already in memory."""
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
    ) -> Reply:
        """Answer a question in the archive's own words, or abstain: then `answers` is empty and `reason` says why.

        top_k: answers and passages returned, 1 to 100. depth: passages read, 1 to 200. as_of: a date taken as now.
        max_error: refused until the reader is calibrated. Raises InvalidInput, ArchiveDamaged, QuoteMismatch.
        """
        from reader.answer import Question, answer

        _check_text("question", question, _MAX_QUESTION)
        _check_number("top_k", top_k, _MAX_TOP_K)
        _check_number("depth", depth, _MAX_DEPTH)
        if max_error is not None:
            raise InvalidInput("max_error", f"reader {self._reader_name} has no calibration: leave it out")
        if as_of is not None:
            _unit("as_of", as_of)
        asked = Question(question, top_k, depth, _checked_mode(mode), _checked(filters))
        return answer(asked, self._archive.view(), self._embedder, self._reader)

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        cursor: str | None = None,
    ) -> HitList:
        """Find passages, best first. cursor: `next` of the page before; it counts in the view of today."""
        _check_text("query", query, _MAX_QUESTION)
        _check_number("top_k", top_k, _MAX_TOP_K)
        filters, view, skip = _checked(filters), self._archive.view(), _offset(cursor)
        hits = search(query, view, self._embedder, skip + top_k + 1, _checked_mode(mode), filters)
        page, more = hits[skip : skip + top_k], len(hits) > skip + top_k
        excluded = unknown_dates(view, filters)
        return HitList(tuple(page), _cursor(skip + top_k) if more else None, view.info, excluded)

    def similar(
        self,
        article_id: str | None = None,
        *,
        text: str | None = None,
        top_k: int = 10,
        filters: Filters | None = None,
    ) -> HitList:
        """Find the articles most like one of the archive, or like a text: the nearest passage of each."""
        _check_number("top_k", top_k, _MAX_TOP_K)
        filters, view = _checked(filters), self._archive.view()
        if (article_id is None) == (text is None):
            raise InvalidInput("similar", "give an article's id or a text, one of them")
        if article_id is not None:
            row = view.row_of(article_id)
            hits = similar(view, view.vectors(row), top_k, filters, but=row)
        else:
            hits = similar(view, self._embedded(text or ""), top_k, filters)
        return HitList(tuple(hits), None, view.info, unknown_dates(view, filters))

    def _embedded(self, text: str) -> Floats:
        _check_text("text", text, _MAX_CONTEXT)
        article = clean(Page(origin="text:", source_sha256="", extractor="", text=text))
        passages = chunk(article, lambda passage: self._embedder.fits(article.title, passage))
        return self._embedder.encode([(article.title, text[p.start : p.end]) for p in passages])

    def read(self, question: str, context: str) -> Reading:
        """Let the reader alone find the answer in one text."""
        return _read(self._reader, question, context)

    def article(self, article_id: str) -> Article:
        """Return one article whole. Raises ArticleNotFound."""
        return self._archive.view().article(article_id)

    def articles(self, *, filters: Filters | None = None, limit: int = 100, cursor: str | None = None) -> ArticleList:
        """List articles, newest first, those without a date last."""
        _check_number("limit", limit, _MAX_LISTED)
        view, skip = self._archive.view(), _offset(cursor)
        found = articles(view, _checked(filters), limit + 1, skip)
        more = len(found) > limit
        return ArticleList(tuple(found[:limit]), _cursor(skip + limit) if more else None, view.info)

    def delete(self, ids: Sequence[str]) -> list[str]:
        """Remove articles; none of them when one is not there (ArticleNotFound)."""
        return delete(self._archive, ids)

    def verify(self, citations: Sequence[Citation]) -> list[Verdict]:
        """Check citations against the articles as they are now."""
        from reader.verify import verify

        view = self._archive.view()
        return [verify(citation, view.find(citation.article_id)) for citation in citations]

    def info(self) -> Info:
        """Say what the archive and the service are made of."""
        view = self._archive.view()
        oldest, newest, sources = extent(view)
        return Info(version("pullquote"), self.path.name, view.info, self.models(), newest, oldest, sources)

    def models(self) -> ModelNames:
        """Name the models that answer."""
        return ModelNames(self._embedder.name, self._reader.model.name, self._reader.model.runtime)

    def view_info(self) -> ViewInfo:
        """Return the archive's present sequence number and counts."""
        return self._archive.view().info

    def doctor(self, *, repair: bool = False) -> Health:
        """Check everything that can be checked. repair: first rebuild, from the store, what caches are damaged."""
        from indexer.doctor import examine

        if repair:
            mend(self._archive)
        return examine(self._archive)

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


def _load_reader(models: Path, registry: Path | None, name: str) -> SpanReader:
    from indexer.models.spans import load_span_model
    from reader.model import Reader as SpanReader

    return SpanReader(load_span_model(load_registry(registry).model(name), models))


def _read(reader: SpanReader, question: str, context: str) -> Reading:
    _check_text("question", question, _MAX_QUESTION)
    _check_text("context", context, _MAX_CONTEXT)
    return reader.read_one(question, context)


def _counting(counts: Counter[str], report: Callable[[IndexEvent], None] | None) -> Callable[[IndexEvent], None]:
    def tell(event: IndexEvent) -> None:
        counts[event.status] += 1
        if report is not None:
            report(event)

    return tell


def _noting(pages: Iterable[Page | SourceUnreadable], seen: set[str]) -> Iterator[Page | SourceUnreadable]:
    for page in pages:
        seen.add(page.origin)
        yield page


def _check_text(field: str, value: str, longest: int) -> None:
    if not value.strip():
        raise InvalidInput(field, "it is empty: write a few words")
    if len(value) > longest:
        raise InvalidInput(field, f"it has {len(value):,} characters, at most {longest:,} are taken: shorten it")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise InvalidInput(field, "it holds half a surrogate pair, which is no character: remove it")


def _check_number(field: str, value: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidInput(field, f"want a whole number from 1 to {most}, got {value!r}")


def _checked_mode(mode: Mode) -> Mode:
    if mode not in get_args(Mode):
        raise InvalidInput("mode", f"want hybrid, dense or lexical, got {mode!r}")
    return mode


def _checked(filters: Filters | None) -> Filters:
    filters = filters or Filters()
    for field in ("source", "author", "ids"):
        for value in getattr(filters, field):
            _check_text(field, value, _MAX_QUESTION)
    first = _unit("since", filters.since)[0] if filters.since else ""
    if filters.until and first > _unit("until", filters.until)[1]:
        raise InvalidInput("since", f"{filters.since} is after until {filters.until}: swap them")
    return filters


def _unit(field: str, date: str) -> tuple[str, str]:
    try:
        return bounds(date)
    except InvalidInput as error:
        raise InvalidInput(field, error.problem) from error


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"offset": offset}).encode()).decode().rstrip("=")


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        offset = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["offset"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise InvalidInput("cursor", "it is not one that a list gave as `next`: leave it out to start again") from error
    if not isinstance(offset, int) or not 0 <= offset <= 10**9:
        raise InvalidInput("cursor", "it is not one that a list gave as `next`: leave it out to start again")
    return offset
