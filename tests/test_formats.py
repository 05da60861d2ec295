"""One article in each format, indexed by one command, each found by a question about it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import pytest

from api.cli import main
from indexer.errors import InvalidInput
from indexer.types import Article, IndexEvent
from pullquote import Archive
from tests.fixtures.make_formats import FOLDER, STORIES, content

_DAYS = {name: f"2024-03-{day:02d}" for day, name in enumerate(STORIES, 1)}
_UNDATED = {"plain.txt", "pack.zip", "latin.txt", "utf16.txt", "paper.pdf"}  # they say nowhere when they were published


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("formats") / "archive"
    assert main(["index", str(FOLDER), "--archive", str(folder)]) == 0
    with Archive(folder) as archive:
        yield archive


def articles(archive: Archive) -> dict[str, Article]:
    found = [archive.article(head.id) for head in archive.articles().items]
    return {str(article.title): article for article in found}


@pytest.mark.parametrize("name", STORIES)
def test_the_files_are_those_that_are_described(name: str) -> None:
    assert (FOLDER / name).read_bytes() == content(name, STORIES[name])


@pytest.mark.parametrize("name", STORIES)
def test_an_article_of_each_format_is_found_by_a_question(archive: Archive, name: str) -> None:
    story = STORIES[name]
    hits = archive.search(story.question).items
    assert hits[0].article.title == story.title
    assert story.answer in hits[0].text
    reply = archive.ask(story.question)
    for answer in reply.answers:
        text = archive.article(answer.article.id).text
        assert text[answer.range.start : answer.range.end] == answer.answer


def test_most_of_them_are_answered(archive: Archive) -> None:
    right = 0
    for story in STORIES.values():
        answers = archive.ask(story.question).answers
        right += bool(answers) and answers[0].article.title == story.title and story.answer in answers[0].context.text
    assert right >= len(STORIES) - 4


@pytest.mark.parametrize("name", STORIES)
def test_what_is_known_of_an_article_is_kept(archive: Archive, name: str) -> None:
    story, article = STORIES[name], articles(archive)[STORIES[name].title]
    assert article.author == story.author
    assert article.language == ("fr" if name == "latin.txt" else "en")
    published = (article.published_at or "")[:10]
    assert published == ("" if name in _UNDATED else _DAYS[name])
    body = "".join(article.text[block.start : block.end] for block in article.blocks if block.kind == "body")
    assert "".join(body.split()) == "".join("".join(story.body).split())


def test_tracking_parameters_are_not_kept(archive: Archive) -> None:
    urls = [article.url for article in articles(archive).values() if article.url]
    assert len(urls) == 5
    assert not any("utm_" in url for url in urls)


def test_nothing_is_read_again(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(FOLDER), "--archive", str(archive.path), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["status"] for line in lines[:-1]} == {"unchanged"}
    assert lines[-1]["summary"]["unchanged"] == len(STORIES)


def test_what_is_in_an_archive_file_has_its_place_in_it(archive: Archive, tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as fresh:
        events: list[IndexEvent] = []
        fresh.index(FOLDER / "pack.zip", report=events.append)
        assert [event.origin.rpartition("/formats/")[2] for event in events] == ["pack.zip#birds/storks.txt"]


def test_a_watched_folder_is_searchable_within_seconds(tmp_path: Path) -> None:
    folder, stop, told = tmp_path / "articles", Event(), Queue[IndexEvent]()
    folder.mkdir()
    (folder / "first.txt").write_bytes((FOLDER / "plain.txt").read_bytes())
    with Archive(tmp_path / "archive", create=True) as watched, Archive(tmp_path / "archive") as served:
        watching = Thread(
            target=watched.watch, args=(folder,), kwargs={"report": told.put, "prune": True, "stop": stop}
        )
        watching.start()
        try:
            assert told.get(timeout=60).status == "added"
            time.sleep(1)  # until the notices of the operating system are on
            (folder / "README.md").write_text("About this folder.")
            (folder / "page.html").write_bytes((FOLDER / "page.html").read_bytes())
            begun = time.monotonic()
            assert told.get(timeout=60).origin.endswith("/page.html")
            hits = served.search(STORIES["page.html"].question).items
            assert hits[0].article.title == STORIES["page.html"].title
            assert time.monotonic() - begun < 20  # two seconds, on a machine that is idle
            (folder / "first.txt").unlink()
            statuses = [told.get(timeout=60).status for _ in range(2)]
            assert sorted(statuses) == ["removed", "unchanged"]
            assert served.view_info().articles == 1
        finally:
            stop.set()
            watching.join()


def test_what_is_watched_must_be_there(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as archive, pytest.raises(InvalidInput, match="not there"):
        archive.watch(tmp_path / "nowhere")


def test_a_question_loads_nothing_that_reads_sources() -> None:
    engines = [
        "feedparser",
        "lxml",
        "py3langid",
        "pypdf",
        "indexer.sources.apart",
        "trafilatura",
        "warcio",
        "watchfiles",
    ]
    code = f"import sys, pullquote; print([name for name in {engines} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
