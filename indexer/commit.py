"""Writing articles to the store: each call is one transaction; if it changes anything, it takes the next sequence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from indexer import stories
from indexer.archive import Archive
from indexer.caches import floats
from indexer.errors import ArticleNotFound, ModelMismatch
from indexer.generations import SERVING, SIZE, claim, set_meta
from indexer.stores import Transaction
from indexer.types import Article, Floats, IndexEvent, Page, Passage, VectorSpace

_HEAD = "title, source, url, author, published_at, published_raw, language, text_sha256, metadata, blocks"


class Draft(NamedTuple):
    """An article ready to be stored, with what is embedded of it. vectors: (n_passages, width) float32."""

    page: Page
    article: Article
    passages: list[Passage]
    vectors: Floats


def is_unchanged(archive: Archive, page: Page) -> str | None:
    """Return the id of the stored article that these very bytes gave to this very extractor, or None."""
    return article_of(archive, page.origin, page.source_sha256, page.extractor)


def article_of(archive: Archive, origin: str, source_sha256: str, extractor: str) -> str | None:
    """Return the id of the stored article that came from these bytes at this place by this extractor, or None."""
    sql = """SELECT id FROM origin JOIN article ON article.rowid = article
        WHERE key = ? AND origin.source_sha256 = ? AND extractor = ? AND removed_seq IS NULL"""
    found = archive.store.rows(sql, (origin, source_sha256, extractor))
    return str(found[0][0]) if found else None


def known_vectors(archive: Archive, article: Article, passages: Sequence[Passage]) -> Floats | None:
    """The vectors of an article with the same title and text, which another embedding would only repeat, or None."""
    sql = """SELECT article.rowid FROM article WHERE text_sha256 = ? AND title IS NOT DISTINCT FROM ?
        ORDER BY rowid DESC LIMIT 1"""
    for (row,) in archive.store.rows(sql, (article.sha256, article.title)):
        sql = """SELECT start, "end", fp16 FROM passage JOIN vector ON passage = passage.rowid
            WHERE article = ? AND embedder = ? ORDER BY ordinal"""
        stored = archive.store.rows(sql, (row, archive.embedder.fingerprint))
        if [tuple(place) for *place, _ in stored] == [tuple(passage) for passage in passages]:
            return floats([blob for *_, blob in stored], archive.embedder.width)
    return None


def commit(archive: Archive, drafts: Sequence[Draft]) -> list[IndexEvent]:
    """Store a batch whole, or not at all. What was unchanged is checked again inside the transaction.

    An article of the same id is replaced. Raises ModelMismatch: another process chose another embedder first.
    """
    with archive.store.writing() as writing:
        _claim_embedder(archive, writing)
        stories.prepare(writing)
        sequence = _sequence(writing) + 1
        events = [_put(writing, archive.embedder.fingerprint, draft, sequence) for draft in drafts]
        changed = any(event.status != "unchanged" for event in events)
        if changed:
            writing.rows("UPDATE meta SET value = ? WHERE key = 'sequence'", (sequence,))
            archive.note(writing, sequence)
    if changed:
        archive.index.follow()
    return events


def delete(archive: Archive, ids: Sequence[str]) -> list[str]:
    """Remove articles. Raises ArticleNotFound, and then removes none, when one of them is not there."""
    wanted = list(dict.fromkeys(ids))
    with archive.store.writing() as writing:
        sequence = next_sequence(writing) if wanted else 0
        for article_id in wanted:
            if not remove(writing, article_id, sequence):
                raise ArticleNotFound(article_id)
        if wanted:
            archive.note(writing, sequence)
    archive.index.follow()
    return wanted


def next_sequence(writing: Transaction) -> int:
    """Take the next sequence number, for a transaction that changes something."""
    sql = "UPDATE meta SET value = CAST(value AS BIGINT) + 1 WHERE key = 'sequence' RETURNING value"
    return int(writing.rows(sql)[0][0])


def _sequence(writing: Transaction) -> int:
    return int(writing.rows("SELECT value FROM meta WHERE key = 'sequence'")[0][0])


def _claim_embedder(archive: Archive, writing: Transaction) -> None:
    fingerprint = archive.embedder.fingerprint
    found = writing.rows("SELECT value FROM meta WHERE key = 'embedder'")
    if not found:
        claim(writing, "embedder", VectorSpace(fingerprint, archive.embedder.width))
        set_meta(writing, [("runtime", archive.embedder.runtime)])
    elif found[0][0] != fingerprint:
        raise ModelMismatch(archive.store.place, found[0][0], fingerprint)


def _put(writing: Transaction, embedder: str, draft: Draft, sequence: int) -> IndexEvent:
    page, article = draft.page, draft.article
    live = writing.rows(f"SELECT rowid, {_HEAD} FROM article WHERE id = ? AND removed_seq IS NULL", (article.id,))
    if live and live[0][1:] == _head(article):
        _set_origin(writing, page, live[0][0])
        return IndexEvent("unchanged", page.origin, article.id, warnings=page.warnings)
    if live:
        remove(writing, article.id, sequence)
    row = _insert(writing, embedder, draft, sequence)
    _set_origin(writing, page, row)
    return IndexEvent("updated" if live else "added", page.origin, article.id, warnings=page.warnings)


def remove(writing: Transaction, article_id: str, sequence: int) -> bool:
    """Mark the article that has this id as removed at a sequence number; say whether there was one."""
    sql = "UPDATE article SET removed_seq = ? WHERE id = ? AND removed_seq IS NULL RETURNING rowid"
    return bool(writing.rows(sql, (sequence, article_id)))


def _insert(writing: Transaction, embedder: str, draft: Draft, sequence: int) -> int:
    article = draft.article
    original = writing.rows(
        "SELECT min(rowid) FROM article WHERE text_sha256 = ? AND id != ? AND removed_seq IS NULL",
        (article.sha256, article.id),
    )[0][0]
    row = writing.insert(
        f"INSERT INTO article(id, {_HEAD}, text, source_sha256, added_seq) VALUES ({', '.join('?' * 14)})",
        (article.id, *_head(article), article.text.encode(), article.source_sha256, sequence),
    )
    if original is not None:
        writing.rows("INSERT INTO duplicate VALUES (?, ?, 'exact')", (row, original))
    stories.link(writing, row, article)
    generation = int(writing.rows(f"SELECT {SERVING}")[0][0])
    insert_passages(writing, row, generation, embedder, zip(draft.passages, draft.vectors, strict=True))
    return row


def insert_passages(
    writing: Transaction, article: int, generation: int, embedder: str, passages: Iterable[tuple[Passage, Floats]]
) -> None:
    """Store the passages of an article row in one generation, each with its vector (width,) float32."""
    first, parts = generation * SIZE, list(passages)
    places = [(article, ordinal, passage.start, passage.end) for ordinal, (passage, _) in enumerate(parts, first)]
    writing.many('INSERT INTO passage(article, ordinal, start, "end") VALUES (?, ?, ?, ?)', places)
    sql = "SELECT rowid FROM passage WHERE article = ? AND ordinal >= ? AND ordinal < ? ORDER BY ordinal"
    rows = writing.rows(sql, (article, first, first + len(parts)))
    blobs = [vector.astype("<f2").tobytes() for _, vector in parts]
    vectors = [(row, embedder, blob) for (row,), blob in zip(rows, blobs, strict=True)]
    writing.many("INSERT INTO vector VALUES (?, ?, ?)", vectors)


def _head(article: Article) -> tuple[Any, ...]:
    """The values of `_HEAD`: two articles with equal heads are the same article."""
    metadata = json.dumps(article.metadata, ensure_ascii=False, sort_keys=True)
    dates = (article.published_at, article.published_raw, article.language)
    blocks = json.dumps(article.blocks)
    return (article.title, article.source, article.url, article.author, *dates, article.sha256, metadata, blocks)


def _set_origin(writing: Transaction, page: Page, row: int) -> None:
    writing.rows("DELETE FROM origin WHERE key = ?", (page.origin,))  # its index may be no B-tree: no ON CONFLICT
    writing.rows("INSERT INTO origin VALUES (?, ?, ?, ?)", (page.origin, page.source_sha256, page.extractor, row))
