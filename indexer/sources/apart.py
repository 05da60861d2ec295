"""Reading a document in a process of its own: one whose parser hangs, dies or eats memory costs that document alone.

Parent and child speak in frames over the child's stdin and stdout: eight bytes of length, then JSON or raw bytes.
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, cast

from indexer.errors import SourceUnreadable
from indexer.sources.formats import FORMATS
from indexer.sources.limits import MAX_SECONDS
from indexer.sources.options import SourceOptions
from indexer.sources.source import Given
from indexer.types import Block, Page

Read = list[Page | SourceUnreadable]

_MEMORY = 4 << 30  # bytes of address space for one child
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from indexer.sources.apart import serve; serve()"


class ReaderFailed(SourceUnreadable):
    """A document that was not read for want of time or memory, or that killed its reader: another try may go better."""


class Job(NamedTuple):
    """One document to read. label: the `extractor` of its pages."""

    format: str
    data: bytes
    origin: str
    options: SourceOptions
    given: Given
    label: str


class Readers:
    """A few child processes, started when they are first needed, ended with this."""

    def __init__(self, seconds: float | None = None, count: int | None = None) -> None:
        self._seconds = MAX_SECONDS if seconds is None else seconds
        self.count = count or min(4, os.cpu_count() or 1)
        self._threads: ThreadPoolExecutor | None = None
        self._idle: list[_Child] = []
        self._lock = threading.Lock()

    def submit(self, job: Job) -> Future[Read]:
        """Begin to read a document."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self.count, "pullquote-reader")
        return self._threads.submit(self._read, job)

    def _read(self, job: Job) -> Read:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        found = child.read(job, self._seconds)
        if child.alive:
            with self._lock:
                self._idle.append(child)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
            self._threads = None
        for child in self._idle:
            child.end()
        self._idle.clear()


class _Child:
    def __init__(self) -> None:
        command = [sys.executable, "-c", _START, json.dumps(sys.path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.alive = True

    def read(self, job: Job, seconds: float) -> Read:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            return self._exchange(job)
        except (OSError, EOFError, ValueError):
            self.end()
            if late.is_set():
                reason = f"reading it took longer than {seconds:g} seconds"
            else:
                reason = f"reading it ended its process (code {self._process.returncode})"
            return [ReaderFailed(job.origin, reason)]
        finally:
            timer.cancel()

    def _exchange(self, job: Job) -> Read:
        assert self._process.stdin
        assert self._process.stdout
        header: dict[str, object] = {"format": job.format, "origin": job.origin, "label": job.label}
        header |= {"options": asdict(job.options), "given": asdict(job.given)}
        _send(cast(BinaryIO, self._process.stdin), json.dumps(header).encode(), job.data)
        return [_found(one) for one in json.loads(_receive(cast(BinaryIO, self._process.stdout)))]

    def end(self) -> None:
        self.alive = False
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:  # what was not yet sent has no one to read it
                    continue


def _send(stream: BinaryIO, *frames: bytes) -> None:
    for frame in frames:
        stream.write(struct.pack(">Q", len(frame)))
        stream.write(frame)
    stream.flush()


def _receive(stream: BinaryIO) -> bytes:
    size = stream.read(8)
    if len(size) < 8:
        raise EOFError
    (length,) = struct.unpack(">Q", size)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _found(given: dict[str, Any]) -> Page | SourceUnreadable:
    if "reason" in given:
        return SourceUnreadable(given["origin"], given["reason"])
    given["marked"] = tuple(Block(*block) for block in given["marked"])
    given["warnings"] = tuple(given["warnings"])
    return Page(**given)


def serve() -> None:
    """Read documents for the parent, until it closes the pipe: what the child process runs."""
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no frame
    sys.setrecursionlimit(2_000)
    _limit_memory()
    try:
        while True:
            header, data = json.loads(_receive(stdin)), _receive(stdin)
            _send(stdout, json.dumps(list(_read(header, data))).encode())
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has none
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > _MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, hard))


def _read(header: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    origin, options, given = header["origin"], SourceOptions(**header["options"]), Given(**header["given"])
    source = FORMATS[header["format"]].source()
    try:
        for found in source.read(cast(BinaryIO, io.BytesIO(data)), origin, options, given, header["label"]):
            if isinstance(found, SourceUnreadable):
                yield {"origin": found.origin, "reason": found.reason}
            elif isinstance(found, Page):
                yield asdict(given.to(found))
    except MemoryError:
        yield {"origin": origin, "reason": "reading it takes more memory than it may"}
    except RecursionError:
        yield {"origin": origin, "reason": "it is nested too deep"}
    except Exception as problem:  # whatever a parser raises on hostile input costs this document alone
        yield {"origin": origin, "reason": f"it cannot be read ({type(problem).__name__}: {str(problem)[:200]})"}
