"""Cache files on disk: published whole or not at all, and checked before any library parses them (design §5)."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple

from indexer.errors import ArchiveReadOnly


class Stamp(NamedTuple):
    """A file as it was when its hash was taken. While the last four are the same, so is the first."""

    sha256: str
    size: int
    inode: int
    mtime_ns: int
    ctime_ns: int


def stamp(file: Path) -> Stamp:
    """Hash a file and note how it looked. Raises OSError."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        seen = os.fstat(opened.fileno())
    return Stamp(digest, seen.st_size, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)


def is_intact(file: Path, known: Stamp, trust: bool = True) -> bool:
    """Whether a file is the one that was stamped; while it looks the same it is trusted, unless told not to be."""
    try:
        seen = file.stat()
        if trust and (seen.st_size, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns) == known[1:]:
            return True
        return seen.st_size == known.size and stamp(file).sha256 == known.sha256
    except OSError:
        return False


def stamped_again(file: Path, known: Stamp) -> Stamp | None:
    """The stamp of a file that is the one that was stamped, as it looks now. None if it is not."""
    try:
        now = stamp(file)
    except OSError:
        return None
    return now if now.sha256 == known.sha256 else None


def publish(folder: Path, writers: Mapping[str, Callable[[Path], None]]) -> dict[str, Stamp]:
    """Make a folder of files appear whole: a temporary name, fsync, rename, fsync of the parent.

    writers: file name -> what writes it to a path. The folder must not exist. Raises ArchiveReadOnly: the disk refuses.
    """
    making = folder.with_name(f".making-{folder.name}-{os.getpid()}")
    try:
        making.mkdir(parents=True)
        for name, write in writers.items():
            write(making / name)
            sync(making / name)
        sync(making)
        making.rename(folder)
        sync(folder.parent)
        return {name: stamp(folder / name) for name in writers}
    except (OSError, RuntimeError) as error:  # faiss tells of a full disk by RuntimeError
        raise ArchiveReadOnly(folder.parent.parent, str(error)) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)


def may_write(*paths: Path) -> bool:
    """Whether this process may write to all of these files and folders, those of them that are there."""
    effective = os.access in os.supports_effective_ids
    return all(os.access(path, os.W_OK, effective_ids=effective) for path in paths if path.exists())


def sync(path: Path) -> None:
    """Have what was written to a file, or which files a folder names, on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def kernel_lock(file: Path) -> Iterator[bool]:
    """Hold a lock that ends with its process; the file names the holder. Yields False, at once, if another has it.

    Raises ArchiveReadOnly: the file cannot be made or written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("a+")
    except OSError as error:
        raise ArchiveReadOnly(file.parent, error.strerror or str(error)) from error
    with opened:
        yield _taken(opened)


def _taken(opened: IO[str]) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        opened.truncate(0)
        opened.write(f"{socket.gethostname()} {os.getpid()}\n")
        opened.flush()
    except BlockingIOError:
        return False
    except OSError as error:
        raise ArchiveReadOnly(Path(opened.name).parent, error.strerror or str(error)) from error
    return True


def holder_of(file: Path) -> str | None:
    """Who holds a lock, in words, as its file says; None where it does not."""
    try:
        host, process = file.read_text("utf-8").split()
    except (OSError, ValueError):
        return None
    return f"process {process}" if host == socket.gethostname() else f"process {process} on {host}"
