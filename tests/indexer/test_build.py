from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer import build as building
from indexer.archive import Archive
from indexer.build import build
from indexer.errors import SourceUnreadable
from indexer.types import IndexEvent, Page
from tests.fakes import WordEmbedder, page


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setattr(building, "_BATCH", 4)
    opened = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    yield opened
    opened.close()


def pages(n: int) -> list[Page]:
    return [page(f"khan met xi {i}", id=f"a{i}") for i in range(n)]


def test_events_come_in_the_order_of_the_pages_of_each_batch(archive: Archive) -> None:
    told: list[IndexEvent] = []
    refused = SourceUnreadable("bad", "it is bad")
    build([*pages(9), refused, *pages(3)], archive, told.append)
    ids = [event.id for event in told if event.status == "added"]
    assert ids == [f"a{i}" for i in range(9)]
    assert [event.origin for event in told if event.status == "refused"] == ["bad"]
    assert [event.id for event in told if event.status == "unchanged"] == ["a0", "a1", "a2"]


def test_an_article_is_told_of_once_it_is_stored(archive: Archive) -> None:
    def report(event: IndexEvent) -> None:
        assert archive.glance().find(str(event.id)) is not None

    build(pages(10), archive, report)


def test_a_stop_ends_after_the_batch_and_the_next_run_goes_on(archive: Archive) -> None:
    told: list[IndexEvent] = []
    embedder = archive.embedder
    assert isinstance(embedder, WordEmbedder)
    build(pages(12), archive, told.append, stop=lambda: bool(embedder.encoded))
    assert [event.id for event in told] == ["a0", "a1", "a2", "a3"]
    build(pages(12), archive, told.append)
    assert [event.status for event in told[4:]] == ["unchanged"] * 4 + ["added"] * 8


def test_long_articles_make_small_batches(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_CHARS", 30)
    build(pages(4), archive, lambda event: None)
    assert archive.glance().info.sequence == 2  # one transaction for each two


def test_what_goes_wrong_while_storing_is_raised(archive: Archive) -> None:
    def full(event: IndexEvent) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        build(pages(9), archive, full)


def test_what_goes_wrong_while_reading_is_raised_and_what_came_before_is_stored(archive: Archive) -> None:
    def broken() -> Iterator[Page]:
        yield from pages(4)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        build(broken(), archive, lambda event: None)
    assert archive.glance().info.articles == 4


def test_a_stop_does_not_wait_for_what_never_comes(archive: Archive) -> None:
    blocked, told = threading.Event(), list[IndexEvent]()

    def piped() -> Iterator[Page]:
        yield from pages(4)
        blocked.wait(30)

    build(piped(), archive, told.append, stop=lambda: bool(told))
    assert not blocked.is_set()
    assert [event.id for event in told] == ["a0", "a1", "a2", "a3"]
    blocked.set()


@pytest.mark.parametrize("between", [0, 4, 9])
def test_the_last_text_of_an_article_stays_when_it_comes_twice(archive: Archive, between: int) -> None:
    """Also when the store holds it already, and the older text comes first: in one batch, or in batches that follow."""
    older, newer = page("khan left", id="x"), page("khan met xi", id="x")
    build([newer], archive, lambda event: None)
    told: list[IndexEvent] = []
    build([older, *pages(between), newer], archive, told.append)
    assert archive.glance().article("x").text == "khan met xi"
    assert [event.status for event in told if event.id == "x"] == ["updated", "updated"]


def test_the_last_text_stays_where_two_places_give_one_id(archive: Archive) -> None:
    older = page("khan left", id="x", origin="test:one")
    newer = page("khan met xi", id="x", origin="test:two")
    build([newer], archive, lambda event: None)
    build([older, newer], archive, lambda event: None)
    assert archive.glance().article("x").text == "khan met xi"
