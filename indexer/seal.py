"""Putting the caches on disk: sealing, merging, rewriting, rebuilding (design §5). The store commits first, always.

One process at a time does it, under a kernel lock. Whatever stops it, the store names only files that are whole: a new
folder is published before its row, and an old one is unlinked after its row is gone.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer import caches, dense
from indexer.archive import Archive
from indexer.caches import Layout, Sealed
from indexer.dense import Segment
from indexer.errors import ArchiveBusy, ArchiveReadOnly
from indexer.files import holder_of, kernel_lock, publish, stamped_again, sync
from indexer.generations import OF_SERVING, SIZE, Generation, Place, set_meta, unfinished
from indexer.lexical import LexicalIndex
from indexer.lexical_files import branch, links_changing, sign

SEAL_AT = 20_000  # passages in memory that are worth a file of vectors
WORDS_AT = 4_000  # passages that are worth a commit of the lexical index: what opening an archive has to index again
_PATIENCE = 60  # seconds to wait for another process that is at it, where one must
_DEAD = 0.2  # share of a segment's passages whose removal makes a rewrite worth it


def settle(archive: Archive, force: bool = False) -> bool:
    """Put on disk what has gathered in memory, if it is much or `force`; say whether anything changed.

    Does nothing when another process is at it. Raises ArchiveReadOnly: the disk refuses; the store is as it was.
    """
    if not archive.has_caches:
        return False
    vectors, words = _gathered(archive)
    if not force and vectors < SEAL_AT and words < WORDS_AT:
        return False
    with sealing(archive.folder) as mine:
        if not mine:
            return False
        newest = _newest(archive)  # before the sequence is read: it is visible then
        sequence, layout = caches.read_layout(archive.store)
        segments = _sealed(archive, layout, sequence) if force or vectors >= SEAL_AT else list(layout.segments)
        lexical = _lexical(archive, layout, sequence)
        changed = segments != list(layout.segments) or lexical is not None
        if changed:
            _record(archive, segments, lexical or layout.lexical, newest)
        sweep(archive)
        return changed


def try_settle(archive: Archive, force: bool = False) -> None:
    """`settle`, where a disk that refuses is told and does no harm: the articles are in the store."""
    try:
        settle(archive, force)
    except (ArchiveReadOnly, ArchiveBusy) as error:
        caches.LOG.warning("the caches stay in memory: %s", error)


def repair(archive: Archive) -> bool:
    """Rebuild, from the store, every cache file that is missing or not what was sealed; say whether there was any.

    What is whole but looks otherwise, as in a folder that was copied, is believed from now on without hashing it again.
    """
    with sealing(archive.folder) as mine:
        if not mine:
            return False
        sequence, layout = caches.read_layout(archive.store)
        segments = [_whole(archive, row) for row in layout.segments]
        broken = layout.lexical is not None and (
            caches.open_lexical(archive.folder, layout.lexical, sequence, trust=False) is None
        )
        lexical = _rebuilt(archive, sequence) if broken else None
        if segments != list(layout.segments) or lexical is not None:
            _record(archive, segments, lexical or layout.lexical)
        if layout.lexical is not None and not broken:
            with _refused(archive.folder):
                sign(archive.folder / "lexical" / layout.lexical)
        sweep(archive)
        return lexical is not None or [row.id for row in segments] != [row.id for row in layout.segments]


@contextmanager
def sealing(folder: Path, patient: bool = False) -> Iterator[bool]:
    """Hold the lock on what is on disk. Yields False if another has it.

    patient: wait for it. Raises ArchiveBusy: in vain; ArchiveReadOnly.
    """
    deadline = time.monotonic() + (_PATIENCE if patient else 0)
    while True:
        with kernel_lock(folder / caches.LOCK) as mine:
            if mine or not patient:
                yield mine
                return
        if time.monotonic() > deadline:
            raise ArchiveBusy(folder, holder_of(folder / caches.LOCK))
        time.sleep(0.1)


def without_dead(archive: Archive) -> int:
    """Rewrite what on disk holds anything of removed articles; return the sequence number it was brought to.

    The caller holds the lock. What stays in memory is the store's, and goes with its rows.
    """
    if making := unfinished(archive.store, archive.folder):
        _, begun = caches.read_layout(archive.store, making.space.fingerprint)
        _record(making, [_from_store(making, row) for row in begun.segments])
    sequence, layout = caches.read_layout(archive.store)
    segments = [_rewritten(archive, row, bearable=0) for row in layout.segments]
    lexical = _rebuilt(archive, sequence) if layout.lexical is not None else None
    _record(archive, segments, lexical)
    sweep(archive)
    return sequence


def seal_unfinished(place: Generation) -> None:
    """Put vectors on disk that do not serve yet. The caller holds the lock."""
    sequence, layout = caches.read_layout(place.store, place.space.fingerprint)
    segments = _sealed(place, layout, sequence)
    if segments != list(layout.segments):
        _record(place, segments)
        sweep(place)


def words_of(place: Generation) -> str | None:
    """A lexical index of passages that do not serve yet, if those that do have one. The caller holds the lock."""
    sequence, layout = caches.read_layout(place.store)
    return _rebuilt(place, sequence) if layout.lexical is not None else None


def _gathered(archive: Archive) -> tuple[int, int]:
    """About how many passages came since vectors were sealed, and since words were committed; three look-ups."""
    _, layout = caches.read_layout(archive.store)
    newest, sealed = _newest(archive), caches.covered(layout.segments)
    worded = int(archive.store.meta("worded") or sealed) if layout.lexical is not None else 0
    return newest - sealed, newest - worded


def _newest(archive: Archive) -> int:
    """The last passage that serves, by way of the last article: an unfinished re-embedding may have made many since."""
    sql = f"""SELECT coalesce((SELECT passage.rowid FROM article CROSS JOIN passage ON passage.article = article.rowid
        WHERE {OF_SERVING} ORDER BY article.rowid DESC, passage.rowid DESC LIMIT 1), 0)"""
    return int(archive.store.rows(sql)[0][0])


def _sealed(archive: Place, layout: Layout, sequence: int) -> list[Sealed]:
    """The segments as they should be: what gathered sealed, small ones merged, those with many dead rewritten.

    Made from the store, one after another: however much has gathered, memory holds the vectors of one.
    """
    rows = [_rewritten(archive, row) for row in layout.segments]
    while fresh := caches.n_uncovered(archive.store, archive.space, rows, sequence):
        while rows and rows[-1].n <= min(2 * fresh, dense.LARGEST - fresh):
            fresh += rows.pop().n
        found = caches.uncovered(archive.store, archive.space, rows, sequence, dense.LARGEST)
        rows.append(_publish(archive, dense.in_memory(*found), caches.covered(rows) + 1, int(found[0][-1])))
    return rows


def _rewritten(archive: Place, row: Sealed, bearable: float = _DEAD) -> Sealed:
    """The segment itself, or, when more of its passages are dead than is bearable (a share), another without them."""
    of = f"passage.rowid BETWEEN :first AND :last AND ordinal / {SIZE} = :generation"
    sql = f"""SELECT (SELECT count(*) FROM passage WHERE {of}) - (SELECT count(*)
        FROM article JOIN passage ON article = article.rowid WHERE removed_seq IS NOT NULL AND {of})"""
    values = {"first": row.first, "last": row.last, "generation": archive.generation}
    living = archive.store.rows(sql, values)[0][0]
    return _from_store(archive, row) if row.n - living > bearable * row.n else row


def _whole(archive: Place, row: Sealed) -> Sealed:
    home = archive.folder / "dense" / row.id
    seen = {name: stamped_again(home / name, known) for name, known in row.files.items()}
    files = {name: now for name, now in seen.items() if now is not None}
    if row.embedder == archive.space.fingerprint and files.keys() == row.files.keys():
        return row._replace(files=files)
    return _from_store(archive, row)


def _from_store(archive: Place, row: Sealed) -> Sealed:
    vectors = caches.range_vectors(archive.store, archive.space, row.first, row.last)
    return _publish(archive, dense.in_memory(*vectors), row.first, row.last)


def _publish(archive: Place, segment: Segment, first: int, last: int) -> Sealed:
    name = secrets.token_hex(8)
    files = publish(archive.folder / "dense" / name, dense.writers(segment))
    return Sealed(name, archive.space.fingerprint, first, last, len(segment.passages), files)


def _lexical(archive: Archive, layout: Layout, sequence: int) -> str | None:
    """Bring the lexical index to the sequence; its name when that changed anything."""
    index = caches.open_lexical(archive.folder, layout.lexical, sequence)
    if index is None or archive.index.distrusts(layout.lexical):
        return _rebuilt(archive, sequence)
    if index.sequence == sequence:
        return None
    before = str(layout.lexical)
    try:
        return _committed(archive, caches.next_name(before), before, sequence)
    except ArchiveReadOnly:  # its files may not be what tantivy can go on with; a full disk fails again
        return _rebuilt(archive, sequence)


def _rebuilt(archive: Place, sequence: int) -> str:
    return _committed(archive, secrets.token_hex(8), None, sequence)


def _committed(archive: Place, name: str, before: str | None, sequence: int) -> str:
    """A new folder with a lexical index at the sequence: what a sound one holds, and what came since. Its name."""
    folders = archive.folder / "lexical"
    home = folders / name
    _discard(home, folders / str(before))  # what a commit that was killed left
    try:
        with _refused(archive.folder):
            if before is None:
                home.mkdir(parents=True)
            else:
                branch(folders / before, home)
            index = LexicalIndex(home)
            since = index.sequence
            removed = caches.removed_articles(archive.store, since, sequence)
            index.update(caches.new_words(archive.store, since, sequence, archive.generation), removed, sequence)
            sign(home)
            sync(folders)
    except BaseException:
        _discard(home, folders / str(before))
        raise
    return name


def _discard(home: Path, origin: Path) -> None:
    with links_changing(origin):
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _refused(folder: Path) -> Iterator[None]:
    """Turn what tantivy and the disk say into ours."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ArchiveReadOnly(folder, str(error)) from error


