"""A circuit before an engine that others run: while it does not answer, requests fail at once instead of waiting."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from indexer.errors import ArchiveUnavailable

_Done = TypeVar("_Done")
_TRIES = 3
_OPEN_SECONDS = 2.0  # without a try, after all tries of a call failed
_TRIAL_SECONDS = 10.0  # for the one call that tries then; the others wait for what comes of it
_FIRST_WAIT = 0.05  # seconds before the second try; doubled for the third, and each times 0.5 to 1.5 by chance


class Circuit:
    """Tries calls of one engine again, and gives it a rest when that is no use (Nygard 2007). Safe between threads.

    name: of the engine, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._why: str | None = None  # None: the last call was answered
        self._trying: int | None = None  # the thread that tries again
        self._failures = 0

    @property
    def is_failing(self) -> bool:
        """Whether the last that is known of the engine is that it did not answer."""
        return self._why is not None

    def check(self) -> None:
        """Raise ArchiveUnavailable while the engine has its rest, and, after it, while another call tries it."""
        with self._lock:
            now, thread, why = time.monotonic(), threading.get_ident(), self._why
            resting = now < self._closed_until and thread != self._trying
            if not resting and why is not None:
                self._closed_until, self._trying = now + _TRIAL_SECONDS, thread
        if resting:
            raise ArchiveUnavailable(self.name, why or "")

    @contextmanager
    def trial(self) -> Iterator[None]:
        """A call: see `check`. If it tried the engine and ends without a word on that, the next one may try."""
        self.check()
        try:
            yield
        finally:
            with self._lock:
                if self._trying == threading.get_ident():
                    self._closed_until, self._trying = 0.0, None

    def answered(self) -> None:
        """Note that the engine answers, whatever it says."""
        if self._why is not None:
            with self._lock:
                self._closed_until, self._why, self._trying = 0.0, None, None

    def failed(self, why: str) -> ArchiveUnavailable:
        """Give the engine a rest; return the error to raise."""
        with self._lock:
            self._closed_until, self._why, self._trying = time.monotonic() + _OPEN_SECONDS, why, None
            self._failures += 1
        return ArchiveUnavailable(self.name, why)

    def call(self, work: Callable[[], _Done], failures: tuple[type[Exception], ...]) -> _Done:
        """Do what may be done twice, again if it fails so. Raises ArchiveUnavailable: in vain."""
        with self.trial():
            failures_before = self._failures
            for left in reversed(range(_TRIES)):
                try:
                    done = work()
                    self.answered()
                    return done
                except failures as error:
                    if not left or self._failures != failures_before:  # another call has found out what this one would
                        raise self.failed(first_line(error)) from error
                time.sleep(_FIRST_WAIT * 2 ** (_TRIES - 1 - left) * random.uniform(0.5, 1.5))
            raise AssertionError("unreachable")


def first_line(error: Exception) -> str:
    """What an engine's client says, in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
