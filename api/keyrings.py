"""Where keys are kept: in a file of the archive's folder, or in a table of its database."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from api.keys import SCOPES, Key, Ring
from api.refusals import KeysUnreadable, NotReady
from api.settings import Settings
from indexer.errors import ArchiveBusy, ArchiveReadOnly, PullquoteError
from indexer.files import kernel_lock
from indexer.generations import set_meta
from indexer.stores import ArticleStore, open_store

LOG = logging.getLogger("pullquote")
FILE = "keys.json"
STALE = 1.0  # seconds between two looks at the table: what was made or revoked elsewhere counts within them
_COLUMNS = "id, name, scope, origins, created, expires, sha256"


def ring_of(settings: Settings) -> Ring:
    """Where the keys of an archive are: in its database, unless it is a folder or the settings name another."""
    if isinstance(settings.archive, str) and settings.state is None:
        return TableRing(settings.archive)
    settings.folder.mkdir(parents=True, exist_ok=True)
    return FileRing(settings.folder)


class FileRing:
    """A `Ring` in `keys.json` of a folder; the file is read again whenever it has changed.

    Raises KeysUnreadable where it is there and cannot be understood: then nobody gets in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / FILE
        self._seen: tuple[int, int, int] | None = None
        self._known: Mapping[str, Key] = {}

    def read(self) -> Mapping[str, Key] | None:
        """See `Ring.read`."""
        try:
            found = self._file.stat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._known = _parsed(json.loads(self._file.read_bytes())["keys"])
                self._seen = seen
        except FileNotFoundError:
            self._known, self._seen = {}, None
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            self._seen = None
            raise KeysUnreadable(self._file.name) from error
        return self._known

    def change(self, more: Mapping[str, Key], fewer: set[str]) -> None:
        """See `Ring.change`."""
        with kernel_lock(self._folder / "keys.lock") as mine:
            if not mine:
                raise ArchiveBusy(self._folder)
            self._seen = None
            kept = {key_id: key for key_id, key in (self.read() or {}).items() if key_id not in fewer}
            _write(self._file, {**kept, **more}.values())

    def follow(self) -> None:
        """See `Ring.follow`: a file is looked at by each `read`."""

    def close(self) -> None:
        """See `Ring.close`."""


class TableRing:
    """A `Ring` in the table access_key of a database, which is asked by a thread of its own: no request waits for it.

    While the database is away, the last that it said counts; before it has said anything, nobody gets in.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._opened: ArticleStore | None = None
        self._known: Mapping[str, Key] | None = None
        self._version: str | None = None
        self._problem: PullquoteError | None = NotReady()  # why it is not known what keys there are
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self) -> Mapping[str, Key] | None:
        """See `Ring.read`. Raises ArchiveUnavailable; NotReady: the database has not been asked yet."""
        if self._thread is None:
            self._look()  # no server: whoever asks waits
        if self._problem is not None:
            raise type(self._problem)(*self._problem.args)  # a fresh one, without another thread's traceback
        return self._known

    def change(self, more: Mapping[str, Key], fewer: set[str]) -> None:
        """See `Ring.change`."""
        with self._lock, self._store.writing() as writing:
            version = writing.rows("SELECT value FROM meta WHERE key = 'keys'")
            set_meta(writing, [("keys", str(int(version[0][0]) + 1 if version else 1))])
            writing.many("DELETE FROM access_key WHERE id = ?", [(key_id,) for key_id in fewer])
            rows = [{**asdict(key), "origins": json.dumps(key.origins)} for key in more.values()]
            names = [[row[name] for name in _COLUMNS.split(", ")] for row in rows]
            writing.many(f"INSERT INTO access_key({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", names)
        self._look()

    def follow(self) -> None:
        """See `Ring.follow`."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._follow, name="keys", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """See `Ring.close`."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._opened is not None:
            self._opened.close()
        self._thread, self._opened = None, None

    def _follow(self) -> None:
        while True:
            try:
                self._look()
            except PullquoteError as error:
                if self._problem is not None or isinstance(error, KeysUnreadable):
                    self._problem = error
            except Exception:  # whatever it is: without this thread, no key that is revoked would stop counting
                LOG.exception("the keys of the archive could not be read")
            if self._ended.wait(STALE):
                return

    @property
    def _store(self) -> ArticleStore:
        if self._opened is None:
            self._opened = open_store(self._url)
        return self._opened

    def _look(self) -> None:
        with self._lock:
            version = self._store.meta("keys")
            if version == self._version and self._problem is None:
                return
            rows = self._store.rows(f"SELECT {_COLUMNS} FROM access_key ORDER BY rowid")
            named = [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]
            try:
                known = _parsed([{**row, "origins": json.loads(row["origins"])} for row in named])
            except (ValueError, TypeError, KeyError) as error:
                raise KeysUnreadable("the table access_key") from error
            self._known = known if version is not None else None
            self._version, self._problem = version, None


def _parsed(rows: Iterable[dict[str, object]]) -> dict[str, Key]:
    keys = [Key(**{**row, "origins": tuple(row["origins"])}) for row in rows]  # type: ignore[arg-type]
    if not all(key.scope in SCOPES and len(key.sha256) == 64 for key in keys):
        raise ValueError("a key of an unknown kind")
    for key in keys:
        key.is_expired(datetime.now(UTC))  # raises ValueError: the date is none
    return {key.id: key for key in keys}


def _write(file: Path, keys: Iterable[Key]) -> None:
    rows = [asdict(key) for key in keys]
    making = file.with_name(f".{FILE}-{os.getpid()}")
    try:
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump({"keys": rows}, opened, indent=1)
            opened.flush()
            os.fsync(opened.fileno())
        making.rename(file)
    except OSError as error:
        making.unlink(missing_ok=True)
        raise ArchiveReadOnly(file.parent, error.strerror or str(error)) from error
