from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Passage
from indexer.views import View
from tests.fakes import WordEmbedder, article, page

ARTICLES: list[tuple[str, str, str | None, str | None, str | None]] = [
    # id, text, source, author, published_at
    ("a1", "Khan met Xi in Beijing.", "WION", "Ann Lee", "2022-02-06T11:56:00Z"),
    ("a2", "Xi pledged roads. Khan thanked Xi.", "WION", "Bob Roy", "2022-02-06"),
    ("a3", "The Games opened in Beijing.", "Wikinews", None, "2022-03-01T00:00:00Z"),
    ("a4", "The boycott of the Games goes on.", "Wikinews", "Ann Lee", None),
    ("a5", "Volcanoes erupted; nobody was hurt.", None, None, "2021-12-31T23:59:59Z"),
]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def view(tmp_path: Path, embedder: WordEmbedder) -> Iterator[View]:
    """Five articles, each sentence a passage."""
    archive = Archive(tmp_path / "archive", embedder, create=True)
    drafts = []
    for article_id, text, source, author, published_at in ARTICLES:
        made = article(text, id=article_id, source=source, author=author, published_at=published_at)
        ends = [i + 1 for i, char in enumerate(text) if char == "."]
        passages = [Passage(start, end) for start, end in zip([0, *ends], ends, strict=False)]
        vectors = embedder.encode([(None, text[p.start : p.end]) for p in passages])
        drafts.append(Draft(page(text, id=article_id), made, passages, vectors))
    commit(archive, drafts)
    yield archive.view()
    archive.close()
