"""Indexing: sources -> unchanged? skip -> clean -> chunk -> embed -> commit -> settle on disk (design §1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from indexer.archive import Archive
from indexer.chunk import chunk
from indexer.clean import clean
from indexer.commit import Draft, commit, is_unchanged, known_vectors
from indexer.errors import SourceUnreadable
from indexer.seal import try_settle
from indexer.sources.source import Unchanged
from indexer.types import Article, IndexEvent, Page, Passage

_BATCH = 64  # pages: what one transaction stores, and what a kill can cost

Found = Page | SourceUnreadable | Unchanged
Report = Callable[[IndexEvent], None]


def build(pages: Iterable[Found], archive: Archive, report: Report, timezone: str | None = None) -> None:
    """Add every page to the archive. Kill it and run it again: a batch is stored whole or not at all.

    report: told of each article after its commit, and of each refused source.
    timezone: of dates that name none (see `indexer.dates`).
    """
    for batch in _batches(pages):
        changed = _skip_unchanged(archive, batch, report)
        cleaned = _clean(changed, timezone, report)
        chunked = [(page, article, _chunk(archive, article)) for page, article in cleaned]
        for event in commit(archive, _embed(archive, chunked)):
            report(event)
        try_settle(archive)


def _batches(pages: Iterable[Found]) -> Iterator[list[Found]]:
    source = iter(pages)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _skip_unchanged(archive: Archive, batch: list[Found], report: Report) -> list[Page]:
    changed = []
    for page in batch:
        if isinstance(page, SourceUnreadable):
            report(IndexEvent("refused", page.origin, None, page.reason))
        elif isinstance(page, Unchanged):
            report(IndexEvent("unchanged", page.origin, page.id))
        elif (known := is_unchanged(archive, page)) is not None:
            report(IndexEvent("unchanged", page.origin, known))
        else:
            changed.append(page)
    return changed


def _clean(pages: list[Page], timezone: str | None, report: Report) -> list[tuple[Page, Article]]:
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


def _chunk(archive: Archive, article: Article) -> list[Passage]:
    return chunk(article, lambda passage: archive.embedder.fits(article.title, passage))


def _embed(archive: Archive, chunked: list[tuple[Page, Article, list[Passage]]]) -> list[Draft]:
    """Embed what has no vectors yet, all in one call, so that batches are full."""
    known = [known_vectors(archive, article, passages) for _, article, passages in chunked]
    todo = [part[1:] for part, vectors in zip(chunked, known, strict=True) if vectors is None]
    texts = [(article.title, article.text[p.start : p.end]) for article, passages in todo for p in passages]
    fresh = archive.embedder.encode(texts)
    drafts, taken = [], 0
    for (page, article, passages), vectors in zip(chunked, known, strict=True):
        n_fresh = len(passages) if vectors is None else 0
        drafts.append(Draft(page, article, passages, fresh[taken : taken + n_fresh] if vectors is None else vectors))
        taken += n_fresh
    return drafts
