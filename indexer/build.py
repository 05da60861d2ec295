"""Indexing: sources -> unchanged? skip -> clean -> chunk -> embed -> commit -> settle on disk (design §1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from indexer.ahead import ahead
from indexer.archive import Archive
from indexer.chunk import chunk
from indexer.clean import clean
from indexer.commit import Draft, commit, is_unchanged, known_vectors
from indexer.errors import InvalidInput, SourceUnreadable
from indexer.identity import article_id
from indexer.seal import try_settle
from indexer.sources.source import Unchanged
from indexer.types import Article, Embedder, Floats, IndexEvent, Page, Passage

_BATCH = 64  # pages: what one transaction stores, and what a kill can cost
_CHARS = 400_000  # of their texts together, about 100,000 tokens: what a batch may hold in memory and take in time

Found = Page | SourceUnreadable | Unchanged
Report = Callable[[IndexEvent], None]
Chunked = tuple[Page, Article, list[Passage]]


class _Batch(NamedTuple):
    """Pages ready to be embedded. told: what is known of the others already, in order."""

    told: list[IndexEvent]
    chunked: list[Chunked]


def build(
    pages: Iterable[Found],
    archive: Archive,
    report: Report,
    timezone: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Add every page to the archive. Kill it and run it again: a batch is stored whole or not at all.

    Three threads each do one batch: while one is embedded, the next is read and cut, and the last is stored.
    report: told of each article after its commit, and of each refused source, by the thread that stores.
    timezone: of dates that name none (see `indexer.dates`). stop: whether to end after the batch that is embedded now,
    or at once while none is: what pages are read from may give nothing for hours.
    """
    batches, recent = in_batches(pages), Recent()
    with ahead(lambda: _next(archive, batches, timezone, recent)) as cutting, ThreadPoolExecutor(1, "store") as behind:
        storing = behind.submit(nothing)
        while (batch := cutting.result(stop)) is not None:
            cutting.start()
            drafts = _embed(archive, batch.chunked)
            storing.result()
            storing = behind.submit(store, archive, batch.told, drafts, report)
            if stop():
                break
        storing.result()


def nothing() -> None:
    """Stands for what was stored before the first batch."""


class Recent:
    """What the last batches hold, which may not be stored yet: of it, the store may have another text than it will."""

    def __init__(self, batches: int = 3) -> None:  # one is cut, one embedded, one stored
        self._batches = deque[set[str]](maxlen=batches)

    def begin(self) -> None:
        """Begin a batch; the first of them is stored by now."""
        self._batches.append(set())

    def holds(self, page: Page) -> bool:
        """Whether a page is one article with one that is in them."""
        return any(name in batch for batch in self._batches for name in _names(page))

    def add(self, page: Page) -> None:
        """Note a page of the present batch."""
        self._batches[-1].update(_names(page))


def _names(page: Page) -> tuple[str, ...]:
    """Whatever makes two pages one article: where it came from, and its id."""
    try:
        return (f"origin {page.origin}", f"id {article_id(page)}")
    except InvalidInput:  # it will be refused
        return (f"origin {page.origin}",)


def _next(archive: Archive, batches: Iterator[list[Found]], timezone: str | None, recent: Recent) -> _Batch | None:
    if (batch := next_changed(archive, batches, recent)) is None:
        return None
    told, changed = batch
    return _Batch(told, passages_of(changed, archive.embedder, timezone, told.append))


def next_changed(
    archive: Archive, batches: Iterator[list[Found]], recent: Recent
) -> tuple[list[IndexEvent], list[Page]] | None:
    """The pages of the next batch that are new or changed, and what is told of the others. None: there is no more."""
    batch = next(batches, None)
    if batch is None:
        return None
    recent.begin()
    told = list[IndexEvent]()
    return told, _skip_unchanged(archive, batch, recent, told.append)


