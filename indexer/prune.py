"""Removing the articles whose source is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from indexer.archive import Archive
from indexer.commit import delete
from indexer.types import IndexEvent


def prune(archive: Archive, roots: Sequence[Path], seen: Collection[str]) -> list[IndexEvent]:
    """Remove each article that came from under `roots` and whose origin was not seen in this run.

    seen: the origins that this run read or refused: what is unreadable today is not gone.
    """
    uris = [root.resolve().as_uri() for root in roots]
    sql = "SELECT key, id FROM origin JOIN article ON article.rowid = article WHERE removed_seq IS NULL ORDER BY key"
    gone = [
        IndexEvent("removed", key, article_id, "its source is gone")
        for key, article_id in archive.store.rows(sql)
        if key not in seen and key.partition("#")[0] not in seen
        if any(key == uri or key.startswith((uri.rstrip("/") + "/", uri + "#")) for uri in uris)
    ]
    delete(archive, [event.id for event in gone if event.id is not None])
    return gone
