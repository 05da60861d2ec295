"""Ctrl-C for a run that stops where nothing is lost."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from api.commands.exits import complain


class Stopping:
    """While it lasts, the first Ctrl-C asks for a stop, and the next one interrupts as it always did."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._before: signal._HANDLER = None

    def asked(self) -> bool:
        """Whether somebody asked for a stop."""
        return self._asked.is_set()

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():  # no other one may listen
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            raise KeyboardInterrupt
        self._asked.set()
        complain("stopping after this batch; Ctrl-C again stops at once, and loses it")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
