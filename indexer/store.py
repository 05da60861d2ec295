"""The store: one SQLite file, the only truth of an archive (design §5). The only module that imports apsw.

Every page carries a checksum (SQLite's own `cksumvfs`): damage raises `ArchiveDamaged`, it never gives a wrong row.
A row is visible at sequence s when added_seq <= s and it was not removed at s. Article rows never change.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import apsw.sqlite_extra

from indexer.errors import ArchiveBusy, ArchiveDamaged, ArchiveMissing, ArchiveReadOnly, NewerFormat
from indexer.files import holder_of, kernel_lock, may_write
from indexer.shares import share
from indexer.store_schema import LATER, SCHEMA
from indexer.stores import Row, Values

FORMAT = 1
FILE = "archive.sqlite"
_VFS = "cksmvfs"
_RESERVED = 8  # bytes a page that the checksum takes; less or more in a file means that it is not checked
_BUSY_MS = 30_000
_LOG_MOST = 64_000_000  # bytes of the log that a commit leaves, where nothing keeps it from being folded
_PAGES = 4096  # copied at a time by a backup
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


class _Look(NamedTuple):
    """The file, and the size of the log beside it, of an archive that this process may only read."""

    inode: int
    size: int
    mtime_ns: int
    log: int


class Store:
    """The SQLite file of the archive in `folder`; safe to share between threads (each gets its own connection)."""

    def __init__(self, folder: Path, create: bool = False) -> None:
        self.folder = self.place = folder
        self.file = folder / FILE
        self._threads = threading.local()
        self._all: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()  # a thread that ends takes its own with it
        self._lock = threading.Lock()
        self._may_lack = False  # what came after the first format
        _load_checksums()
        if not self.file.is_file() or self._is_blank():
            if not create:
                raise ArchiveMissing(folder)
            self._create()
        with self._told():
            self._check_format()
        self._may_lack = True

    def _is_blank(self) -> bool:
        """Whether the making of the archive was cut off before its first transaction."""
        if self.file.stat().st_size == 0:
            return True
        with self._told():
            found = self._connection()
            return found.pragma("user_version") == 0 and not self.rows("SELECT 1 FROM sqlite_schema LIMIT 1")

    def _create(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveReadOnly(self.folder, error.strerror or str(error)) from error
        with self.writing() as writing:
            if writing.rows("PRAGMA user_version") == [(0,)]:  # else another process was first
                writing.rows(SCHEMA)
                writing.rows(LATER)
                writing.rows("INSERT INTO meta VALUES ('sequence', 0), ('layout', 0)")
                writing.rows(f"PRAGMA user_version = {FORMAT}")

    def _check_format(self) -> None:
        connection = self._connection()
        found = connection.pragma("user_version")
        if found > FORMAT:
            raise NewerFormat(self.folder, found, FORMAT)
        if found != FORMAT or connection.reserve_bytes() != _RESERVED:
            raise ArchiveDamaged(self.folder, f"{FILE} has no page checksums or no format number")

    def _connection(self) -> apsw.Connection:
        found: apsw.Connection | None = getattr(self._threads, "connection", None)
        if found is not None:
            return found
        look = None if may_write(self.folder, self.file) else self._look()
        fresh = self._writable() if look is None else self._readable(still=not look.log)
        fresh.set_busy_timeout(_BUSY_MS)
        self._threads.still = look if look is not None and not look.log else None
        self._threads.connection = fresh
        with self._lock:
            self._all.add(fresh)
        return fresh

    def _writable(self) -> apsw.Connection:
        fresh = apsw.Connection(str(self.file), vfs=_VFS)
        fresh.set_busy_timeout(_BUSY_MS)
        if self.file.stat().st_size == 0:
            fresh.reserve_bytes(reserve=_RESERVED)
        fresh.pragma("journal_mode", "wal")
        fresh.pragma("synchronous", "full")
        fresh.pragma("foreign_keys", True)
        fresh.pragma("secure_delete", True)
        return fresh

    def _readable(self, still: bool) -> apsw.Connection:
        """A connection to a file that may only be read. still: there is no log, and none can be made beside it."""
        uri = f"{self.file.resolve().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
        return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, vfs=_VFS)

    def _look(self) -> _Look:
        seen, log = self.file.stat(), 0
        with suppress(FileNotFoundError):
            log = self.file.with_name(f"{FILE}-wal").stat().st_size
        return _Look(seen.st_ino, seen.st_size, seen.st_mtime_ns, log)

    def _is_still(self) -> bool:
        """Whether a file taken to stand still does; else someone who may write has written: then it is opened anew."""
        still: _Look | None = self._threads.still
        if still is None or still == self._look():
            return True
        self._threads.connection = None
        return False

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError, apsw.FormatError, apsw.SQLError, apsw.SchemaChangeError) as error:
            raise ArchiveDamaged(self.folder, str(error)) from error
        except (apsw.BusyError, apsw.LockedError) as error:
            raise ArchiveBusy(self.folder) from error
        except (apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError) as error:
            raise ArchiveReadOnly(self.folder, str(error)) from error
        except apsw.IOError as error:
            if getattr(error, "extendedresult", 0) in _WRITE_ERRORS:
                raise ArchiveReadOnly(self.folder, str(error)) from error
            raise ArchiveDamaged(self.folder, f"a page of {FILE} fails its checksum or cannot be read") from error
        except (UnicodeDecodeError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError) as error:
            raise ArchiveDamaged(self.folder, str(error)) from error

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one query to its end, so that no read transaction outlives it."""
        with self._told(), share("store"):
            while True:
                connection = self._connection()
                try:
                    found = connection.execute(sql, parameters).fetchall()
                except apsw.Error:
                    if self._is_still():
                        raise
                    continue
                if self._is_still():
                    return found

    def stream(self, sql: str, parameters: Values = ()) -> Iterator[Row]:
        """Run one query row by row, for more rows than memory should hold."""
        with self._told():
            yield from self._connection().execute(sql, parameters)
            if not self._is_still():
                raise ArchiveBusy(self.folder)

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One write transaction: whole on disk when the block ends, or, after an error, not at all."""
        with self._told():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                if self._may_lack:
                    connection.execute(LATER)
                yield Writing(connection)
                connection.execute("COMMIT")
                self._may_lack = False
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        self._bound_log()

    @contextmanager
    def alone(self, name: str, wait: bool) -> Iterator[bool]:
        """See `ArticleStore.alone`."""
        deadline = time.monotonic() + (_BUSY_MS / 1000 if wait else 0)
        while True:
            with kernel_lock(self.folder / f"{name}.lock") as mine:
                if mine or not wait:
                    yield mine
                    return
            if time.monotonic() > deadline:
                raise ArchiveBusy(self.folder, holder_of(self.folder / f"{name}.lock"))
            time.sleep(0.02)

    def _bound_log(self) -> None:
        """Fold a log that has grown: SQLite does so only at a moment when nobody reads, which may never come."""
        if self._look().log > _LOG_MOST:
            with suppress(ArchiveBusy, ArchiveReadOnly):  # what was written is in the log, and safe
                self.fold()

    def meta(self, key: str) -> Any:  # noqa: ANN401 - SQLite values are int, float, str, bytes or None
        """The value of a meta row, or None."""
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0][0] if found else None

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        return {row[0] for row in self.rows(_TABLES)}

    def check(self) -> tuple[bool, str]:
        """Run SQLite's own check of every page and index, and say what it found."""
        found = [str(row[0]) for row in self.rows("PRAGMA integrity_check(20)")]
        found += [f"foreign key: {row}" for row in self.rows("PRAGMA foreign_key_check")]
        wrong = [line for line in found if line != "ok"]
        return not wrong, "; ".join(wrong) or "every page has its checksum, every index its rows"

    def table_sizes(self) -> dict[str, int]:
        """Bytes of the pages of each table with its indexes."""
        sql = """SELECT coalesce(tbl_name, 'schema'), sum(pgsize) FROM dbstat
            LEFT JOIN sqlite_schema USING (name) WHERE aggregate = TRUE GROUP BY 1"""
        return dict(self.rows(sql))

    def copy_to(self, file: Path) -> None:
        """Copy the store as it is now, beside readers and writers. Raises ArchiveReadOnly.

        The copy names no caches, and no index outside.
        """
        with self._told():
            copy, source = apsw.Connection(str(file), vfs="cksmvfs"), self._connection()
            try:
                copy.reserve_bytes(reserve=_RESERVED)
                copy.pragma("journal_mode", "wal")  # writes page 1: every page from here on gets its checksum
                source.execute(
                    "BEGIN; SELECT count(*) FROM meta"
                ).fetchall()  # one moment: no writer makes it begin anew
                try:
                    with copy.backup("main", source, "main") as backup:
                        while not backup.done:
                            backup.step(_PAGES)
                finally:
                    source.execute("ROLLBACK")
                copy.pragma("secure_delete", True)  # the URL of an index may hold a password
                named = "'lexical', 'index', 'collection', 'successor', 'discarding'"
                copy.execute(f"DELETE FROM segment; DELETE FROM meta WHERE key IN ({named})")
            finally:
                copy.close()

    def shrink(self) -> None:
        """Rewrite the file without what was deleted from it, and empty the log. Raises ArchiveBusy, ArchiveReadOnly."""
        with self._told():
            self._connection().execute("VACUUM")
        self.fold()

    def fold(self) -> None:
        """Write the log into the file, and empty it. Raises ArchiveBusy: a query elsewhere went on too long."""
        with self._told():
            busy = self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]
        if busy:
            raise ArchiveBusy(self.folder)

    def close(self) -> None:
        """Close every thread's connection; the last one to close folds the log into the file."""
        with self._lock:
            for connection in list(self._all):
                with suppress(apsw.Error):  # folding the log may fail; then it stays, with all that is in it
                    connection.close(force=True)
            self._all.clear()
        self._threads = threading.local()


