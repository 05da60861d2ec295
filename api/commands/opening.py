"""How a verb comes by its archive and its input."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.exits import complain
from indexer.errors import InvalidInput

if TYPE_CHECKING:
    from pullquote import Archive, Reader


@contextmanager
def archive_of(place: str | None, create: bool = False) -> Iterator[Archive]:
    """Open the archive at `place`, a folder or a URL (of the settings if None), and close it.

    Raises ArchiveMissing when there is none and `create` is false, and what else `pullquote.Archive` raises.
    """
    from api.settings import Settings
    from pullquote import Archive

    settings = Settings()
    with (
        _warnings_told(),
        Archive(
            place or settings.archive,
            models=settings.models,
            registry=settings.registry,
            embedder=settings.embedder,
            reader=settings.reader,
            create=create,
        ) as archive,
    ):
        yield archive


def reader_of() -> Reader:
    """Load the reader of the settings; it needs no archive. Raises ModelMissing, ModelDamaged."""
    from api.settings import Settings
    from pullquote import Reader

    settings = Settings()
    return Reader(models=settings.models, registry=settings.registry, reader=settings.reader)


class _Complaints(logging.Handler):
    """Tells a person, in one sentence, what the archive warns of."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


@contextmanager
def _warnings_told() -> Iterator[None]:
    logger, complaints = logging.getLogger("pullquote"), _Complaints(logging.WARNING)
    logger.addHandler(complaints)
    try:
        yield
    finally:
        logger.removeHandler(complaints)


def read_bytes(name: str) -> bytes:
    """The content of a file, or of stdin for `-`. Raises InvalidInput when it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(name, f"cannot be read ({error.strerror}): give a file that can, or - for stdin") from error


def read_text(name: str) -> str:
    """The content of a UTF-8 file, every character kept; of stdin for `-`. Raises InvalidInput."""
    try:
        return read_bytes(name).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(name, f"not UTF-8 at byte {error.start}: convert it first") from error


def lines_of(name: str) -> Iterator[bytes]:
    """The lines of a file, or of stdin for `-`, each as soon as it is there. Raises InvalidInput."""
    if name == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield from file
    except OSError as error:
        raise InvalidInput(name, f"cannot be read ({error.strerror}): give a file that can, or - for stdin") from error
