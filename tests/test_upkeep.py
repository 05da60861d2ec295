"""Upkeep through the Python door, with a stand-in for the models: what is tested is the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import pullquote
from api import cli
from indexer.errors import InvalidInput, ModelMismatch, ModelMissing
from indexer.store import FILE
from indexer.types import Embedder, Page
from pullquote import Archive
from reader.cite import cite
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
    """Short articles, no two nearly the same."""
    return [page(f"Khan met {'Xi' * (i + 1)} in {'Bei' * (i + 1)} on day {i}.", id=f"a{i}") for i in range(n)]


def test_an_id_that_is_no_text_is_refused_and_deletes_nothing(door: Archive) -> None:
    with pytest.raises(InvalidInput, match="surrogate"):
        door.delete(["a1", "\ud800"])
    assert door.article("a1").text.endswith("day 1.")


def test_articles_are_read_deleted_and_verified_without_the_models(
    door: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = door.view_info()
    article = door.article("a3")
    citation = cite(article, 0, len("Khan met"))

    def missing(*_: object) -> Embedder:
        raise ModelMissing("words", "not here")

    monkeypatch.setattr(pullquote, "load_embedder", missing)
    with Archive(tmp_path / "archive") as bare:
        assert bare.view_info() == expected
        assert [head.id for head in bare.articles(limit=2).items] == ["a0", "a1"]
        assert bare.article("a3") == article
        assert [verdict.status for verdict in bare.verify([citation])] == ["valid"]
        assert bare.delete(["a3"]) == ["a3"]
        assert [verdict.status for verdict in bare.verify([citation])] == ["missing"]
        assert bare.view_info().articles == expected.articles - 1
        assert bare.compact().after > 0
        assert bare.delete(["a4"], purge=True) == ["a4"]
        with pytest.raises(ModelMissing):
            bare.search("day 3")
    assert door.view_info().articles == expected.articles - 2
    assert "a3" not in {hit.article.id for hit in door.search("day 3", top_k=100).items}


def test_purging_and_compacting_through_the_door(door: Archive) -> None:
    door.index()
    assert b"day 7." in (door.path / FILE).read_bytes() + log(door)
    assert door.delete(["a7"], purge=True) == ["a7"]
    assert b"day 7." not in (door.path / FILE).read_bytes() + log(door)
    door.delete([f"a{i}" for i in range(7)])
    done = door.compact()
    assert done.after < done.before
    assert b"day 3." not in (door.path / FILE).read_bytes() + log(door)
    assert door.doctor().ok
    assert len(door.articles().items) == 12
    with pytest.raises(InvalidInput, match="surrogate"):
        door.delete(["\udc00"], purge=True)


def log(door: Archive) -> bytes:
    file = door.path / f"{FILE}-wal"
    return file.read_bytes() if file.exists() else b""


def test_a_glance_counts_as_a_view_does(door: Archive, tmp_path: Path) -> None:
    def agree() -> None:
        with Archive(tmp_path / "archive") as glancing, Archive(tmp_path / "archive") as viewing:
            assert glancing.view_info() == viewing.search("khan").view

    agree()
    door.delete(["a1", "a2"])
    agree()
    door.index()
    agree()
    door.add(pages(3))
    door.delete(["a9"])
    agree()


def test_the_command_line_changes_over_to_another_embedder(
    door: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pullquote, "load_embedder", lambda *_: WordEmbedder("words:2", width=16))
    folder = ["--archive", str(door.path)]
    assert cli.main(["search", "khan", *folder]) == 3
    error = capsys.readouterr().err
    assert "words:1, not words:2" in error
    assert "pullquote index --reembed" in error
    assert cli.main(["index", "--reembed", *folder]) == 0
    assert "20 re-embedded; the archive holds 20 articles" in capsys.readouterr().out
    assert cli.main(["search", "day 7", "--top-k", "20", "--json", *folder]) == 0
    assert "day 7." in capsys.readouterr().out
    assert cli.main(["index", *folder]) == 2
    with pytest.raises(ModelMismatch):  # it still has the old one
        door.search("khan")
