"""Workers in processes of their own, here or on other machines, by Ray. The only module that imports it.

A worker that dies is started again, and what it was doing is done again: nothing it does leaves a trace but its result.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import numpy as np
import ray
from ray.exceptions import RayError

from indexer.build import passages_of
from indexer.closing import Closing
from indexer.errors import InvalidInput, ModelMismatch, PullquoteError, WorkersLost
from indexer.spread import Cleaned
from indexer.stores import Place
from indexer.types import Embedder, Floats, IndexEvent, Page

_Done = TypeVar("_Done")
_TRIES = 3  # more of one batch, when workers die at it
_SHARED_MEMORY = 128 * 2**20  # bytes, of batches on their way
_REMOTE = "ray://"


class _Worker:
    """One worker. It loads the embedder when it is first needed, and again after it died."""

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load
        self._loaded: Embedder | None = None

    @property
    def _embedder(self) -> Embedder:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def fingerprint(self) -> str | PullquoteError:
        """Whose vectors it would make, or why it can make none."""
        try:
            return self._embedder.fingerprint
        except PullquoteError as error:
            return error

    def clean(self, pages: Sequence[Page], timezone: str | None) -> Cleaned:
        """See `Crew.clean`."""
        told = list[IndexEvent]()
        return told, passages_of(pages, self._embedder, timezone, told.append)

    def embed(self, texts: Sequence[tuple[str | None, str]]) -> Floats:
        """See `Crew.embed`: text by text, on the one core that is its own."""
        return np.concatenate([self._embedder.encode([text]) for text in texts])

    def process(self) -> tuple[int, float]:
        """The id of its process, and the seconds of a processor that it has taken."""
        return os.getpid(), time.process_time()


class RayCrew(Closing):
    """A `Crew` of Ray's: so many workers on this machine, or, at the address of a cluster, one for each of its CPUs.

    where: a number, or ray://host:10001. load: what loads the embedder in a worker. place, fingerprint: of the archive,
    and what embeds its passages.
    Raises InvalidInput: there is no such cluster; ModelMismatch: a worker has another embedder; what loading raises.
    """

    def __init__(self, where: str, load: Callable[[], Embedder], place: Place, fingerprint: str) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers of each run
        logging.getLogger("ray").setLevel(logging.ERROR)
        self._workers: list[Any] = []
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            connect(where)
        try:
            there: Any = ray  # half of it has types
            n = int(there.cluster_resources().get("CPU", 0)) if where.startswith(_REMOTE) else int(where)
            worker: Any = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_TRIES)(_Worker)
            self._workers = [worker.remote(load) for _ in range(max(1, n))]
            self._pending = [0] * len(self._workers)
            _check([self._ask(index, "fingerprint") for index in range(self.size)], place, fingerprint)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """See `Crew.size`."""
        return len(self._workers)

    def clean(self, pages: Sequence[Page], timezone: str | None) -> Future[Cleaned]:
        """See `Crew.clean`."""
        return self._give("clean", list(pages), timezone)

    def embed(self, texts: Sequence[tuple[str | None, str]]) -> Future[Floats]:
        """See `Crew.embed`."""
        return self._give("embed", list(texts))

    def processes(self) -> list[tuple[int, float]]:
        """The ids of the workers' processes, and the seconds of a processor that each has taken."""
        return [self._ask(index, "process").result() for index in range(self.size)]

    def _give(self, what: str, *given: object) -> Future[Any]:
        """Give something to the worker that has least to do."""
        return self._ask(min(range(self.size), key=self._pending.__getitem__), what, *given)

    def _ask(self, index: int, what: str, *given: object) -> Future[Any]:
        answer: Future[Any] = Future()

        def told(done: Future[Any]) -> None:
            self._pending[index] -= 1
            error = done.exception()
            if error is None:
                answer.set_result(done.result())
            elif isinstance(error, (RayError, ConnectionError)) and not isinstance(error, PullquoteError):
                answer.set_exception(WorkersLost((str(error).strip() or type(error).__name__).splitlines()[-1]))
            else:
                answer.set_exception(error)

        self._pending[index] += 1
        getattr(self._workers[index], what).remote(*given).future().add_done_callback(told)
        return answer

    def close(self) -> None:
        """Let the workers go; what they are doing is lost."""
        try:
            for worker in self._workers:
                ray.kill(worker)
        except (RayError, ConnectionError):
            pass  # the cluster is away: what was raised before says so
        finally:
            if self._is_ours:
                ray.shutdown()


def connect(where: str) -> None:
    """Start a cluster on this machine, or find the one at an address. Raises InvalidInput: there is none."""
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if where.startswith(_REMOTE):
            with warnings.catch_warnings(action="ignore"):  # what they say, the error says
                ray.init(where, **quiet)
        else:
            ours = {"worker_niceness": 0}  # they do the work: as urgent as this process, not 15 less
            ray.init(
                "local",  # never one that happens to run here
                num_cpus=int(where),
                include_dashboard=False,
                object_store_memory=_SHARED_MEMORY,
                _system_config=ours,
                **quiet,
            )
    except (ConnectionError, RuntimeError, ImportError) as error:
        problem = str(error).strip().splitlines()[0]
        advice = "see that it runs, and that RAY_AUTH_MODE and RAY_AUTH_TOKEN are those of its token, if it has one"
        raise InvalidInput("--workers", f"{where} cannot be used ({problem}): {advice}") from error


def _check(said: Sequence[Future[str | PullquoteError]], place: Place, fingerprint: str) -> None:
    for answer in said:
        found = answer.result()
        if isinstance(found, PullquoteError):
            raise found
        if found != fingerprint:
            raise ModelMismatch(place, fingerprint, found)
