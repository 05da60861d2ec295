"""Removing the articles whose source is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from indexer.archive import Archive
from indexer.commit import next_sequence
from indexer.types import IndexEvent


def prune(archive: Archive, roots: Sequence[Path], seen: Collection[str], refused: Collection[str]) -> list[IndexEvent]:
    """Remove each article all of whose sources lie under `roots` and are gone; say which.

    seen: the origins that this run read. refused: those it could not: a file or folder that is unreadable today, or
    has a bad line, is not gone, nor is anything in it. A root that does not exist prunes nothing.
    """
    is_gone = _gone([root.resolve().as_uri() for root in roots if root.exists()], seen, refused)
    with archive.store.writing() as writing:
        sql = "SELECT article, key, id FROM origin JOIN article ON article.rowid = article WHERE removed_seq IS NULL"
        rows = writing.rows(sql + " ORDER BY key")
        kept = {row for row, key, _ in rows if not is_gone(key)}
        gone = {row: (key, article_id) for row, key, article_id in rows if row not in kept}
        if gone:
            sequence = next_sequence(writing)
            writing.many("UPDATE article SET removed_seq = ? WHERE rowid = ?", [(sequence, row) for row in gone])
            archive.note(writing, sequence)
    archive.index.follow()
    return [IndexEvent("removed", key, article_id, "its source is gone") for key, article_id in gone.values()]


def _gone(uris: Sequence[str], seen: Collection[str], refused: Collection[str]) -> Callable[[str], bool]:
    unsure = {origin.partition("#")[0].rstrip("/") for origin in refused}

    def is_gone(key: str) -> bool:
        file = key.partition("#")[0]
        if key in seen or not any(file == uri or file.startswith(uri.rstrip("/") + "/") for uri in uris):
            return False
        parts = file.split("/")
        return not any("/".join(parts[:n]) in unsure for n in range(1, len(parts) + 1))

    return is_gone
