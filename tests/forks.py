"""Work in a child of its own: what it returns, or how it died. The parent must use no engine: they have threads."""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

_Made = TypeVar("_Made")


class Died(NamedTuple):
    """A child that returned nothing. status: as `os.waitstatus_to_exitcode` has it, -9 for one that was killed."""

    status: int
    said: str


def in_child(work: Callable[[], _Made], seconds: float = 300) -> _Made | Died:
    """Fork, work there, and return what that returned; Died if it raised, crashed or took too long (SIGALRM)."""
    with tempfile.TemporaryFile() as said:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _work(work, writing, said.fileno())
        os.close(writing)
        content, late = _read(reading, time.monotonic() + seconds)
        if late:
            os.kill(child, signal.SIGKILL)
        os.close(reading)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        told = said.read().decode(errors="replace")
    if status == 0 and content:
        made: _Made = pickle.loads(content)
        return made
    return Died(-signal.SIGALRM if late else status, told)


def _work(work: Callable[[], object], writing: int, said: int) -> None:
    code = 70
    try:
        os.dup2(said, 2)
        content = pickle.dumps(work())
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
        code = 0
    except BaseException:  # told to the parent, who must not go on twice
        import traceback

        sys.stderr.write(traceback.format_exc())
        sys.stderr.flush()
    finally:
        os._exit(code)


def _read(reading: int, deadline: float) -> tuple[bytes, bool]:
    content = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left)[0]:
            piece = os.read(reading, 1 << 20)
            if not piece:
                return content, False
            content += piece
    return content, True


def scratch() -> Path:
    """A folder for archives that are thrown away: in memory where the machine has that, so that fsync costs nothing."""
    memory = Path("/dev/shm")
    home = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="pullquote-", dir=home))
