"""Removing for good what was deleted, and giving its space back.

First the caches are put on disk without it, then its rows go, then the store's file is rewritten and its log emptied.
A row of `meta` lists what is still to go: whatever stops a purge, `finish` goes on with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from indexer.archive import Archive
from indexer.commit import next_sequence, remove
from indexer.errors import ArticleNotFound
from indexer.remembered import forget
from indexer.seal import sealing, without_dead
from indexer.stores import ArticleStore, Transaction
from indexer.types import Compaction

_DUE = "purge"  # in meta: rows of articles that are to go; [] when only their bytes may still be in the file
_AT_ONCE = 200  # articles removed in one transaction
_DOOMED = "(SELECT value FROM json_each(:doomed))"


def purge(archive: Archive, ids: Sequence[str]) -> list[str]:
    """Delete articles, all versions there ever were of them, so that no byte of them is left in the folder.

    Raises ArticleNotFound, and then deletes none, when there never was one of them; ArchiveBusy or ArchiveReadOnly:
    they are deleted, but another process or the disk kept their bytes from going; `finish` or the next purge goes on.
    """
    _ = archive.folder  # a server keeps bytes where it likes
    wanted = list(dict.fromkeys(ids))
    with archive.store.writing() as writing:
        sequence = next_sequence(writing)
        for article_id in wanted:
            remove(writing, article_id, sequence)
            if not writing.rows("SELECT 1 FROM article WHERE id = ? LIMIT 1", (article_id,)):
                raise ArticleNotFound(article_id)
        archive.note(writing, sequence)
        _doom(writing, "id IN (SELECT value FROM json_each(?)) AND removed_seq IS NOT NULL", (json.dumps(wanted),))
    finish(archive)
    return wanted


def compact(archive: Archive) -> Compaction:
    """Remove for good what was deleted or replaced, and give back its space. Raises ArchiveBusy, ArchiveReadOnly."""
    before = folder_bytes(archive.folder)
    with archive.store.writing() as writing:
        _doom(writing, "removed_seq IS NOT NULL", ())
    finish(archive)
    return Compaction(before, folder_bytes(archive.folder))


def is_due(store: ArticleStore) -> bool:
    """Whether a purge was cut off: bytes of what it was to remove may still be in the folder."""
    return store.meta(_DUE) is not None


def finish(archive: Archive) -> None:
    """Do what a purge has still to do, if anything. Raises ArchiveBusy, ArchiveReadOnly."""
    if not is_due(archive.store):
        return
    with sealing(archive.folder, patient=True):
        doomed: list[int] = json.loads(archive.store.meta(_DUE) or "[]")
        if doomed:
            archive.index.purge(doomed)
            without_dead(archive)
        for start in range(0, len(doomed), _AT_ONCE):
            with archive.store.writing() as writing:
                _remove_rows(writing, doomed[start : start + _AT_ONCE])
        archive.files.shrink()
        with archive.store.writing() as writing:
            writing.rows("DELETE FROM meta WHERE key = ? AND value = '[]'", (_DUE,))
        archive.files.fold()


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _doom(writing: Transaction, condition: str, parameters: Sequence[str]) -> None:
    rows = writing.rows("SELECT value FROM meta WHERE key = ?", (_DUE,))
    due: set[int] = set(json.loads(rows[0][0]) if rows else ())
    due |= {row[0] for row in writing.rows(f"SELECT rowid FROM article WHERE {condition}", parameters)}
    writing.rows("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_DUE, json.dumps(sorted(due))))


def _remove_rows(writing: Transaction, doomed: Sequence[int]) -> None:
    rows = {"doomed": json.dumps(doomed)}
    passages = f"SELECT rowid FROM passage WHERE article IN {_DOOMED}"
    writing.rows(f"DELETE FROM vector WHERE passage IN ({passages})", rows)
    writing.rows(f"DELETE FROM passage WHERE article IN {_DOOMED}", rows)
    writing.rows(f"DELETE FROM duplicate WHERE article IN {_DOOMED} OR original IN {_DOOMED}", rows)
    forget(writing, doomed)
    writing.rows(f"DELETE FROM origin WHERE article IN {_DOOMED}", rows)
    writing.rows(f"DELETE FROM article WHERE rowid IN {_DOOMED}", rows)  # its links to near-duplicates go with it
    writing.rows("INSERT INTO meta VALUES ('purged', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1")
    due = set(json.loads(writing.rows("SELECT value FROM meta WHERE key = ?", (_DUE,))[0][0])) - set(doomed)
    writing.rows("UPDATE meta SET value = ? WHERE key = ?", (json.dumps(sorted(due)), _DUE))
