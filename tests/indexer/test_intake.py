"""What comes into an archive is counted, told of, and taken once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.errors import InvalidInput, SourceUnreadable
from indexer.intake import Intake
from indexer.types import IndexEvent, IndexSummary
from tests.fakes import WordEmbedder, page


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    yield archive
    archive.close()


def counts(summary: IndexSummary) -> tuple[int, int, int, int, int]:
    return summary.added, summary.updated, summary.unchanged, summary.refused, summary.removed


def test_files_are_added_then_unchanged_then_pruned(archive: Archive, tmp_path: Path) -> None:
    (folder := tmp_path / "in").mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.txt").write_text(f"The {name} ferry sank in the harbour.")
    told: list[IndexEvent] = []
    first, second, third = (Intake(archive, WordEmbedder, report=told.append) for _ in range(3))
    first.index([folder])
    assert counts(first.summary()) == (2, 0, 0, 0, 0)
    second.index([folder])
    assert counts(second.summary()) == (0, 0, 2, 0, 0)
    (folder / "two.txt").unlink()
    (folder / "one.txt").write_text("It was raised again.")
    third.index([folder], prune=True)
    assert counts(third.summary()) == (0, 1, 0, 0, 1)
    assert third.summary().view.articles == 1
    assert [event.status for event in told] == ["added", "added", "unchanged", "unchanged", "updated", "removed"]


def test_pages_from_memory_are_taken_and_what_is_none_is_refused(archive: Archive) -> None:
    intake = Intake(archive, WordEmbedder)
    intake.add([page("Khan met Xi.", id="a"), SourceUnreadable("test:b", "it holds no text")])
    intake.add([page("Khan met Xi in Beijing.", id="a")])
    assert counts(intake.summary()) == (1, 1, 0, 1, 0)  # of both together


def test_a_stop_ends_a_run_and_the_next_one_goes_on(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("The ferry sank in the harbour.")
    stopped, resumed = Intake(archive, WordEmbedder), Intake(archive, WordEmbedder)
    stopped.index([tmp_path / "one.txt"], stop=lambda: True)
    resumed.index([tmp_path / "one.txt"])
    assert stopped.summary().added + resumed.summary().added == 1
    assert resumed.summary().view.articles == 1


@pytest.mark.parametrize("workers", ["-1", "many", "http://host:1"])
def test_what_is_no_number_of_workers_is_refused(archive: Archive, tmp_path: Path, workers: str) -> None:
    with pytest.raises(InvalidInput, match=r"^--workers: .* is neither: give a number, or ray://host:10001"):
        Intake(archive, WordEmbedder).index([tmp_path], workers=workers)
