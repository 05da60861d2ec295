"""Upkeep through the Python door, with a stand-in for the models: what is tested is the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import pullquote
from indexer.errors import InvalidInput
from indexer.types import Page
from pullquote import Archive
from tests.fakes import WordEmbedder, page


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pullquote, "load_embedder", lambda *_: WordEmbedder())


@pytest.fixture
def door(tmp_path: Path, stand_in: None) -> Iterator[Archive]:
    with Archive(tmp_path / "archive", create=True) as opened:
        opened.add(pages(20))
        yield opened


def pages(n: int) -> list[Page]:
    return [page(f"Khan met Xi in Beijing on day {i}.", id=f"a{i}") for i in range(n)]


def test_an_id_that_is_no_text_is_refused_and_deletes_nothing(door: Archive) -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        door.delete(["a1", "\ud800"])
    assert door.article("a1").text.endswith("day 1.")
