"""What a verb writes to stdout: lines of text or JSON, as UTF-8 whatever the locale."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from api.commands import exits

if TYPE_CHECKING:
    from indexer.errors import PullquoteError
    from indexer.types import HitList


def speak_utf8() -> None:
    r"""Make stdout and stderr UTF-8 with plain line feeds.

    A lone surrogate (an argument that is not UTF-8) leaves as `\udc80`: readable, and a valid escape inside JSON.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def line(text: str) -> None:
    """Write one line of data, at once: whoever reads a pipe must not wait for a full buffer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def exact(text: str) -> None:
    """Write the text's UTF-8 bytes and nothing else."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


def json(value: object) -> None:
    """Write one of our nouns as one compact line of JSON (design §7)."""
    from api.schemas import json_text

    line(json_text(value))


def is_terminal() -> bool:
    """Whether a person is reading stdout."""
    return sys.stdout.isatty()


def hits(found: HitList, as_json: bool) -> int:
    """Write a list of hits for a program or a person; returns exit code 1 if there is none."""
    if as_json:
        json(found)
    else:
        from api import render

        render.show(render.hits(found))
    return exits.DONE if found.items else exits.NOTHING


def json_with_id(row_id: str | int, value: object) -> None:
    """Write a noun as one line of JSON that begins with the id of the batch's line."""
    from api import schemas

    line(schemas.json_with_id(row_id, value))


def problem_with_id(row_id: str | int | None, error: PullquoteError) -> None:
    """Write {"id", "error": Problem} in the place of a line that could not be processed."""
    from api import schemas
    from api.errors import problem_of

    line(schemas.json_with_id(row_id, {"error": problem_of(error)}))
