"""PDF with a text layer: one file, one article. The only module that imports pypdf."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from typing import BinaryIO

import pypdf
from pypdf.errors import PyPdfError

from indexer.errors import SourceUnreadable
from indexer.sources.decode import whole_characters
from indexer.sources.limits import MAX_PAGES, read_whole
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Given, sha256
from indexer.types import Page

logging.getLogger("pypdf").setLevel(logging.CRITICAL)

_ENDS = tuple('.!?:…"”’)')
_EDGE = 2  # lines at the top and at the bottom of a page that may be its running head or foot
_NO_TITLE = re.compile(r"(?:untitled|microsoft word|document\d*|print|.*\.(?:docx?|indd|pdf|qxp|pages|odt))\b", re.I)
_HYPHENS = "-\u2010\u00ad"


class PdfSource:
    """Lines are joined to paragraphs, words that were hyphenated to words, pages where a sentence runs on."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Page | SourceUnreadable]:
        """One page, or one refusal: no PDF, locked, or without text."""
        try:
            data = read_whole(stream)
            reader = pypdf.PdfReader(BytesIO(data))
            if reader.is_encrypted and not reader.decrypt(""):
                raise ValueError("it is locked with a password: save it without one")
            pages = [page.extract_text() for page in reader.pages[:MAX_PAGES]]
            total, info = len(reader.pages), reader.metadata
            title, author = (_clean(info.title), _clean(info.author)) if info else (None, None)
        except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as problem:
            reason = str(problem) if type(problem) is ValueError else f"it is damaged ({problem})"
            yield SourceUnreadable(origin, f"it cannot be read as PDF: {reason}")
            return
        text, warnings = whole_characters(paragraphs(pages, title).replace("\0", "\ufffd"))
        if not any(char.isalnum() for char in text):
            yield SourceUnreadable(origin, "it has no text, only pictures of it: run it through OCR first")
            return
        if total > MAX_PAGES:
            warnings += (f"only its first {MAX_PAGES} pages were read",)
        yield Page(
            origin=origin,
            source_sha256=sha256(data),
            extractor=label,
            text=text,
            title=None if title is None or _NO_TITLE.match(title) else title,
            source=options.source,
            url=given.url,
            author=author,
            language=options.language,
            metadata={"pages": len(pages)},
            warnings=warnings,
        )


def _clean(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def paragraphs(pages: Sequence[str], title: str | None = None) -> str:
    """The text of pages of lines: without running heads and page numbers, a paragraph a line.

    title: a line that says it stands alone.
    """
    running = _running([_lines(page) for page in pages])
    blocks: list[str] = []
    for page in pages:
        lines = _lines(page)
        kept = [
            line
            for at, line in enumerate(lines)
            if not (min(at, len(lines) - 1 - at) < _EDGE and _shape(line) in running)
        ]
        for at, block in enumerate(_blocks(kept, title)):
            if at == 0 and blocks and _runs_on(blocks[-1], block):
                blocks[-1] = _join(blocks[-1], block)
            else:
                blocks.append(block)
    return "\n\n".join(blocks)


def _lines(page: str) -> list[str]:
    return [" ".join(line.split()) for line in page.splitlines()]


def _shape(line: str) -> str:
    """A line without its numbers: "Page 3 of 12" is the same head as "Page 4 of 12"."""
    return re.sub(r"\d+", "0", line).strip()


def _running(pages: Sequence[Sequence[str]]) -> set[str]:
    """Shapes of the lines that stand at the edges of most pages, and bare page numbers."""
    counts: Counter[str] = Counter()
    for lines in pages:
        filled = [line for line in lines if line]
        counts.update({_shape(line) for line in [*filled[:_EDGE], *filled[-_EDGE:]]})
    often = {shape for shape, count in counts.items() if shape and count >= 2 and count > len(pages) / 2}
    return often | ({"0", "- 0 -", "– 0 –"} if len(pages) > 1 else set())


def _blocks(lines: Sequence[str], title: str | None) -> Iterator[str]:
    """Paragraphs: they end at an empty line, or where a line stops short at the end of a sentence."""
    longest = max((len(line) for line in lines), default=0)
    block = ""
    for line, below in pairwise([*lines, ""]):
        if line:
            block = _join(block, line) if block else line
        ended = block.endswith(_ENDS) and len(line) < 0.75 * longest
        headed = len(line) < 0.6 * longest and below[:1].isupper() and not block.endswith((",", ";"))
        if block and (not below or not line or ended or headed or title in {line, below}):
            yield block
            block = ""


def _join(above: str, below: str) -> str:
    hyphenated = above[-1:] in _HYPHENS and above[-2:-1].isalpha() and below[:1].islower()
    return above[:-1] + below if hyphenated else f"{above} {below}"


def _runs_on(above: str, below: str) -> bool:
    return not above.endswith(_ENDS) and (below[:1].islower() or above[-1:] in _HYPHENS + ",;")
