"""What a second run need not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer import remembered, sources
from indexer.archive import Archive
from indexer.build import build
from indexer.commit import delete
from indexer.errors import SourceUnreadable
from indexer.remembered import Memory
from indexer.sources import SourceOptions, read_pages
from indexer.sources.formats import reader_of
from indexer.sources.source import Validators
from indexer.types import IndexEvent
from tests.fakes import WordEmbedder
from tests.fixtures.make_formats import STORIES, page

HTML = page(STORIES["page.html"])


class Run:
    """An archive, a folder, and which of its files a run opened."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.archive = Archive(folder / "archive", WordEmbedder(), create=True)
        self.folder = folder / "in"
        self.folder.mkdir()
        self.opened: list[str] = []
        real = Path.open

        def noted(path: Path, *args: object, **named: object) -> object:
            if path.parent == self.folder:
                self.opened.append(path.name)
            return real(path, *args, **named)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", noted)

    def index(self, **options: str) -> dict[str, str]:
        """What became of each file."""
        self.opened.clear()
        events: list[IndexEvent] = []
        chosen = SourceOptions(**options)  # type: ignore[arg-type]
        memory = Memory(self.archive, reader_of(chosen))
        build(read_pages([self.folder], chosen, memory=memory), self.archive, events.append)
        memory.save()
        return {event.origin.rpartition("/")[2]: event.status for event in events}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setattr(sources, "_TICK", -1.0)  # the files of these tests are young
    with monkeypatch.context() as patches:
        run = Run(tmp_path, patches)
        (run.folder / "a.html").write_text(HTML)
        (run.folder / "b.txt").write_text("The mayor spoke.")
        (run.folder / "c.html").write_text("<!DOCTYPE html><html><body><script>x</script></body></html>")
        (run.folder / "d.jsonl").write_text('{"text": "The council met."}\n')
        yield run
        run.archive.close()


def test_a_page_that_the_system_calls_unchanged_is_not_opened(run: Run) -> None:
    assert run.index() == {"a.html": "added", "b.txt": "added", "c.html": "refused", "d.jsonl#line=1": "added"}
    assert run.opened == ["a.html", "b.txt", "c.html", "d.jsonl"]
    assert run.index() == {
        "a.html": "unchanged",
        "b.txt": "unchanged",
        "c.html": "refused",
        "d.jsonl#line=1": "unchanged",
    }
    assert run.opened == ["d.jsonl"]  # its lines may be many, and some of them refused


def test_a_change_that_keeps_size_and_time_is_seen(run: Run) -> None:
    run.index()
    before = (run.folder / "b.txt").stat()
    with (run.folder / "b.txt").open("r+") as file:
        file.write("The judge")
    os.utime(run.folder / "b.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run.index()["b.txt"] == "updated"


def test_what_was_deleted_or_would_be_read_otherwise_is_read(run: Run) -> None:
    run.index()
    assert run.index(language="en")["b.txt"] == "updated"
    assert run.opened == ["a.html", "b.txt", "c.html", "d.jsonl"]
    assert run.index()["b.txt"] == "updated"
    rows = run.archive.store.rows(
        "SELECT id FROM article WHERE text = ? AND removed_seq IS NULL", (b"The mayor spoke.",)
    )
    delete(run.archive, [rows[0][0]])
    assert run.index()["b.txt"] == "added"
    assert run.opened == ["b.txt", "d.jsonl"]


def test_a_file_that_changed_just_now_is_not_believed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_TICK", 3600.0)
    run.index()
    assert run.archive.store.rows("SELECT key FROM looked") == []
    assert set(run.index().values()) == {"unchanged", "refused"}
    assert run.opened == ["a.html", "b.txt", "c.html", "d.jsonl"]


def test_what_servers_said_waits_for_the_articles_of_its_fetch(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed must fetch again what it had not stored."""
    monkeypatch.setattr(remembered, "_BATCH", 2)
    memory = Memory(run.archive, "reader")
    memory.fetched("https://x.example/", Validators("etag", None))
    for number in range(4):
        memory.refuse(f"file:///{number}", "0" * 64, "extractor", "it is empty")
        memory.looked(f"file:///{number}", "1:2:3:4", "0" * 64, "extractor")
    assert run.archive.store.rows("SELECT count(*) FROM refusal") == [(3,)]
    assert run.archive.store.rows("SELECT * FROM fetched") == []
    assert isinstance(memory.seen("file:///1", "1:2:3:4"), SourceUnreadable)
    assert memory.seen("file:///1", "1:2:3:5") is None
    memory.save()
    assert run.archive.store.rows("SELECT url, etag FROM fetched") == [("https://x.example/", "etag")]
