"""The store on a disk that fails: every call that writes fails once, with ENOSPC or EIO."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from indexer import store as stores
from indexer.errors import ArchiveReadOnly, PullquoteError
from indexer.store import Store
from tests.forks import scratch

_INSERT = """INSERT INTO article(id, text, text_sha256, source_sha256, metadata, blocks, added_seq)
    VALUES (?, ?, 'x', 'y', '{}', '[]', 1)"""
_FULL = {"xWrite": apsw.SQLITE_FULL, "xTruncate": apsw.SQLITE_FULL, "xSync": apsw.SQLITE_FULL, "xOpen": 14}
_EIO = {
    "xWrite": apsw.SQLITE_IOERR_WRITE,
    "xTruncate": apsw.SQLITE_IOERR_TRUNCATE,
    "xSync": apsw.SQLITE_IOERR_FSYNC,
    "xOpen": apsw.SQLITE_CANTOPEN,
}


class Disk(apsw.VFS):
    """Over the VFS of the store: the nth call that writes fails, once."""

    def __init__(self) -> None:
        super().__init__("faulty", base="cksmvfs")
        self.arm(0, _FULL)

    def arm(self, at: int, codes: dict[str, int]) -> None:
        self.at, self.codes, self.calls = at, codes, 0

    def strike(self, call: str) -> None:
        self.calls += 1
        if self.calls == self.at:
            code = self.codes[call]
            error = apsw.exception_for(code)
            raise error

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: ANN401 - apsw's name and types
        if flags[0] & apsw.SQLITE_OPEN_CREATE:
            self.strike("xOpen")
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:  # noqa: ANN401
        self._disk = disk
        super().__init__("cksmvfs", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.strike("xWrite")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._disk.strike("xSync")
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:
        self._disk.strike("xTruncate")
        super().xTruncate(size)


@pytest.fixture(scope="module")
def disk() -> Disk:
    stores._load_checksums()
    return Disk()


@pytest.fixture
def faulty(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(stores, "_VFS", "faulty")
    disk.arm(0, _FULL)
    yield disk
    disk.arm(0, _FULL)


@pytest.fixture
def home() -> Iterator[Path]:
    made = scratch()
    yield made
    shutil.rmtree(made)


def write(folder: Path, acknowledged: list[str]) -> list[PullquoteError]:
    """Open the store, commit, fold the log and rewrite the file; what fails is tried no second time."""
    errors: list[PullquoteError] = []
    store: Store | None = None
    for n in range(6):
        try:
            store = store or Store(folder, create=True)
            with store.writing() as writing:
                writing.insert(_INSERT, (f"a{n}", f"text {n}".encode() * 2000))
            acknowledged.append(f"a{n}")
            if n == 3:
                store.fold()
            if n == 4:
                store.shrink()
            assert {row[0] for row in store.rows("SELECT id FROM article")} >= set(acknowledged)
        except PullquoteError as error:
            errors.append(error)
    if store is not None:
        store.close()
    return errors


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # apsw tells of each fault twice
def test_whatever_write_fails_nothing_acknowledged_is_lost(home: Path, faulty: Disk) -> None:
    clean: list[str] = []
    assert write(home / "clean", clean) == []
    assert len(clean) == 6
    calls = faulty.calls
    assert calls > 100
    refused = 0
    for codes in (_FULL, _EIO):
        for at in range(1, calls + 1, 5):
            faulty.arm(at, codes)
            acknowledged: list[str] = []
            folder = home / f"{codes['xWrite']}-{at}"
            errors = write(folder, acknowledged)
            assert len(errors) <= 1, (at, errors)
            assert all(isinstance(error, ArchiveReadOnly) for error in errors), (at, errors)
            refused += len(errors)
            store = Store(folder)
            found: dict[str, bytes] = dict(store.rows("SELECT id, text FROM article"))
            assert found.keys() >= set(acknowledged), at
            assert all(text == f"text {article_id[1:]}".encode() * 2000 for article_id, text in found.items()), at
            assert store.check()[0], at
            store.close()
    assert refused > calls / 5