def store(archive: Archive, told: list[IndexEvent], drafts: list[Draft], report: Report) -> None:
    """Commit a batch, then tell of it; what has piled up beside the caches goes into them."""
    for event in told:
        report(event)
    for event in commit(archive, drafts):
        report(event)
    try_settle(archive)


def in_batches(pages: Iterable[Found]) -> Iterator[list[Found]]:
    """Pages in the batches that are stored together."""
    batch, chars = list[Found](), 0
    for page in pages:
        batch.append(page)
        chars += len(page.text) if isinstance(page, Page) else 0
        if len(batch) == _BATCH or chars >= _CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _skip_unchanged(archive: Archive, batch: list[Found], recent: Recent, report: Report) -> list[Page]:
    changed = []
    for page in batch:
        if isinstance(page, SourceUnreadable):
            report(IndexEvent("refused", page.origin, None, page.reason))
        elif isinstance(page, Unchanged):
            report(IndexEvent("unchanged", page.origin, page.id))
        elif not recent.holds(page) and (known := is_unchanged(archive, page)) is not None:
            report(IndexEvent("unchanged", page.origin, known))
        else:
            recent.add(page)
            changed.append(page)
    return changed


def passages_of(pages: Sequence[Page], embedder: Embedder, timezone: str | None, report: Report) -> list[Chunked]:
    """Make articles of pages, each with its warnings, and passages that fit the embedder; told why of what is none."""
    cleaned = _clean(pages, timezone, report)
    return [(page, article, _chunk(embedder, article)) for page, article in cleaned]


def _clean(pages: Sequence[Page], timezone: str | None, report: Report) -> list[tuple[Page, Article]]:
    from indexer.language import detect_language  # its model is for those who index

    cleaned = []
    for page in pages:
        told: list[str] = []
        try:
            article = clean(page, timezone, told.append)
            article = replace(article, language=article.language or detect_language(_said(article)))
            cleaned.append((replace(page, warnings=tuple(told)), article))
        except SourceUnreadable as refusal:
            report(IndexEvent("refused", refusal.origin, None, refusal.reason))
    return cleaned


def _said(article: Article) -> str:
    """What an article says itself: its body, or all of it where it has none."""
    return "\n".join(article.text[b.start : b.end] for b in article.blocks if b.kind == "body") or article.text


def _chunk(embedder: Embedder, article: Article) -> list[Passage]:
    return chunk(article, lambda passage: embedder.fits(article.title, passage))


def _embed(archive: Archive, chunked: Sequence[Chunked]) -> list[Draft]:
    """Embed what has no vectors yet, all in one call, so that batches are full."""
    known = known_of(archive, chunked)
    return drafts_of(chunked, known, archive.embedder.encode(texts_of(chunked, known)))


def known_of(archive: Archive, chunked: Sequence[Chunked]) -> list[Floats | None]:
    """The vectors of each article that are stored already, of this or an equal text; None: it is to be embedded."""
    return [known_vectors(archive, article, passages) for _, article, passages in chunked]


def texts_of(chunked: Sequence[Chunked], known: Sequence[Floats | None]) -> list[tuple[str | None, str]]:
    """What is to be embedded, (title, passage): of the articles whose vectors are not known."""
    todo = [part[1:] for part, vectors in zip(chunked, known, strict=True) if vectors is None]
    return [(article.title, article.text[p.start : p.end]) for article, passages in todo for p in passages]


def drafts_of(chunked: Sequence[Chunked], known: Sequence[Floats | None], fresh: Floats) -> list[Draft]:
    """Articles ready to be stored. fresh: (n_texts, width), the vectors of `texts_of`, in its order."""
    drafts, taken = [], 0
    for (page, article, passages), vectors in zip(chunked, known, strict=True):
        n_fresh = len(passages) if vectors is None else 0
        drafts.append(Draft(page, article, passages, fresh[taken : taken + n_fresh] if vectors is None else vectors))
        taken += n_fresh
    return drafts
