from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.prune import prune
from indexer.types import Passage
from tests.fakes import WordEmbedder, article, page
from tests.indexer.test_archive import contents


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    (tmp_path / "news").mkdir()
    opened = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    yield opened
    opened.close()


def put(archive: Archive, article_id: str, origin: str) -> None:
    text = f"khan {article_id}"
    vectors = archive.embedder.encode([(None, text)])
    made = article(text, id=article_id)
    commit(archive, [Draft(page(text, id=article_id, origin=origin), made, [Passage(0, len(text))], vectors)])


def test_what_is_gone_goes_and_what_was_read_refused_or_lies_elsewhere_stays(archive: Archive, tmp_path: Path) -> None:
    root = (tmp_path / "news").as_uri()
    origins = {
        "read": f"{root}/read.txt",
        "gone": f"{root}/gone.txt",
        "refused": f"{root}/refused.txt",
        "record": f"{root}/torn.jsonl#record",  # a bad line today is refused under its number
        "deep": f"{root}/locked/deep.txt",  # in a folder that cannot be read today
        "elsewhere": (tmp_path / "newsroom" / "gone.txt").as_uri(),
    }
    for article_id, origin in origins.items():
        put(archive, article_id, origin)
    refused = {f"{root}/refused.txt", f"{root}/torn.jsonl#line=1", f"{root}/locked"}
    events = prune(archive, [tmp_path / "news"], {origins["read"]}, refused)
    assert [(event.status, event.origin, event.id) for event in events] == [("removed", origins["gone"], "gone")]
    assert set(contents(archive.view())) == set(origins) - {"gone"}


def test_an_article_that_moved_to_another_file_stays(archive: Archive, tmp_path: Path) -> None:
    root = (tmp_path / "news").as_uri()
    put(archive, "x", f"{root}/a.jsonl#x")
    put(archive, "x", f"{root}/b.jsonl#x")
    assert prune(archive, [tmp_path / "news"], {f"{root}/b.jsonl#x"}, ()) == []
    assert set(contents(archive.view())) == {"x"}


def test_a_root_that_is_not_there_prunes_nothing(archive: Archive, tmp_path: Path) -> None:
    put(archive, "a", (tmp_path / "unmounted" / "a.txt").as_uri())
    assert prune(archive, [tmp_path / "unmounted"], (), ()) == []
    assert set(contents(archive.view())) == {"a"}