def _record(archive: Place, segments: Sequence[Sealed], lexical: str | None = None, worded: int | None = None) -> None:
    """Make the new files what views open from now on, in one transaction. worded: the last passage with its words."""
    rows = [(*row[:-1], json.dumps(row.files)) for row in segments]
    with archive.store.writing() as writing:
        writing.rows("DELETE FROM segment WHERE embedder = ?", (archive.space.fingerprint,))
        writing.many("INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)", rows)
        if lexical is not None:
            writing.rows("INSERT OR REPLACE INTO meta VALUES ('lexical', ?)", (lexical,))
        if worded is not None:
            set_meta(writing, [("worded", worded)])
        writing.rows("UPDATE meta SET value = value + 1 WHERE key = 'layout'")


def sweep(archive: Place) -> None:
    """Unlink what no row names; the caller holds the lock.

    Views that have it open keep it: its bytes go when the last of them does.
    """
    segments = {row[0] for row in archive.store.rows("SELECT id FROM segment")}
    named: dict[str, set[str | None]] = {"dense": segments, "lexical": {archive.store.meta("lexical")}}
    with links_changing(archive.folder / "lexical" / str(archive.store.meta("lexical"))):  # those of the last folder
        for kind, names in named.items():
            for folder in (archive.folder / kind).glob("*"):
                if folder.name not in names:
                    shutil.rmtree(folder, ignore_errors=True)
