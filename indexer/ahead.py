"""Work one step ahead of the caller, in a thread that no one waits for: its step may be reading what never comes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Generic, TypeVar

_Made = TypeVar("_Made")
_POLL = 0.1  # seconds between two looks at whether to stop
_PATIENCE = 1.0  # seconds in which a step that is under way may end, before it is left to itself


class Ahead(Generic[_Made]):
    """Calls `step` once for each `start`, in a thread of its own; `result` gives what the last one returned.

    A thread of `concurrent.futures` would be waited for when the program ends, for ever if it reads from a terminal.
    """

    def __init__(self, step: Callable[[], _Made]) -> None:
        self._step = step
        self._asked: queue.SimpleQueue[Future[_Made] | None] = queue.SimpleQueue()
        self._coming: Future[_Made] | None = None
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Begin the next step."""
        self._coming = Future()
        self._asked.put(self._coming)

    @property
    def coming(self) -> Future[_Made]:
        """What the last step will give."""
        if self._coming is None:
            raise RuntimeError("there is no step to wait for: start one")
        return self._coming

    def result(self, stop: Callable[[], bool]) -> _Made | None:
        """What the step gives, or raises; None if, while it is waited for, `stop` says so."""
        while not wait((self.coming,), _POLL).done:
            if stop():
                return None
        return self.coming.result()

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            try:
                asked.set_result(self._step())
            except BaseException as error:  # told to whoever waits
                asked.set_exception(error)

    def end(self) -> None:
        """Let the thread go; a step that is under way may still end."""
        self._asked.put(None)
        self._thread.join(_PATIENCE)


@contextmanager
def ahead(step: Callable[[], _Made]) -> Iterator[Ahead[_Made]]:
    """An `Ahead` whose first step has begun, ended with the block."""
    worker = Ahead(step)
    worker.start()
    try:
        yield worker
    finally:
        worker.end()