class Writing:
    """What may be done inside `Store.writing`."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Values = ()) -> list[Row]:
        """Run one statement and return its rows."""
        return self._connection.execute(sql, parameters).fetchall()

    def many(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        self._connection.executemany(sql, parameters)

    def insert(self, sql: str, parameters: Sequence[Any]) -> int:
        """Run one INSERT and return its rowid."""
        self._connection.execute(sql, parameters)
        return int(self._connection.last_insert_rowid())

    def tables(self) -> set[str]:
        """The names of the tables that there are."""
        return {row[0] for row in self.rows(_TABLES)}

    def make(self, tables: str) -> None:
        """Make tables that came after the first format, where they are missing."""
        self.rows(tables)


_WRITE_ERRORS = {
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
    apsw.SQLITE_IOERR_SHMOPEN,
    apsw.SQLITE_IOERR_SHMSIZE,
    apsw.SQLITE_IOERR_SHMMAP,
    apsw.SQLITE_IOERR_LOCK,
    apsw.SQLITE_IOERR_RDLOCK,
}
_loading = threading.Lock()


def _load_checksums() -> None:
    """Register the checksum VFS with SQLite, once a process."""
    with _loading:
        if "cksmvfs" in apsw.vfs_names():
            return
        default = apsw.vfs_names()[0]
        connection = apsw.Connection(":memory:")
        apsw.sqlite_extra.load(connection, "cksumvfs")
        connection.close()
        apsw.set_default_vfs(default)  # loading makes it the default of the whole process, which is not ours to change
