"""Invariants 1 to 3 over real sources: `make laws` runs over the pages of ../shared/data, tests over committed ones.

Real parsers, cleaning, chunking, storing, searching, grouping and citing; vectors and logits are random stand-ins, so
that spans fall anywhere, also where no trained reader would put them.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from indexer.archive import Archive
from indexer.build import build
from indexer.chunk import MAX_CHARS, MAX_WORDS
from indexer.errors import SourceUnreadable
from indexer.sources import Unchanged, read_pages
from indexer.sources.decode import decode
from indexer.types import Article, Filters, Mode, Page, Passage
from reader.answer import Question, answer
from reader.model import Reader
from reader.verify import verify
from tests.fakes import WordEmbedder
from tests.reader.fakes import FakeSpanModel, at_random

_MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
_READABLE = frozenset({"body", "summary"})


def check_sources(paths: Sequence[Path], seed: int = 0, questions: int = 10) -> Counter[str]:
    """Index what lies under the paths and check every article, passage and quotation. Returns what was checked."""
    checked: Counter[str] = Counter()
    pages = [found for found in read_pages(paths) if not isinstance(found, Unchanged)]
    read = [page for page in pages if isinstance(page, Page)]
    checked["refused"] = len(pages) - len(read)
    for page in read:
        if page.extractor.startswith("text/") and page.origin.startswith("file:") and "#" not in page.origin:
            check_plain_text(page)
            checked["plain texts"] += 1
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), WordEmbedder(), create=True)
        try:
            _index(read, archive, checked)
            _ask(archive, random.Random(seed), questions, checked)
        finally:
            archive.close()
    return checked


def check_plain_text(page: Page) -> None:
    """Invariant 2 for plain text: the text is the decoded file, character for character."""
    data = Path(page.origin.removeprefix("file://")).read_bytes()
    assert page.text == decode(data).text, page.origin
    assert page.source_sha256 == hashlib.sha256(data).hexdigest(), page.origin


def check_article(article: Article, passages: Sequence[Passage]) -> None:
    """Invariants 2 and 3 for one article: its blocks cover it, and its passages cover what can be read of it."""
    text, at = article.text, 0
    assert article.sha256 == hashlib.sha256(text.encode()).hexdigest()
    for block in article.blocks:
        assert at <= block.start < block.end <= len(text), article.id
        assert not text[at : block.start].strip(), article.id
        piece = text[block.start : block.end]
        assert piece == piece.strip(), article.id
        at = block.end
    assert not text[at:].strip(), article.id
    readable = [block for block in article.blocks if block.kind in _READABLE]
    covered = bytearray(len(text))
    for passage in passages:
        piece = text[passage.start : passage.end]
        assert piece.strip() == piece, article.id
        assert piece, article.id
        assert len(piece.split()) <= MAX_WORDS, article.id
        assert len(piece) <= MAX_CHARS, article.id
        covered[passage.start : passage.end] = b"\1" * len(piece)
        if readable:
            assert any(block.start <= passage.start and passage.end <= block.end for block in readable), article.id
    for block in readable:
        missed = [at for at in range(block.start, block.end) if not covered[at] and not text[at].isspace()]
        assert not missed, article.id
    assert passages, article.id


def _index(read: Iterable[Page], archive: Archive, checked: Counter[str]) -> None:
    refused: list[str] = []
    build(read, archive, lambda event: refused.append(event.origin) if event.status == "refused" else None)
    checked["refused"] += len(refused)
    for row, _ in archive.store.rows("SELECT rowid, id FROM article WHERE removed_seq IS NULL"):
        sql = 'SELECT start, "end" FROM passage WHERE article = ? ORDER BY ordinal'
        passages = [Passage(*place) for place in archive.store.rows(sql, (row,))]
        check_article(archive.view().article_at(row), passages)
        checked["articles"] += 1
        checked["passages"] += len(passages)


def _ask(archive: Archive, chance: random.Random, questions: int, checked: Counter[str]) -> None:
    """Invariant 1: every answer, context, hit and highlight is what stands at its place."""
    view = archive.view()
    rows = [row for (row,) in archive.store.rows("SELECT rowid FROM article WHERE removed_seq IS NULL")]
    for number in range(questions if rows else 0):
        words = view.article_at(chance.choice(rows)).text.split()
        asked = " ".join(chance.choices(words, k=min(8, len(words))))[:200]
        reader = Reader(FakeSpanModel(at_random(number), threshold=-1e9), max_tokens=12)
        question = Question(asked, 50, 50, _MODES[number % 3], Filters())
        reply = answer(question, view, archive.embedder, reader)
        for found in reply.answers:
            article = view.article(found.article.id)
            assert article.text[found.range.start : found.range.end] == found.answer
            assert article.text[found.context.range.start : found.context.range.end] == found.context.text
            assert verify(found.citation, article).status == "valid"
            checked["answers"] += 1
        for hit in reply.passages:
            article = view.article(hit.article.id)
            assert article.text[hit.range.start : hit.range.end] == hit.text
            assert all(hit.range.start <= m.start < m.end <= hit.range.end for m in hit.highlights)
            checked["hits"] += 1


def main(arguments: list[str] | None = None) -> int:
    """Check every source under the paths, and print how much was checked."""
    parser = argparse.ArgumentParser(prog="python -m tests.laws", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("paths", type=Path, nargs="+")
    given: list[Path] = parser.parse_args(arguments).paths
    checked = check_sources(given, questions=60)
    sys.stdout.write(
        ", ".join(f"{count} {what}" for what, count in sorted(checked.items())) + ": all as they must be\n"
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SourceUnreadable as problem:
        sys.exit(str(problem))
