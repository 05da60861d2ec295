from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from indexer import resident
from indexer.archive import Archive
from indexer.commit import delete
from indexer.indexes import LocalIndex
from indexer.resident import Bounded, resident_files
from indexer.seal import settle
from indexer.types import Filters
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import put

MOST = resident.MOST


def seen(monkeypatch: pytest.MonkeyPatch, *sizes: int) -> None:
    """Let so many bytes be resident, look by look."""
    coming = iter(sizes)
    monkeypatch.setattr(resident, "resident_files", lambda: next(coming))


def test_files_are_opened_anew_once_much_of_them_is_resident(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1, 9))
    files = Bounded(0, lambda: next(numbers))
    seen(monkeypatch, 100, 100 + MOST, 101 + MOST, 50, 40, 40 + MOST, 41 + MOST)
    assert [files.now() for _ in range(7)] == [0, 0, 1, 1, 1, 1, 2]


def test_what_cannot_be_opened_anew_serves_on(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Bounded("first", lambda: None)
    seen(monkeypatch, 0, 2 * MOST, 2 * MOST, 4 * MOST)
    assert [files.now() for _ in range(4)] == ["first"] * 4


def test_pages_of_a_map_are_counted_once_they_are_touched(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(20_000_000))
    mapped = np.memmap(tmp_path / "file", np.uint8, "r")
    before = resident_files()
    assert mapped.sum() == 0
    assert 15_000_000 < resident_files() - before < 40_000_000


@pytest.fixture
def always_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other search opens the words on disk anew."""
    sizes = count(0, 2 * MOST)
    monkeypatch.setattr(resident, "resident_files", lambda: next(sizes))


def test_searches_are_the_same_whenever_the_words_are_opened_anew(tmp_path: Path, always_anew: None) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for article_id in "abc":
        put(archive, article_id, "khan xi pledged roads")
    settle(archive, force=True)
    put(archive, "d", "khan roads")
    delete(archive, ["b"])
    view = archive.view()
    assert isinstance(archive.index, LocalIndex)
    assert archive.index._state is not None
    assert archive.index._state.disk is not None
    files = archive.index._state.disk
    assert len({id(index) for index in [files.now() for _ in range(4)]}) > 1
    found = view.lexical.search("khan", 10, Filters())
    assert [row for row, _ in found] == [1, 5, 7]
    for _ in range(4):
        assert view.lexical.search("khan", 10, Filters()) == found
    shutil.rmtree(tmp_path / "archive" / "lexical")  # as another process does that put words elsewhere
    for _ in range(4):
        assert view.lexical.search("khan", 10, Filters()) == found
    archive.close()
