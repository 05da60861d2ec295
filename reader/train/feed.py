"""The batches of a run in their order, made in this process or ahead of time in others."""

from __future__ import annotations

import multiprocessing
import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import AsyncResult

import torch

from indexer.errors import InvalidInput
from reader.train.batches import Arrays, Batch, collate, plan
from reader.train.mixture import Mixture
from reader.train.windows import Cutter

_AHEAD = 4  # pools that each worker is given before they are asked for


@dataclass(frozen=True)
class Feed:
    """Pools of questions drawn at once, sorted by length and cut into batches of at most `batch_tokens`.

    A pool is a function of its number and the seed alone, so that a run that was cut off finds its place again.
    """

    mixture: Mixture
    cutter: Cutter
    seed: int
    batch_tokens: int
    pool: int = 256

    @property
    def n_pools(self) -> int:
        """How many pools there are; the last may be smaller."""
        return -(-len(self.mixture) // self.pool)

    def batches(self, number: int) -> list[Batch]:
        """The batches of one pool."""
        rng = random.Random(f"{self.seed}/pool/{number}")
        tasks = [
            self.mixture.task(one)
            for one in range(number * self.pool, min((number + 1) * self.pool, len(self.mixture)))
        ]
        planned = plan([self.cutter.cut(task, rng) for task in tasks], self.batch_tokens)
        rng.shuffle(planned)
        return [collate(groups) for groups in planned]

    def pools(self, first: int, workers: int) -> Iterator[list[Batch]]:
        """All pools from number `first` on. workers: processes that make them ahead; 0: this one does.

        Raises InvalidInput: workers are asked for where processes cannot fork.
        """
        if not workers:
            yield from (self.batches(number) for number in range(first, self.n_pools))
            return
        if "fork" not in multiprocessing.get_all_start_methods():
            raise InvalidInput("workers", "this system has no fork: leave it at 0")
        global _feed  # noqa: PLW0603  # what the forked processes find there
        _feed = self
        with multiprocessing.get_context("fork").Pool(workers, torch.set_num_threads, (1,)) as processes:
            waiting: deque[AsyncResult[list[Arrays]]] = deque()
            for number in range(first, self.n_pools):
                waiting.append(processes.apply_async(_made, (number,)))
                if len(waiting) > _AHEAD * workers:
                    yield [Batch.of(arrays) for arrays in waiting.popleft().get()]
            while waiting:
                yield [Batch.of(arrays) for arrays in waiting.popleft().get()]


_feed: Feed | None = None


def _made(number: int) -> list[Arrays]:
    assert _feed is not None
    return [batch.arrays() for batch in _feed.batches(number)]
