"""Another embedder for an archive: new passages and vectors beside those that serve, then one switch.

Stop it and run it again: what is embedded stays. Requests go on with the old vectors until the switch, which is one
transaction; after it, a process that still has the old embedder is told so (`ModelMismatch`). One process at a
time does it, under a lock; each transaction looks again whether it is still this embedder's turn. What is on disk,
or in an index outside, is made beside what serves too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from indexer import counts
from indexer.archive import Archive
from indexer.chunk import chunk
from indexer.commit import insert_passages, next_sequence
from indexer.errors import AlreadyReembedding
from indexer.files import holder_of
from indexer.generations import SERVING, SIZE, Generation, claim, serving, set_meta
from indexer.seal import SEAL_AT, seal_unfinished, sealing, sweep, words_of
from indexer.stores import ArticleStore, Transaction
from indexer.types import Article, Embedder, Floats, IndexEvent, Passage, VectorSpace
from indexer.views import Glance

LOCK = "reembed.lock"

_BATCH = 64  # articles embedded and stored together
_ROWS = 2_000  # passages removed in one transaction


class _Draft(NamedTuple):
    row: int
    article: Article
    passages: list[Passage]
    vectors: Floats


def reembed(archive: Archive, report: Callable[[IndexEvent], None]) -> bool:
    """Make the archive that of `archive.embedder`; say whether it was not. report: told of each article once stored.

    Raises AlreadyReembedding: another process is at it, and is named; ArchiveBusy, ArchiveReadOnly. What is embedded
    stays, the old vectors serve.
    """
    with _alone(archive):
        archive.index.discard_left()
        made = _begin(archive)
        if made is None:
            clear(archive.store)
            return False
        while True:
            _embed_missing(archive, made, report)
            if _switch(archive, made):
                clear(archive.store)
                return True


@contextmanager
def _alone(archive: Archive) -> Iterator[None]:
    with archive.store.alone(LOCK.removesuffix(".lock"), wait=False) as mine:
        if not mine:
            holder = holder_of(archive.folder / LOCK) if archive.is_folder else None
            raise AlreadyReembedding(archive.store.place, holder)
        yield


def clear(store: ArticleStore) -> None:
    """Remove passages and vectors that neither serve nor are being made to."""
    generations = [serving(store), *([serving(store) + 1] if store.meta("reembedding") is not None else [])]
    names = [store.meta("embedder"), store.meta("reembedding")]
    after = 0
    stale = f"SELECT rowid FROM passage WHERE rowid > ? AND ordinal / {SIZE} NOT IN (?, ?) ORDER BY rowid LIMIT {_ROWS}"
    while rows := store.rows(stale, (after, generations[0], generations[-1])):
        after = rows[-1][0]
        with store.writing() as writing:
            writing.many("DELETE FROM vector WHERE passage = ?", rows)
            writing.many("DELETE FROM passage WHERE rowid = ?", rows)
    with store.writing() as writing:
        writing.rows("DELETE FROM segment WHERE embedder NOT IN (?, ?)", (names[0], names[1] or names[0]))


def progress(store: ArticleStore) -> tuple[int, int, str] | None:
    """How many of the articles are embedded anew, of how many, and by what; None when nothing is under way."""
    embedder = store.meta("reembedding")
    if embedder is None:
        return None
    sql = f"""SELECT count(*), count(*) FILTER (WHERE {_MISSING}) FROM article WHERE removed_seq IS NULL"""
    total, missing = store.rows(sql, {"first": (serving(store) + 1) * SIZE, "embedder": embedder})[0]
    return total - missing, total, embedder


# SQL: whether an article has no passage of a generation (from :first on) that has a vector of its embedder
_MISSING = """NOT EXISTS (SELECT 1 FROM passage JOIN vector ON passage = passage.rowid AND embedder = :embedder
    WHERE article = article.rowid AND ordinal >= :first)"""


def _begin(archive: Archive) -> Generation | None:
    embedder = archive.embedder
    with archive.store.writing() as writing:
        sql = "SELECT key, value FROM meta WHERE key IN ('embedder', 'reembedding')"
        found: dict[str, str] = dict(writing.rows(sql))
        serves = found.get("embedder") in {None, embedder.fingerprint}
        resumed = not serves and found.get("reembedding") == embedder.fingerprint
        if not resumed:
            writing.rows("DELETE FROM meta WHERE key = 'reembedding'")
    if serves:
        return None
    space = VectorSpace(embedder.fingerprint, embedder.width)
    if not resumed:
        clear(archive.store)  # it may have been begun with a third embedder
        with archive.store.writing() as writing:
            claim(writing, "reembedding", space)
    folder = archive.folder if archive.has_caches else Path()  # else nothing is put on disk
    return Generation(folder, archive.store, space, serving(archive.store) + 1)


def _check_turn(made: Generation, writing: Transaction) -> None:
    """Raises AlreadyReembedding: another embedder's vectors are made, or serve, by now."""
    sql = f"SELECT (SELECT value FROM meta WHERE key = 'reembedding'), {SERVING}"
    if writing.rows(sql) != [(made.space.fingerprint, made.generation - 1)]:
        raise AlreadyReembedding(made.store.place)


def _lacking(made: Generation) -> dict[str, Any]:
    """The parameters of `_MISSING`."""
    return {"first": made.generation * SIZE, "embedder": made.space.fingerprint}


