"""A small HTTP client for load: connections that are kept, one request at a time on each, and a server to send to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
QUESTIONS = (
    "What did Xi pledge?",
    "Where did Imran Khan meet Xi Jinping?",
    "When did Khan last visit China?",
    "Who won the election?",
    "How many people died in the earthquake?",
    "What did the president say?",
    "Why was the airport closed?",
    "Which team won the match?",
    "How much did the company pay?",
    "Who was arrested by the police?",
    "Where did the plane crash?",
    "What caused the fire?",
)


class Outcome(NamedTuple):
    """One request: status 0 where no reply came, the seconds it took, and what was replied (head in small letters)."""

    status: int
    seconds: float
    head: bytes = b""
    content: bytes = b""


class Server:
    """`pullquote serve` in a process of its own, on a free port. environment: settings."""

    def __init__(self, archive: Path, **environment: str) -> None:
        command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--archive", str(archive)]
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment}
        )
        assert self.process.stderr is not None
        self.port = int(self.process.stderr.readline().rpartition(":")[2].split()[0])
        self._said = deque[str](maxlen=1_000)
        self._listener = Thread(target=self._said.extend, args=(self.process.stderr,))  # a full pipe would stop it
        self._listener.start()

    def rss(self) -> float:
        """Resident memory now, MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> str:
        """Stop it, and give the last that it said."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self._listener.join()
        return "".join(self._said)


@contextlib.contextmanager
def serving(archive: Path, **environment: str) -> Iterator[Server]:
    """A server that answers questions."""
    server = Server(archive, **environment)
    try:
        asyncio.run(_ready(server.port))
        yield server
    finally:
        server.process.kill()
        server.stop()


async def _ready(port: int) -> None:
    pool = Pool(port)
    while (await pool.get("/readyz")).status != 200:
        await asyncio.sleep(0.1)
    pool.close()


class Pool:
    """Connections to one server, made when they are needed and used again."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str) -> Outcome:
        """GET a path."""
        return await self.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    async def ask(self, question: str) -> Outcome:
        """POST a question."""
        return await self.send("POST", "/v1/ask", {"question": question})

    async def send(self, method: str, path: str, body: object) -> Outcome:
        """Send JSON."""
        content = json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return await self.raw(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)

    def close(self) -> None:
        """Close all connections."""
        for _, writer in self._free:
            writer.close()

    async def raw(self, request: bytes) -> Outcome:
        """Send a whole request, as it is."""
        began = time.perf_counter()
        found = (0, b"", b"")
        for again in (True, False):  # a kept connection may have been closed by the server: try once on a fresh one
            fresh = not self._free or not again
            try:
                wire = await asyncio.open_connection("127.0.0.1", self._port) if fresh else self._free.pop()
                found = await self._exchange(wire, request)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                if not fresh:
                    continue
            break
        return Outcome(found[0], time.perf_counter() - began, *found[1:])

    async def _exchange(
        self, wire: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> tuple[int, bytes, bytes]:
        reader, writer = wire
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        while head.split()[1] == b"100":  # Continue: the reply is still to come
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(head.split()[1])
        content = b"" if request.startswith(b"HEAD ") or status in {204, 304} else await _content(reader, head)
        if b"connection: close" in head:
            writer.close()
        else:
            self._free.append(wire)
        return status, head, content


async def _content(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if b"transfer-encoding: chunked" not in head:
        return await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0))
    content = b""
    while size := int(await reader.readline(), 16):
        content += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return content
