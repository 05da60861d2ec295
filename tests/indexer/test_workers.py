"""Workers of Ray's: the archive that they make is the one that is made without them, whoever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray

from api.cli import main
from indexer.archive import Archive
from indexer.build import build
from indexer.errors import ModelMismatch, ModelMissing, SourceUnreadable, WorkersLost
from indexer.spread import spread
from indexer.types import Embedder, Floats, IndexEvent, Page
from indexer.workers import RayCrew, connect
from tests.fakes import WordEmbedder, page

BATCH = 64
STORY = "Khan met Xi in the Great Hall of the People on Sunday and pledged to build {} roads to the north. "
FEED: list[Page | SourceUnreadable] = [
    *(page(STORY.format(n) * (1 + n % 3), id=f"n{n}", title=f"{n % 7}", published="2022-02-06") for n in range(300)),
    SourceUnreadable("test:bad", "no text"),
    page("khan", id="n3", origin="test:again"),  # the article of the first batch, with another text
    *(page(STORY.format(n), id=f"copy{n}", title=f"{n % 7}") for n in range(0, 300, 50)),
    page(STORY.format(1), id="n1", title="1"),
]


class Fragile(WordEmbedder):
    """Its process dies at a word."""

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        if any("poison" in text for _, text in passages):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(passages, report)


def missing() -> Embedder:
    raise ModelMissing("words", "it is not there")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster on this machine; a crew that finds it there uses it."""
    connect("2")
    yield
    ray.shutdown()


def rows(archive: Archive) -> dict[str, list[Any]]:
    """All that is stored but the numbers of rows and sequences."""
    article = "id, removed_seq IS NULL, title, published_at, language, text_sha256, metadata, blocks, text"
    return {
        "articles": archive.store.rows(f"SELECT {article} FROM article ORDER BY id, added_seq"),
        "origins": archive.store.rows(
            "SELECT key, id FROM origin JOIN article ON article.rowid = article ORDER BY key"
        ),
        "passages": archive.store.rows(
            """SELECT id, added_seq, ordinal, start, "end", embedder, fp16 FROM article
            JOIN passage ON article = article.rowid JOIN vector ON passage = passage.rowid
            ORDER BY id, added_seq, ordinal"""
        ),
        "stories": archive.store.rows(
            """SELECT a.id, b.id, jaccard FROM near JOIN article AS a ON a.rowid = near.article
            JOIN article AS b ON b.rowid = other ORDER BY 1, 2"""
        ),
        "copies": archive.store.rows(
            """SELECT a.id, b.id FROM duplicate JOIN article AS a ON a.rowid = duplicate.article
            JOIN article AS b ON b.rowid = original ORDER BY 1, 2"""
        ),
    }


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Any]], list[IndexEvent]]:
    """What is stored and told without workers."""
    told = list[IndexEvent]()
    with closing(Archive(tmp_path_factory.mktemp("alone") / "archive", WordEmbedder(), create=True)) as archive:
        build(FEED, archive, told.append)
        return rows(archive), told


@pytest.mark.parametrize("n", [1, 2])
def test_the_archive_is_the_same(n: int, tmp_path: Path, alone: tuple[dict[str, list[Any]], list[IndexEvent]]) -> None:
    told = list[IndexEvent]()
    with closing(Archive(tmp_path / "archive", WordEmbedder(), create=True)) as archive:
        with RayCrew(str(n), WordEmbedder, "here", "words:1") as crew:
            assert crew.size == n
            spread(FEED, archive, told.append, crew)
            assert told == alone[1]
            assert rows(archive) == alone[0]
            again = list[IndexEvent]()
            spread(FEED[10:200], archive, again.append, crew)
        assert [event.status for event in again] == ["unchanged"] * 190


