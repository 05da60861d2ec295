"""How a verb ends: the exit codes, and one sentence on stderr for everything that goes wrong."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import typer

from indexer.errors import (
    ArchiveBusy,
    ArchiveDamaged,
    ArchiveMissing,
    ArchiveReadOnly,
    ArchiveUnavailable,
    ArticleNotFound,
    IndexMismatch,
    IndexRefused,
    InvalidInput,
    ModelDamaged,
    ModelMismatch,
    ModelMissing,
    NewerFormat,
    OlderFormat,
    PullquoteError,
    SourceUnreadable,
    WorkersLost,
)

DONE = 0
NOTHING = 1  # a valid run with nothing to show
USAGE = 2
ARCHIVE_OR_MODEL = 3
INTERNAL = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE: the reader of stdout left, so the work may be cut short

_CODES: tuple[tuple[int, tuple[type[PullquoteError], ...]], ...] = (
    (NOTHING, (ArticleNotFound, SourceUnreadable)),
    (USAGE, (InvalidInput,)),
    (ARCHIVE_OR_MODEL, (ArchiveMissing, ArchiveDamaged, ArchiveBusy, ArchiveReadOnly, ArchiveUnavailable)),
    (ARCHIVE_OR_MODEL, (NewerFormat, OlderFormat)),
    (ARCHIVE_OR_MODEL, (ModelMissing, ModelDamaged, ModelMismatch, IndexMismatch, IndexRefused, WorkersLost)),
)


def code_of(error: PullquoteError) -> int:
    """The exit code of an error that is told to the user; 70 for one that should never happen."""
    return next((code for code, kinds in _CODES if isinstance(error, kinds)), INTERNAL)


def complain(sentence: str) -> None:
    """Write one line to stderr; whatever would break the line or steer the terminal becomes a space."""
    line = "".join(char if char.isprintable() else " " for char in sentence)
    sys.stderr.write(f"pullquote: {' '.join(line.split())}\n")


def guarded(verb: Callable[[], int]) -> int:
    """Run `verb` and return the exit code; no exception and no traceback leaves this function."""
    try:
        code = verb()
        sys.stdout.flush()  # here, not at exit: a full disk or a closed pipe must still change the code
    except BrokenPipeError:
        _drop_unwritten()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        complain("interrupted: what was reported is kept; run the same command again to go on")
        return INTERRUPTED
    except Exception as error:  # the last resort of the program's door
        return _told(error)
    return code


def _told(error: Exception) -> int:
    """Tell the user of an error in one sentence, and return its exit code."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, PullquoteError):
        complain(str(error))
        return code_of(error)
    if isinstance(error, typer.TyperException):
        problem = error.format_message().replace("Value error, ", "").replace("Input should", "it should")
        complain(f"{problem.rstrip('.')}: see `{_command_of(error)} --help`")
        return USAGE
    if isinstance(error, OSError):  # a full disk under stdout, for one; the archive's own are PullquoteErrors
        complain(f"{error.strerror or error}: see to disk space and permissions, then run this again")
        _drop_unwritten()
        return INTERNAL
    complain(f"internal error, please report it: {type(error).__name__}: {error} (in {_place(error)})")
    return INTERNAL


def _command_of(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "pullquote"


def _drop_unwritten() -> None:
    """Point stdout at nothing if it still cannot be written, so that Python's own flush at exit does not complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(io.UnsupportedOperation):  # not a file: nothing is flushed at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _place(error: Exception) -> str:
    """File and line of the frame that raised: all that a report needs of a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
