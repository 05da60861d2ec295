"""Watching, on real folders: each test waits for what a person would see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import watchfiles

from indexer import watch
from indexer.types import IndexEvent
from indexer.watch import NOTHING, Change, changes
from pullquote import Archive
from tests.fakes import WordEmbedder

PATIENCE = 30.0  # seconds, on a busy machine


class Watch:
    """Changes under roots, from when it was made."""

    def __init__(self, roots: list[Path], interval: float = 3600.0) -> None:
        self.stop = threading.Event()
        self._changes = changes([root.resolve() for root in roots], interval, self.stop)
        assert next(self._changes) == NOTHING

    def next(self) -> Change:
        """The next change, or nothing where none came for long."""
        timer = threading.Timer(PATIENCE, self.stop.set)
        timer.start()
        try:
            return next(self._changes, NOTHING)
        finally:
            timer.cancel()

    def paths(self, count: int) -> set[str]:
        """The names of the files that changed, until there are so many."""
        names = set[str]()
        while len(names) < count and (change := self.next()) != NOTHING:
            names |= {path.name for path in change.paths}
        return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.txt").write_text("The mayor spoke.")
    return tmp_path / "in"


def test_a_new_file_and_a_changed_one_are_told_of(folder: Path) -> None:
    seen = Watch([folder])
    (folder / "new.txt").write_text("The council met.")
    (folder / "old.txt").write_text("The mayor spoke again.")
    (folder / "picture.jpg").write_bytes(b"\xff\xd8")
    (folder / ".hidden.txt").write_text("Not for us.")
    assert seen.paths(2) == {"new.txt", "old.txt"}


def test_a_folder_moved_in_whole_brings_all_that_lies_in_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "a.txt").write_text("One.")
    (tmp_path / "out" / "deep" / "b.html").write_text("<p>Two.")
    seen = Watch([folder])
    (tmp_path / "out").rename(folder / "moved")
    assert seen.paths(2) == {"a.txt", "b.html"}
    (folder / "moved" / "deep" / "c.txt").write_text("Three.")  # it is watched from then on
    assert seen.paths(1) == {"c.txt"}


def test_a_folder_moved_out_whole_is_gone(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_text("One.")
    seen = Watch([folder])
    (folder / "sub").rename(tmp_path / "elsewhere")
    assert seen.next() == Change((), gone=True, due=False)


def test_a_file_is_watched_alone_also_when_it_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[tuple[tuple[Path, ...], bool]] = []
    real: Callable[..., Iterator[set[tuple[watchfiles.Change, str]]]] = watchfiles.watch

    def noted(*paths: Path, recursive: bool, **options: object) -> Iterator[set[tuple[watchfiles.Change, str]]]:
        watched.append((paths, recursive))
        return real(*paths, recursive=recursive, **options)

    monkeypatch.setattr(watchfiles, "watch", noted)
    seen = Watch([folder / "old.txt"])
    assert watched == [((folder,), False)]
    (folder / "beside.txt").write_text("The council met.")
    (folder / "draft").write_text("The mayor spoke again.")
    (folder / "draft").rename(folder / "old.txt")
    assert seen.next() == Change((folder / "old.txt",), gone=False, due=False)


def test_what_changes_between_the_beginning_and_the_first_look_is_told_of(folder: Path) -> None:
    seen = Watch([folder])
    (folder / "new.txt").write_text("The council met.")
    time.sleep(3 * watch._QUIET_MS / 1000)  # a first run takes as long as it takes
    assert seen.paths(1) == {"new.txt"}


def test_what_no_event_told_of_is_seen_when_it_is_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> Iterator[set[object]]:
        while True:
            time.sleep(0.05)
            yield set()

    monkeypatch.setattr(watchfiles, "watch", silent)
    seen = Watch([folder], interval=0.3)
    (folder / "new.txt").write_text("The council met.")
    (folder / "old.txt").unlink()
    change = seen.next()
    assert change == Change((folder / "new.txt",), gone=True, due=True)
    assert seen.next() == Change((), gone=False, due=True)


def test_a_root_that_is_replaced_is_watched_anew(folder: Path, tmp_path: Path) -> None:
    seen = Watch([folder])
    folder.rename(tmp_path / "before")
    assert seen.next().gone
    folder.mkdir()
    (folder / "a.txt").write_text("One.")
    assert seen.paths(1) == {"a.txt"}
    (folder / "b.txt").write_text("Two.")
    assert seen.paths(1) == {"b.txt"}


def test_an_archive_follows_a_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ferry.txt").write_text("The ferry sank in the harbour.")
    monkeypatch.setattr("pullquote.load_embedder", lambda *_: WordEmbedder())
    with Archive(tmp_path / "archive", create=True) as archive:
        told: list[str] = []
        stop = threading.Event()

        def tell(event: IndexEvent) -> None:
            told.append(f"{event.status} {event.origin}")

        def follow() -> None:
            archive.watch(
                folder, report=lambda event: told.append(f"{event.status} {event.origin}"), prune=True, stop=stop
            )

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            _wait(lambda: told == [f"added {(folder / 'old.txt').as_uri()}"])
            (tmp_path / "out").rename(folder / "out")
            ferry = (folder / "out" / "ferry.txt").as_uri()
            _wait(lambda: told[1:] == [f"added {ferry}"])
            assert archive.search("ferry").items[0].text == "The ferry sank in the harbour."
            (folder / "out").rename(tmp_path / "out")
            _wait(lambda: f"removed {ferry}" in told)
            assert [hit.text for hit in archive.search("ferry", mode="lexical").items] == []
        finally:
            stop.set()
            thread.join()


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)