def test_a_worker_that_is_killed_costs_nothing(
    tmp_path: Path, alone: tuple[dict[str, list[Any]], list[IndexEvent]]
) -> None:
    told = list[IndexEvent]()
    with (
        closing(Archive(tmp_path / "archive", WordEmbedder(), create=True)) as archive,
        RayCrew("2", WordEmbedder, "here", "words:1") as crew,
    ):
        before = [process for process, _ in crew.processes()]

        def report(event: IndexEvent) -> None:
            told.append(event)
            if len(told) in (70, 150):
                os.kill(before[len(told) // 100], signal.SIGKILL)

        spread(FEED, archive, report, crew)
        assert told == alone[1]
        assert rows(archive) == alone[0]
        assert not {process for process, _ in crew.processes()} & set(before)


def test_a_batch_that_kills_every_worker_ends_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    pages = [page(f"khan {number}", id=str(number)) for number in range(200)]
    bad = [*pages[:130], page("poison", id="p"), *pages[130:]]
    told = list[IndexEvent]()
    with closing(Archive(tmp_path / "archive", WordEmbedder(), create=True)) as archive:
        with RayCrew("1", Fragile, "here", "words:1") as crew:
            with pytest.raises(WorkersLost, match="what was reported is kept"):
                spread(bad, archive, told.append, crew)
            assert [event.id for event in told] == [one.id for one in pages[:128]]
            spread(pages, archive, told.append, crew)
        assert [event.status for event in told[128:]] == ["unchanged"] * 128 + ["added"] * 72


def test_little_is_read_before_it_is_stored(tmp_path: Path) -> None:
    taken, stored, most = 0, 0, 0

    def pages() -> Iterator[Page]:
        nonlocal taken, most
        for number in range(20 * BATCH):
            taken += 1
            most = max(most, taken - stored)
            yield page(f"khan {number}", id=str(number))

    def report(event: IndexEvent) -> None:
        nonlocal stored
        stored += 1

    with (
        closing(Archive(tmp_path / "archive", WordEmbedder(), create=True)) as archive,
        RayCrew("1", WordEmbedder, "here", "words:1") as crew,
    ):
        spread(pages(), archive, report, crew)
    assert stored == 20 * BATCH
    assert most <= (2 * 1 + 1 + 2) * BATCH  # under way; one that is read already, and one that is being stored


def test_a_stop_leaves_what_was_told_and_no_more(tmp_path: Path) -> None:
    told = list[IndexEvent]()
    pages = [page(f"khan {number}", id=str(number)) for number in range(20 * BATCH)]
    with (
        closing(Archive(tmp_path / "archive", WordEmbedder(), create=True)) as archive,
        RayCrew("1", WordEmbedder, "here", "words:1") as crew,
    ):
        spread(pages, archive, told.append, crew, stop=lambda: len(told) >= BATCH)
        assert BATCH <= len(told) < 20 * BATCH
        assert [row[0] for row in archive.store.rows("SELECT id FROM article ORDER BY rowid")] == [e.id for e in told]


def test_workers_with_another_embedder_or_none_are_refused() -> None:
    with pytest.raises(ModelMismatch, match="words:1, not words:2"):
        RayCrew("1", partial(WordEmbedder, "words:2"), "here", "words:1")
    with pytest.raises(ModelMissing, match="model words is not ready"):
        RayCrew("1", missing, "here", "words:1")
    assert ray.is_initialized()


def test_the_command_line_takes_workers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = next((Path(__file__).parent.parent.parent / "seeds").glob("000_*.txt"))
    quoted = []
    for number in ("0", "2"):
        where = ["--archive", str(tmp_path / number)]
        assert main(["index", str(seed), "--workers", number, "--json", *where]) == 0
        added, summary = map(json.loads, capsys.readouterr().out.splitlines())
        assert (added["status"], summary["summary"]["added"]) == ("added", 1)
        assert main(["search", "What did Xi pledge?", "--json", *where]) == 0
        quoted.append(json.loads(capsys.readouterr().out)["items"])
    assert quoted[0] == quoted[1] != []
    for wrong in ("x", "-1", "1.5", "http://host"):
        assert main(["index", str(seed), "--workers", wrong, "--archive", str(tmp_path / "0")]) == 2
        assert "give a number, or ray://host:10001" in capsys.readouterr().err
