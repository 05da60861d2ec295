"""Turns at the models: a few answers at a time, a short queue behind them, and a clear no to the rest."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from api.refusals import Overloaded, TookTooLong
from indexer.shares import measured

T = TypeVar("T")
_SMOOTHING = 0.1  # weight of the newest duration in the running mean
_LONGEST_WAIT = 5.0  # seconds that the queue may stand for, at the pace of the last answers
_NICENESS = 5
_POLL = 0.05  # seconds between two looks for a free place, of work that is patient


class Turns:
    """A queue in front of `slots` threads. Whoever would be more than `waiting` places behind them is refused.

    On a slow machine the queue is shorter, so that what is in it is answered while somebody still wants it.
    seconds: the longest that one piece of work may wait and run, together. told: of the seconds that each engine took
    for one. Safe to look at from any thread.
    """

    def __init__(
        self,
        slots: int,
        waiting: int,
        seconds: float,
        name: str = "answer",
        told: Callable[[Mapping[str, float]], None] | None = None,
    ) -> None:
        self.slots, self.waiting, self.seconds = slots, waiting, seconds
        self.refused = 0
        self._name, self._told = name, told
        self._pool: ThreadPoolExecutor | None = None
        self._live: set[Future[object]] = set()
        self._lock = threading.Lock()
        self._mean = 0.1  # seconds that one piece of work takes

    @property
    def pending(self) -> int:
        """How many run or wait now."""
        return len(self._live)

    async def run(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread when its turn comes. Raises Overloaded at once; TookTooLong; what `work` raises."""
        if self.pending >= self.slots + self.places():
            self.refused += 1
            raise Overloaded(self.retry_after())
        return await self._within(self.seconds, work)

    async def run_patiently(self, work: Callable[[], T]) -> T:
        """As `run`, but wait for a place: for work of which its client has much, and sends it one by one."""
        deadline = time.monotonic() + self.seconds
        while self.pending >= self.slots + self.places() // 2:  # half of the queue is for single questions
            if time.monotonic() > deadline:
                raise TookTooLong(self.seconds)
            await asyncio.sleep(_POLL)
        return await self._within(deadline - time.monotonic(), work)

    def places(self) -> int:
        """How many may wait now: at least one, unless none may."""
        return min(self.waiting, max(1, int(_LONGEST_WAIT * self.slots / self._mean)))

    def retry_after(self) -> int:
        """Seconds until what is queued now should be done, at least 1."""
        return max(1, math.ceil(self._mean * self.pending / self.slots))

    def close(self) -> None:
        """Let what runs come to its end, and drop what waits. What is run later begins anew."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    async def _within(self, seconds: float, work: Callable[[], T]) -> T:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.slots, self._name, _step_back)
        future = self._pool.submit(self._timed, work)
        self._live.add(future)  # type: ignore[arg-type]  # what it gives is nobody's business there
        future.add_done_callback(self._live.discard)
        try:  # on the way out, work that still waits is cancelled; a thread that runs cannot be stopped
            return await asyncio.wait_for(asyncio.wrap_future(future), max(0.001, seconds))
        except TimeoutError as error:
            raise TookTooLong(self.seconds) from error

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            with measured() as shares:
                return work()
        finally:
            if self._told is not None:
                self._told(shares.seconds())
            with self._lock:
                self._mean += _SMOOTHING * (time.perf_counter() - started - self._mean)


def _step_back() -> None:
    """Let the thread that answers requests go before this one, and before those that it starts (Linux alone can)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)
