"""ZIP, tar and compressed files: their members are read as if they lay in a folder. Nothing is written out by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import quote

from indexer.errors import SourceUnreadable
from indexer.sources.formats import is_candidate
from indexer.sources.limits import FREE_BYTES, MAX_RATIO, MAX_SPOOLED, MB, Packed, TooLarge, buffered
from indexer.sources.options import SourceOptions
from indexer.sources.source import NOTHING, Document, Found, Given, inside

_IN_FRAGMENT = "/!$&'()*+,;=:@"
_BOMB = f"it unpacks to more than {MAX_RATIO} times its size: it looks like an archive bomb"
_EMPTY = "the archive holds no file that may be an article"
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError),
)


class ZipSource:
    """Sizes are checked before anything is unpacked, and again while it is."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """A document for each member that may be an article."""
        try:
            with _seekable(stream) as file, zipfile.ZipFile(file) as archive:
                size = file.seek(0, io.SEEK_END)
                total = sum(member.file_size for member in archive.infolist())
                if total > max(FREE_BYTES, MAX_RATIO * size):
                    raise TooLarge(_BOMB)
                found = [member for member in archive.infolist() if not member.is_dir() and _wanted(member.filename)]
                for member in found:
                    yield from _zip_member(archive, member, origin)
                if not found:
                    yield SourceUnreadable(origin, _EMPTY)
        except _BROKEN as problem:
            yield SourceUnreadable(origin, f"it cannot be read as a ZIP archive: {problem}")


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str) -> Iterator[Found]:
    name = _name(member.filename)
    place = inside(origin, quote(name, safe=_IN_FRAGMENT))
    kind = stat.S_IFMT(member.external_attr >> 16)
    if problem := _refusal(name, kind not in {0, stat.S_IFREG}, bool(member.flag_bits & 1)):
        yield SourceUnreadable(place, problem)
        return
    try:
        with archive.open(member) as inner:
            yield Document(name, place, buffered(Unpacked(cast(BinaryIO, inner), lambda: member.compress_size)))
    except _BROKEN as problem:
        yield SourceUnreadable(place, f"it cannot be unpacked: {problem}")


class TarSource:
    """Streamed, member by member."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """A document for each member that may be an article."""
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                found = 0
                for member in archive:
                    if not member.isdir() and _wanted(member.name):
                        found += 1
                        yield from _tar_member(archive, member, origin)
                if not found:
                    yield SourceUnreadable(origin, _EMPTY)
        except _BROKEN as problem:
            yield SourceUnreadable(origin, f"it cannot be read as a tar archive: {problem}")


def _tar_member(archive: tarfile.TarFile, member: tarfile.TarInfo, origin: str) -> Iterator[Found]:
    name = _name(member.name)
    place = inside(origin, quote(name, safe=_IN_FRAGMENT))
    if problem := _refusal(name, not member.isreg(), locked=False):
        yield SourceUnreadable(place, problem)
        return
    inner = archive.extractfile(member)  # gives a stream: nothing is written to disk
    if inner is not None:
        yield Document(name, place, buffered(Unpacked(cast(BinaryIO, inner), lambda: member.size)))


class CompressedSource:
    """One file in gzip, bzip2 or xz: it is named like its package, without the last suffix."""

    def read(
        self, stream: BinaryIO, origin: str, options: SourceOptions, given: Given = NOTHING, label: str = ""
    ) -> Iterator[Found]:
        """The file inside."""
        packed = Packed(stream)
        magic = stream.peek(6)[:6]  # type: ignore[attr-defined]  # every stream we open is buffered
        opened = _decompressed(magic, buffered(packed))
        if opened is None:
            yield SourceUnreadable(origin, "it is neither gzip, bzip2 nor xz, whatever its name says")
            return
        name = origin.rpartition("/")[2]
        yield Document(_unpacked_name(name), origin, buffered(Unpacked(opened, lambda: packed.count)), given)


def _decompressed(magic: bytes, stream: BinaryIO) -> BinaryIO | None:
    if magic.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if magic.startswith(b"BZh"):
        return cast(BinaryIO, bz2.BZ2File(stream))
    return cast(BinaryIO, lzma.LZMAFile(stream)) if magic.startswith(b"\xfd7zXZ") else None


class Unpacked(io.RawIOBase):
    """What comes out of an archive, until it is too much for what went in. packed: bytes that went in so far."""

    def __init__(self, inner: BinaryIO, packed: Callable[[], int]) -> None:
        self._inner, self._packed, self._out = inner, packed, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, into: object) -> int:
        """Raises TooLarge; OSError: the archive is damaged."""
        view = memoryview(into)  # type: ignore[arg-type]
        try:
            data = self._inner.read(len(view))
        except _BROKEN as problem:
            raise OSError(f"it is cut short or damaged ({problem})") from None
        self._out += len(data)
        if self._out > max(FREE_BYTES, MAX_RATIO * self._packed()):
            raise TooLarge(_BOMB)
        view[: len(data)] = data
        return len(data)


def _unpacked_name(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    tars = {"tgz": ".tar", "tbz2": ".tar", "txz": ".tar"}
    return stem + tars.get(suffix.lower(), "") if stem else name


def _wanted(given: str) -> bool:
    """Whether a member may be an article, or its name deserves to be told of."""
    name = _name(given)
    return is_candidate(name) or _leads_out(name)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or (len(name) > 1 and name[1] == ":")


def _name(given: str) -> str:
    return given.replace("\\", "/").encode("utf-8", "replace").decode()


def _refusal(name: str, special: bool, locked: bool) -> str | None:
    """Why a member is not read, or None."""
    if _leads_out(name):
        return "its name leads out of the archive"
    if special:
        return "it is a link or device, and those are not followed inside archives"
    return "it is locked with a password: save it without one" if locked else None


def _seekable(stream: BinaryIO) -> BinaryIO:
    """The stream, or a copy of it in a temporary file where one cannot jump about in it. Raises TooLarge."""
    if stream.seekable():
        return stream
    copy = tempfile.SpooledTemporaryFile(max_size=32 * MB)  # noqa: SIM115 - the caller closes it
    size = 0
    while data := stream.read(1 << 20):
        size += len(data)
        if size > MAX_SPOOLED:
            copy.close()
            raise TooLarge(f"it is longer than {MAX_SPOOLED // MB} MB")
        copy.write(data)
    copy.seek(0)
    return cast(BinaryIO, copy)