def _embed_missing(archive: Archive, made: Generation, report: Callable[[IndexEvent], None]) -> None:
    sql = f"SELECT rowid FROM article WHERE removed_seq IS NULL AND {_MISSING} ORDER BY rowid"
    missing, gathered = [row[0] for row in made.store.rows(sql, _lacking(made))], 0
    for start in range(0, len(missing), _BATCH):
        gathered += _store(made, _embed(archive, missing[start : start + _BATCH]), report)
        if archive.has_caches and gathered >= SEAL_AT:
            gathered = 0
            with sealing(made.folder, patient=True):
                seal_unfinished(made)


def _embed(archive: Archive, rows: list[int]) -> list[_Draft]:
    living = archive.reading(lambda view: _living(view, rows))  # anew, should one of them be purged meanwhile
    articles = list(living.values())
    passages = [_chunk(archive.embedder, article) for article in articles]
    texts = [(a.title, a.text[p.start : p.end]) for a, of in zip(articles, passages, strict=True) for p in of]
    vectors, taken, drafts = archive.embedder.encode(texts), 0, []
    for row, article, of in zip(living, articles, passages, strict=True):
        drafts.append(_Draft(row, article, of, vectors[taken : taken + len(of)]))
        taken += len(of)
    return drafts


def _living(view: Glance, rows: list[int]) -> dict[int, Article]:
    """Those of some article rows that are not removed."""
    sql = "SELECT rowid FROM article WHERE removed_seq IS NULL AND rowid IN (SELECT value FROM json_each(?))"
    return {row: view.article_at(row) for (row,) in view.rows(sql, (json.dumps(rows),))}


def _chunk(embedder: Embedder, article: Article) -> list[Passage]:
    return chunk(article, lambda passage: embedder.fits(article.title, passage))


def _store(made: Generation, drafts: list[_Draft], report: Callable[[IndexEvent], None]) -> int:
    """Store new passages, of articles that another process has neither removed nor embedded meanwhile."""
    wanted = f"SELECT 1 FROM article WHERE rowid = :row AND removed_seq IS NULL AND {_MISSING}"
    done = []
    with made.store.writing() as writing:
        _check_turn(made, writing)
        for draft in drafts:
            if writing.rows(wanted, {"row": draft.row, **_lacking(made)}):
                _clear_article(made, writing, draft.row)
                pairs = zip(draft.passages, draft.vectors, strict=True)
                insert_passages(writing, draft.row, made.generation, made.space.fingerprint, pairs)
                done.append(draft)
    for draft in done:
        report(IndexEvent("reembedded", f"article:{draft.article.id}", draft.article.id))
    return sum(len(draft.passages) for draft in done)


def _clear_article(made: Generation, writing: Transaction, row: int) -> None:
    """Remove what a third embedder may have left of an article in the generation that is made."""
    ours = f"(SELECT rowid FROM passage WHERE article = ? AND ordinal >= {made.generation * SIZE})"
    writing.rows(f"DELETE FROM vector WHERE passage IN {ours}", (row,))
    writing.rows(f"DELETE FROM passage WHERE rowid IN {ours}", (row,))


def _switch(archive: Archive, made: Generation) -> bool:
    """Let the new vectors serve, unless articles came meanwhile that have none."""
    if not archive.has_caches:
        return _switch_index(archive, made)
    with sealing(made.folder, patient=True):
        seal_unfinished(made)
        words = words_of(made)
        with made.store.writing() as writing:
            if not _serve(archive, made, writing, words):
                return False
        sweep(made)
        return True


def _switch_index(archive: Archive, made: Generation) -> bool:
    """`_switch`, where the index is outside, or in memory alone."""
    successor = archive.index.successor(made)
    if successor is None:
        with made.store.writing() as writing:
            return _serve(archive, made, writing)
    with closing(successor):
        successor.match()
        with made.store.writing() as writing:
            if not (successor.still_matches(writing) and _serve(archive, made, writing)):
                return False
            successor.take_over(writing)
        try:
            successor.discard_old()
        finally:
            archive.reopen_index()
    return True


def _serve(archive: Archive, made: Generation, writing: Transaction, words: str | None = None) -> bool:
    """Switch, in one transaction; do nothing and say so where an article has no new vectors. words: their index."""
    _check_turn(made, writing)
    sql = f"SELECT 1 FROM article WHERE removed_seq IS NULL AND {_MISSING} LIMIT 1"
    if writing.rows(sql, _lacking(made)):
        return False
    claim(writing, "embedder", made.space)
    set_meta(writing, [("runtime", archive.embedder.runtime), ("generation", made.generation)])
    if words is not None:
        set_meta(writing, [("lexical", words)])
    writing.rows("DELETE FROM meta WHERE key = 'reembedding'")
    writing.rows("DELETE FROM segment WHERE embedder != ?", (made.space.fingerprint,))
    writing.rows("UPDATE meta SET value = CAST(value AS BIGINT) + 1 WHERE key = 'layout'")
    purged = "DO UPDATE SET value = CAST(meta.value AS BIGINT) + 1"
    writing.rows(f"INSERT INTO meta VALUES ('purged', 1) ON CONFLICT(key) {purged}")
    next_sequence(writing)
    counts.recount(writing)
    return True
