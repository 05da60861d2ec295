"""Plain text and Markdown: one file, one article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from indexer.errors import SourceUnreadable
from indexer.sources.decode import decode, decode_declared
from indexer.sources.limits import read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Given, sha256
from indexer.types import Block, Page

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.{0,8000}?\r?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)
_ENTRY = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_NAMES = {
    "title": "title",
    "author": "author",
    "authors": "author",
    "date": "published",
    "published": "published",
    "source": "source",
    "url": "url",
    "link": "url",
    "canonical": "url",
    "lang": "language",
    "language": "language",
}


class TextSource:
    """The decoded file, character for character, is the article's text (invariant 2)."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """One page, or one refusal: not text, too long, or empty."""
        try:
            data = read_whole(stream)
            text, warnings = decode_declared(data, given.charset) if given.charset else decode(data)
        except ValueError as problem:
            yield SourceUnreadable(origin, str(problem))
            return
        if "\0" in text:
            yield SourceUnreadable(
                origin, "it holds NUL characters, as binary files do: save it as plain text in UTF-8"
            )
            return
        if not text.strip():
            yield SourceUnreadable(origin, "it is empty")
            return
        end, said = front_matter(text)
        yield Page(
            origin=origin,
            source_sha256=sha256(data),
            extractor=label,
            text=text,
            title=said.get("title"),
            source=said.get("source") or options.source,
            url=said.get("url") or given.url,
            author=said.get("author"),
            published=said.get("published"),
            language=said.get("language") or options.language,
            warnings=warnings,
            marked=(Block(0, end, "furniture"),) if end else (),
        )


def front_matter(text: str) -> tuple[int, dict[str, str]]:
    r"""Where the fields above a Markdown text end, 0 without any, and what they say of the page.

    `front_matter("---\ntitle: A\n---\nText.")[1] == {"title": "A"}`
    """
    found = _FRONT_MATTER.match(text)
    entries = _ENTRY.findall(found[1]) if found else []
    if not found or not entries:
        return 0, {}
    said: dict[str, str] = {}
    for key, value in entries:
        name, bare = _NAMES.get(key.lower()), value.strip().strip("[]").strip("\"'")
        if name and bare:
            said.setdefault(name, bare)
    return len(found[0].rstrip()), said
