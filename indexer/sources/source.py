"""What a source file is to us, and the Protocol behind which every format lives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from indexer.clean import CLEANER
from indexer.errors import SourceUnreadable
from indexer.sources.options import SourceOptions
from indexer.types import Page


class Source(Protocol):
    """A format. `name` and version go into every page's `extractor`: a new version reads its files again."""

    @property
    def name(self) -> str: ...  # noqa: D102 see above

    @property
    def suffixes(self) -> tuple[str, ...]: ...  # noqa: D102 lower case, with the dot

    def read(self, stream: BinaryIO, origin: str, options: SourceOptions) -> Iterator[Page | SourceUnreadable]:
        """Every page of one file, in its order; what cannot be read is told in its place, and the rest goes on."""
        ...


def extractor(name: str, options: SourceOptions) -> str:
    """All that decides, besides the bytes, what becomes of a file: format, cleaner, options."""
    return " ".join(part for part in (name, CLEANER, options.digest()) if part)


def sha256(data: bytes) -> str:
    """Of the original bytes, in hex."""
    return hashlib.sha256(data).hexdigest()
