from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from indexer import lexical_files, resident
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


def test_copied_words_are_checked_when_they_are_opened_not_in_a_search(
    tmp_path: Path, always_anew: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    put(first, "a", "khan xi pledged roads")
    settle(first, force=True)
    first.close()
    read, has_its_crc = list[str](), lexical_files._has_its_crc

    def noted(file: Path) -> bool:
        read.append(file.name)
        return has_its_crc(file)

    monkeypatch.setattr(lexical_files, "_has_its_crc", noted)
    copy = shutil.copytree(tmp_path / "archive", tmp_path / "copy")  # no file looks as it did when it was signed
    archive = Archive(copy, WordEmbedder())
    view = archive.view()
    assert len(read) >= 5
    read.clear()
    assert isinstance(archive.index, LocalIndex)
    assert archive.index._state is not None
    assert archive.index._state.disk is not None
    files = archive.index._state.disk
    assert len({id(index) for index in [files.now() for _ in range(4)]}) > 1
    assert [row for row, _ in view.lexical.search("khan", 10, Filters())] == [1]
    assert read == []
    os.utime(next(copy.glob("lexical/*/*.store")), ns=(0, 0))
    assert [row for row, _ in [view.lexical.search("khan", 10, Filters()) for _ in range(2)][1]] == [1]
    assert len(read) >= 5  # what looks otherwise since is checked
    archive.close()
