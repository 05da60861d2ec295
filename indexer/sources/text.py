"""Plain text: one file, one article."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from indexer.errors import SourceUnreadable
from indexer.sources.decode import MAX_BYTES, decode
from indexer.sources.options import SourceOptions
from indexer.sources.source import extractor, sha256
from indexer.types import Page


class TextSource:
    """The decoded file, character for character, is the article's text (invariant 2)."""

    name = "text/1"
    suffixes = (".txt",)

    def read(self, stream: BinaryIO, origin: str, options: SourceOptions) -> Iterator[Page | SourceUnreadable]:
        """One page, or one refusal: not text, too long, or empty."""
        data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            yield SourceUnreadable(origin, f"it is longer than {MAX_BYTES // 1_000_000} MB: split it into articles")
            return
        try:
            text, warnings = decode(data)
        except ValueError as problem:
            yield SourceUnreadable(origin, str(problem))
            return
        if "\0" in text:
            yield SourceUnreadable(
                origin, "it holds NUL characters, as binary files do: save it as plain text in UTF-8"
            )
        elif not text.strip():
            yield SourceUnreadable(origin, "it is empty")
        else:
            yield Page(
                origin=origin,
                source_sha256=sha256(data),
                extractor=extractor(self.name, options),
                text=text,
                source=options.source,
                language=options.language,
                warnings=warnings,
            )
