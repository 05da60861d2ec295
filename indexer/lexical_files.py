"""The files of a lexical index: whether they are whole, before its library parses them; and a copy for the next commit.

A folder that the store names is never written to. The next commit goes into another one, which begins with links to the
same files: whatever stops it, what the store names is whole and signed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import re
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from indexer.files import sync

CHECK = "pullquote-check"  # says what the last commit left: JSON, and on a second line its SHA-256
MANAGED = ".managed.json"  # tantivy's list of the files that it may remove
# What file systems say that have no links (FUSE: ENOSYS; macOS: ENOTSUP), or no more of them.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
_CHUNK = 1 << 20
_MAGIC = (1337).to_bytes(4, "little")


class Look(NamedTuple):
    """A file as it was when its checksum was right. While it looks the same, it is."""

    size: int
    inode: int
    mtime_ns: int
    ctime_ns: int


class _Signed(NamedTuple):
    """meta: SHA-256 of meta.json, which has no checksum of its own. files: name -> how it looked."""

    meta: str
    files: dict[str, Look]


def sound(folder: Path, trust: bool = True) -> bool:
    """Whether meta.json is the one that was committed last, and every file of its segments has its CRC-32.

    tantivy ends each file with a footer (JSON with the CRC-32 of what is before it), its length and a magic number.
    A file that looks as it did when it was signed is trusted, unless told not to be.
    """
    try:
        signed = _signed(folder)
        if signed is None or signed.meta != _digest(folder):
            return False
        names, files = _segments(folder), _files(folder)
        known = signed.files if trust else {}
        if {file.name.split(".")[0] for file in files} != names or not signed.files.keys() <= {f.name for f in files}:
            return False
        return all(known.get(file.name) == _look(file) or _has_its_crc(file) for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def looks_of(folder: Path) -> dict[str, Look] | None:
    """How meta.json and the files of its segments look now; None where they cannot be seen."""
    try:
        return {file.name: _look(file) for file in (folder / "meta.json", *_files(folder))}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sign(folder: Path) -> None:
    """Note the meta.json that was just committed, and how its files look. Raises OSError: a file is not whole.

    What was signed before and looks the same is not read again.
    """
    before = _signed_now(folder)
    looks = {file.name: _look(file) for file in _files(folder)}
    known = before.files if before else {}
    for name, look in looks.items():
        if known.get(name) != look and not _has_its_crc(folder / name):
            raise OSError(f"{folder / name} is not what was written")
    _write(folder, _Signed(_digest(folder), looks))


def branch(folder: Path, fresh: Path) -> None:
    """Begin a new folder with the commit of another, which is sound: links to its files, copies of what lists them.

    Raises OSError: the disk refuses.
    """
    fresh.mkdir(parents=True)
    with links_changing(folder):
        for file in _files(folder):
            _link(file, fresh / file.name)
    for name in ("meta.json", MANAGED):
        shutil.copyfile(folder / name, fresh / name)
    (fresh / CHECK).write_bytes((folder / CHECK).read_bytes())  # copies, where there are no links, look otherwise


@contextmanager
def links_changing(folder: Path) -> Iterator[None]:
    """While links to its files come or go, which changes their change times: what looked as signed does so again.

    Raises nothing: where that cannot be noted, the files are read once more when the index is opened.
    """
    before = _signed_now(folder)
    as_signed = {name: look for name, look in before.files.items() if _now(folder / name) == look} if before else {}
    yield
    looks = {name: _now(folder / name) for name in as_signed}
    after = {name: look for name, look in looks.items() if look and look[:-1] == as_signed[name][:-1]}  # but its ctime
    if before is not None and after != as_signed:
        with suppress(OSError):
            _write(folder, before._replace(files=before.files | after))


def _link(file: Path, fresh: Path) -> None:
    try:
        os.link(file, fresh)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(file, fresh)
        sync(fresh)


def _write(folder: Path, signed: _Signed) -> None:
    content = json.dumps({"meta": signed.meta, "files": signed.files})
    fresh = folder / f"{CHECK}.new"
    with fresh.open("w", encoding="ascii") as opened:
        opened.write(f"{content}\n{hashlib.sha256(content.encode()).hexdigest()}\n")
        opened.flush()
        os.fsync(opened.fileno())
    fresh.replace(folder / CHECK)
    sync(folder)


def linked(folder: Path, owner: object) -> Path:
    """A folder of links to the files, which goes with its owner: tantivy opens none where it cannot put its lock."""
    links = Path(tempfile.mkdtemp(prefix="pullquote-"))
    weakref.finalize(owner, shutil.rmtree, links, ignore_errors=True)
    for file in folder.resolve().iterdir():
        if file.suffix != ".lock":
            (links / file.name).symlink_to(file)
    return links


def _signed(folder: Path) -> _Signed | None:
    signature = (folder / CHECK).read_bytes()
    if re.fullmatch(rb"[0-9a-f]{64}", signature.strip()):  # as it was before files were trusted: all are checked
        return _Signed(signature.strip().decode(), {})
    content, digest, rest = signature.split(b"\n")
    if rest or hashlib.sha256(content).hexdigest().encode() != digest:
        return None
    read = json.loads(content)
    return _Signed(read["meta"], {name: Look(*look) for name, look in read["files"].items()})


def _signed_now(folder: Path) -> _Signed | None:
    """What is signed; None where nothing is, or nothing that can be read."""
    try:
        return _signed(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "meta.json").read_bytes()).hexdigest()


def _segments(folder: Path) -> set[str]:
    meta = json.loads((folder / "meta.json").read_bytes())
    return {segment["segment_id"].replace("-", "") for segment in meta["segments"]}


def _files(folder: Path) -> list[Path]:
    """The files of the committed segments."""
    names = _segments(folder)
    return [file for file in folder.iterdir() if file.name.split(".")[0] in names]


def _look(file: Path) -> Look:
    seen = file.stat()
    return Look(seen.st_size, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)


def _now(file: Path) -> Look | None:
    try:
        return _look(file)
    except OSError:
        return None


def _has_its_crc(file: Path) -> bool:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        if whole[-4:] != _MAGIC:
            return False
        end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
        expected = json.loads(whole[end:-8])["crc"]
        crc = 0
        for start in range(0, end, _CHUNK):
            crc = zlib.crc32(whole[start : min(start + _CHUNK, end)], crc)
        return bool(crc == expected)
