"""Archives that this process may not write: as a user without rights, also where tests run as root."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.commit import delete
from indexer.doctor import examine
from indexer.errors import ArchiveReadOnly
from indexer.files import publish
from indexer.seal import settle
from indexer.store import FILE, Store
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, lexical_ids, put

_NOBODY = 65_534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run as a user without rights where this is root, who may write anything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """An archive whose folder anyone may read; `pytest` keeps its own folders to their owner."""
    outer = Path(tempfile.mkdtemp())
    outer.chmod(0o755)
    archive = Archive(outer / "archive", WordEmbedder(), create=True)
    for i in range(20):
        put(archive, f"a{i}", f"khan met xi a{i}")
    settle(archive, force=True)
    put(archive, "late", "olympics boycott")
    delete(archive, ["a3"])
    archive.close()
    yield outer / "archive"
    for path in (outer, *outer.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(outer)


def lock_up(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if stat.S_ISDIR(path.stat().st_mode) else 0o444)


def expected() -> dict[str, str]:
    return {f"a{i}": f"khan met xi a{i}" for i in range(20) if i != 3} | {"late": "olympics boycott"}


def test_an_archive_that_may_only_be_read_is_searched_and_checked(folder: Path) -> None:
    assert [file.name for file in folder.glob(f"{FILE}*")] == [FILE]  # no log, and none can be made
    lock_up(folder)
    with as_nobody():
        with pytest.raises(PermissionError):
            (folder / "x").touch()
        archive = Archive(folder, WordEmbedder())
        assert contents(archive.view()) == expected()
        assert archive.view().info.layout == "1 sealed, 1 in memory"
        assert lexical_ids(archive.view(), "olympics") == {"late"}
        assert archive.glance().article("late").text == "olympics boycott"
        assert examine(archive).ok
        archive.close()
    assert [file.name for file in folder.glob(f"{FILE}*")] == [FILE]


def test_a_write_is_refused_in_one_sentence(folder: Path) -> None:
    lock_up(folder)
    with as_nobody():
        archive = Archive(folder, WordEmbedder())
        for write in (lambda: put(archive, "b", "xi"), lambda: delete(archive, ["a1"]), lambda: settle(archive, True)):
            with pytest.raises(ArchiveReadOnly, match="cannot write to"):
                write()
        assert contents(archive.view()) == expected()
        archive.close()


def test_what_a_writer_adds_meanwhile_is_seen(folder: Path) -> None:
    """Who may write does; who may not has taken the file to stand still, and must notice."""
    folder.chmod(0o755)
    (folder / FILE).chmod(0o644)
    with as_nobody():
        reader = Archive(folder, WordEmbedder())
        assert contents(reader.view()) == expected()
    writer = Archive(folder, WordEmbedder())
    put(writer, "new", "roads")
    with as_nobody():
        assert contents(reader.view()) == expected() | {"new": "roads"}
    delete(writer, ["new"])
    with as_nobody():
        assert contents(reader.view()) == expected()
    put(writer, "newer", "roads")
    writer.close()  # the log is folded into the file, and gone unless the reader holds it
    with as_nobody():
        assert contents(reader.view()) == expected() | {"newer": "roads"}
        reader.close()


def test_the_log_of_a_killed_writer_is_read_too(folder: Path, tmp_path: Path) -> None:
    writer = Archive(folder, WordEmbedder())
    put(writer, "new", "roads")
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)  # with its log, as a kill leaves it
    writer.close()
    assert (copy / f"{FILE}-wal").stat().st_size > 0
    lock_up(copy)
    with as_nobody():
        archive = Archive(copy, WordEmbedder())
        assert contents(archive.view()) == expected() | {"new": "roads"}
        archive.close()


def test_a_copy_is_made_of_what_may_only_be_read(folder: Path, tmp_path: Path) -> None:
    lock_up(folder)
    to = folder.parent / "open"
    to.mkdir()
    to.chmod(0o777)
    with as_nobody():
        store = Store(folder)
        publish(to / "copy", {FILE: store.copy_to})
        copy = Archive(to / "copy", WordEmbedder())
        assert contents(copy.view()) == expected()
        copy.close()
        store.close()
