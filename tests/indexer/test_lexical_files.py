from __future__ import annotations

import errno
import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from indexer import lexical_files
from indexer.lexical import LexicalIndex, Words
from indexer.lexical_files import CHECK, branch, links_changing, sign, sound


@pytest.fixture
def index(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    commit(folder, 1)
    return folder


def commit(folder: Path, n: int) -> None:
    words = Words(n, n, f"khan met xi {n}", "a title", f"a{n}", None, None, None)
    LexicalIndex(folder).update([words], (), n)
    sign(folder)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose checksum is computed."""
    names: list[str] = []
    compute = lexical_files._has_its_crc

    def noted(file: Path) -> bool:
        names.append(file.name)
        return compute(file)

    monkeypatch.setattr(lexical_files, "_has_its_crc", noted)
    return names


def segment_file(folder: Path) -> Path:
    return max(folder.glob("*.store"), key=lambda file: file.stat().st_size)


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def test_files_that_look_as_they_were_signed_are_not_read_again(index: Path, read: list[str]) -> None:
    assert sound(index)
    assert read == []
    assert sound(index, trust=False)
    assert len(read) >= 5


def test_only_what_is_new_is_read_when_it_is_signed(index: Path, read: list[str]) -> None:
    before = {file.name for file in index.iterdir()}
    commit(index, 2)
    assert len(read) >= 5
    assert not before & set(read)
    assert sound(index)


def test_a_copy_is_read_before_it_is_believed(index: Path, tmp_path: Path, read: list[str]) -> None:
    copy = shutil.copytree(index, tmp_path / "copy")
    assert sound(copy)
    assert len(read) >= 5


@pytest.mark.parametrize("at", [0, 20, -1])
def test_a_changed_file_is_found(index: Path, at: int) -> None:
    flip(segment_file(index), at)
    assert not sound(index)


def test_a_file_changed_behind_its_looks_is_found_where_none_is_trusted(index: Path, read: list[str]) -> None:
    """Its inode, size and times as they were, as on a disk that went bad: the change time is told a lie about."""
    file = segment_file(index)
    seen = file.stat()
    flip(file, 5)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    signed = json.loads((index / CHECK).read_text("ascii").splitlines()[0])
    signed["files"][file.name][-1] = file.stat().st_ctime_ns
    lie = json.dumps(signed)
    (index / CHECK).write_text(f"{lie}\n{sha256(lie.encode()).hexdigest()}\n")
    assert sound(index)
    assert not sound(index, trust=False)


@pytest.mark.parametrize("name", [CHECK, "meta.json"])
def test_a_flip_in_what_signs_is_found(index: Path, name: str) -> None:
    for at in range(0, (index / name).stat().st_size, 7):
        content = (index / name).read_bytes()
        flip(index / name, at)
        assert not sound(index), (name, at)
        (index / name).write_bytes(content)


def test_a_missing_file_is_missed(index: Path) -> None:
    next(index.glob("*.pos")).unlink()
    assert not sound(index)


def test_a_branch_goes_on_and_its_origin_stays_as_it_was(index: Path, tmp_path: Path, read: list[str]) -> None:
    fresh = tmp_path / "fresh"
    branch(index, fresh)
    assert sound(fresh)
    assert read == []  # links to what was signed
    commit(fresh, 2)
    read.clear()
    with links_changing(index):
        shutil.rmtree(fresh)
    assert sound(index)
    assert read == []
    assert LexicalIndex(index).sequence == 1


def test_what_was_changed_before_links_to_it_went_is_not_believed(index: Path, tmp_path: Path) -> None:
    branch(index, tmp_path / "fresh")
    flip(segment_file(index), 20)
    with links_changing(index):
        shutil.rmtree(tmp_path / "fresh")
    assert not sound(index)


def test_what_is_changed_while_links_to_it_go_is_not_believed(index: Path, tmp_path: Path) -> None:
    branch(index, tmp_path / "fresh")
    file = segment_file(index)
    with links_changing(index):
        flip(file, 20)
        os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
        shutil.rmtree(tmp_path / "fresh")
    assert not sound(index)


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS, errno.ENOTSUP])
def test_where_there_are_no_links_a_branch_has_copies(
    code: int, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    fresh = tmp_path / "fresh"
    branch(index, fresh)
    assert sound(fresh)
    assert len(read) >= 5  # a copy is read before it is believed
    assert segment_file(fresh).stat().st_nlink == 1
    commit(fresh, 2)
    assert LexicalIndex(fresh).sequence == 2
    assert sound(fresh)


def test_nothing_damaged_is_signed(index: Path) -> None:
    file = segment_file(index)
    flip(file, 3)
    with pytest.raises(OSError, match=file.name):
        sign(index)


def test_an_index_signed_before_files_were_trusted_is_checked_by_its_crcs(index: Path) -> None:
    (index / CHECK).write_text(sha256((index / "meta.json").read_bytes()).hexdigest(), "ascii")
    assert sound(index)
    file = next(file for file in index.iterdir() if file.suffix == ".store")
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    assert not sound(index)
