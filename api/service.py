"""The one archive of a server: opened and loaded in the background, so that the server can say how far it is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from api.audit import FILE as AUDIT_FILE
from api.audit import Audit
from api.caching import Tags
from api.gate import Gate
from api.keyrings import ring_of
from api.keys import Keys
from api.metrics import Metrics, of_archive
from api.rates import Rates
from api.refusals import NotReady
from api.settings import Settings
from api.turns import Turns
from indexer.errors import PullquoteError
from pullquote import Archive

LOG = logging.getLogger("pullquote")
RECHECK_FIRST, RECHECK_EVERY = 60.0, 86_400.0  # seconds until the files of the caches are hashed anew, and again
_WRITE_SECONDS = 600.0  # a thousand long articles are embedded within it


class Service:
    """Holds the archive. `error` is why it could not be loaded; when_failed is called then, from another thread.

    answers: turns at the models for those who ask; writes: for those who add and remove, one at a time.
    """

    def __init__(self, open_archive: Callable[[], Archive], settings: Settings) -> None:
        self._open = open_archive
        self.settings = settings
        self.tags = Tags()
        self._ring = ring_of(settings)
        self.keys = Keys(self._ring)
        self.gate = Gate(self.keys, Rates(settings.rate), settings.public)
        self.audit = Audit(settings.folder / AUDIT_FILE)
        self.metrics = Metrics(self._gauges)
        self.answers = Turns(settings.slots, settings.queue, settings.request_seconds, told=self.metrics.engines)
        self.writes = Turns(1, settings.queue, _WRITE_SECONDS, "write")
        self._opened: Archive | None = None
        self._ready = False
        self._thread: Thread | None = None
        self._checking: Thread | None = None
        self._stopping = Event()
        self.error: Exception | None = None
        self.when_failed: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to load, and return at once."""
        self._stopping.clear()
        self._ring.follow()
        self._thread = Thread(target=self._load, name="load archive")
        self._thread.start()

    def stop(self) -> Archive | None:
        """Wait until loading has ended, and give up the archive; None if it could not be opened."""
        self._stopping.set()
        for thread in (self._thread, self._checking):
            if thread is not None:
                thread.join()
        self.answers.close()
        self.writes.close()
        self._ring.close()
        archive, self._opened, self._ready = self._opened, None, False
        return archive

    def archive(self) -> Archive:
        """The archive, ready for questions. Raises NotReady, or the error that kept it from loading."""
        if self._opened is not None and self._ready:
            return self._opened
        if isinstance(self.error, PullquoteError):
            raise type(self.error)(
                *self.error.args
            )  # a fresh one: raised again and again, one would grow its traceback
        if self.error is not None:
            raise RuntimeError("the archive could not be loaded, the log says why")
        raise NotReady()

    def _gauges(self) -> dict[str, float]:
        """What is true now, for a scrape."""
        now: dict[str, float] = {"queue_pending": self.answers.pending, "queue_slots": self.answers.slots}
        now |= {"queue_refused": self.answers.refused, "writes_pending": self.writes.pending, "ready": self._ready}
        if not self._ready:
            return now
        try:
            view = self.archive().view_info()
        except PullquoteError:  # its server is away: the rest is true all the same
            return now | {"archive_answers": 0}
        folder = self.settings.archive if isinstance(self.settings.archive, Path) else None
        return now | {"archive_answers": 1} | of_archive(view, folder)

    def _load(self) -> None:
        try:
            self._opened = self._open()
            self._opened.load()
        except Exception as error:  # kept, and told to everyone who asks
            LOG.error("the archive cannot be served: %s", error, exc_info=not isinstance(error, PullquoteError))
            self.error = error
            if self.when_failed is not None:
                self.when_failed()
        else:
            self._checking = Thread(target=self._recheck, args=(self._opened,), name="recheck caches", daemon=True)
            self._checking.start()
            self._ready = True

    def _recheck(self, archive: Archive) -> None:
        """Hash the files of the caches now and then: a disk may change what still looks the same (design §5)."""
        wait = RECHECK_FIRST
        while not self._stopping.wait(wait):
            try:
                archive.recheck(self._stopping.wait)
            except PullquoteError as error:
                LOG.warning("the caches could not be checked: %s", error)
            wait = RECHECK_EVERY
