"""How much of a source we take: enough for any article, too little to fill a disk or a day."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

MB = 1_000_000
MAX_BYTES = 50 * MB  # of one article: more is a dump, not an article
MAX_SECONDS = 30.0  # for one document, in a process of its own
MAX_DEPTH = 3  # archives inside archives
MAX_RATIO = 100  # unpacked to packed, of more than FREE_BYTES; news in gzip has 3 to 20
FREE_BYTES = 100 * MB
MAX_SPOOLED = 2_000 * MB  # of an archive that can only be read from a disk
MAX_PAGES = 2_000  # of one PDF


class TooLarge(ValueError):
    """What a stream would give is more than we take; the message says how much that is."""


class Packed(io.RawIOBase):
    """A stream that counts what is read of it, to compare with what comes out of it."""

    def __init__(self, inner: BinaryIO) -> None:
        self._inner = inner
        self.count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, into: object) -> int:
        """Count and pass on."""
        view = memoryview(into)  # type: ignore[arg-type]
        data = self._inner.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


def buffered(raw: io.RawIOBase) -> BinaryIO:
    """A stream that can be peeked into."""
    return cast(BinaryIO, io.BufferedReader(raw, 1 << 16))


def read_whole(stream: BinaryIO, most: int | None = None) -> bytes:
    """All that a stream holds. Raises TooLarge: more than `most` bytes (of one article if not given)."""
    most = MAX_BYTES if most is None else most
    data = stream.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"it is longer than {most // MB} MB: split it into articles")
    return data
