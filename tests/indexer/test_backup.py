from __future__ import annotations

import threading
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import delete
from indexer.doctor import examine
from indexer.errors import ArchiveReadOnly
from indexer.files import publish
from indexer.seal import settle
from indexer.store import FILE
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, put


def test_a_copy_is_the_archive_of_one_moment_and_needs_no_caches(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for i in range(50):
        put(archive, f"a{i}", f"khan met xi {i}")
    settle(archive, force=True)
    delete(archive, ["a0"])
    put(archive, "late", "olympics")
    expected = contents(archive.view())
    publish(tmp_path / "copy", {FILE: archive.files.copy_to})
    put(archive, "after", "not in the copy")
    assert [file.name for file in (tmp_path / "copy").iterdir()] == [FILE]
    copy = Archive(tmp_path / "copy", WordEmbedder())
    assert contents(copy.view()) == expected
    assert copy.view().info.layout == "0 sealed, 99 in memory"
    assert examine(copy).ok
    settle(copy, force=True)
    assert contents(copy.view()) == expected
    copy.close()
    archive.close()


def test_a_copy_made_beside_a_writer_holds_whole_batches(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            put(archive, "even", f"khan {n}")
            n += 1

    put(archive, "even", "khan 0")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            publish(tmp_path / f"copy{n}", {FILE: archive.files.copy_to})
    finally:
        stop.set()
        writer.join()
    for n in range(5):
        copy = Archive(tmp_path / f"copy{n}", WordEmbedder())
        (text,) = contents(copy.view()).values()
        assert text == f"khan {copy.view().info.sequence - 1}"  # each change takes the next number
        assert examine(copy).ok
        copy.close()
    archive.close()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ArchiveReadOnly):
        publish(tmp_path / "file" / "copy", {FILE: archive.files.copy_to})
    archive.close()


@pytest.mark.parametrize("folded", [True, False], ids=["folded into the file", "still in the log"])
def test_a_copy_larger_than_the_page_cache_is_whole(tmp_path: Path, folded: bool) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    for i in range(300):
        put(archive, f"a{i}", f"khan {i} " * 1_500)
    if folded:
        archive.close()
        archive = Archive(tmp_path / "archive", WordEmbedder())
    publish(tmp_path / "copy", {FILE: archive.files.copy_to})
    copy = Archive(tmp_path / "copy", WordEmbedder())
    assert (copy.folder / FILE).stat().st_size > 3_000_000
    assert examine(copy).ok
    assert copy.view().info.articles == 300
    copy.close()
    archive.close()
