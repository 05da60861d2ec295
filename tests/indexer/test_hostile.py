from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from indexer.clean import clean
from indexer.errors import SourceUnreadable
from indexer.sources import Unchanged, read_pages
from indexer.types import Article
from tests.indexer.hostile import ROWS, Row
from tests.indexer.test_clean import check_laws

PATIENCE = 60.0  # seconds for one input, on a busy machine


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_input_has_its_outcome(row: Row, tmp_path: Path) -> None:
    articles: list[Article] = []
    refused: list[str] = []
    warned: list[str] = []
    begun = time.monotonic()
    for found in read_pages([row.make(tmp_path)]):
        assert not isinstance(found, Unchanged)
        try:
            if isinstance(found, SourceUnreadable):
                raise found
            articles.append(clean(found, None, warned.append))
        except SourceUnreadable as problem:
            refused.append(problem.reason)
    assert time.monotonic() - begun < PATIENCE
    assert len(articles) == row.pages, refused
    assert len(refused) == len(row.refused), refused
    for reason, pattern in zip(refused, row.refused, strict=True):
        assert re.search(pattern, reason), reason
    for article in articles:
        check_laws(article.text, article.blocks)
        assert "passwd" not in (article.url or "")
        assert "root:" not in article.text
    if row.pages:
        assert articles[0].text.startswith(row.text)
        assert articles[0].published_at == row.published
        assert re.search(row.warned, "\n".join(warned)), warned
        assert bool(warned) == bool(row.warned) or row.warned == "", warned


def test_the_table_is_long_enough() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 60
