"""The pieces of a text that are classified and split into sentences: lines, joined where they were wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_LINE = re.compile(r"[^\r\n\x0b\x0c\x85\u2028\u2029]+")
_NEWLINE = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_COLUMNS = range(50, 111)  # at which programs and people wrap
_FULL = 0.6  # of the longest line: a shorter one was ended on purpose


class Unit(NamedTuple):
    """[start, end) of a text, trimmed; `line` is text[start:end] on one line, its white space collapsed.

    apart: whether an empty line, or the beginning, stands before it.
    """

    start: int
    end: int
    line: str
    apart: bool


def units(text: str, start: int = 0, end: int | None = None) -> list[Unit]:
    """Every line of text[start:end] that is not blank, in order; lines of one wrapped paragraph are one unit."""
    lines = list(_lines(text, start, len(text) if end is None else end))
    full = _full_length(lines)
    joined: list[Unit] = []
    last: Unit | None = None
    for line in lines:
        if last and not line.apart and _runs_on(last, line, full):
            before = joined.pop()
            joined.append(Unit(before.start, line.end, f"{before.line} {line.line}", before.apart))
        else:
            joined.append(line)
        last = line
    return joined


def _lines(text: str, start: int, end: int) -> Iterator[Unit]:
    last, apart = start, True
    for match in _LINE.finditer(text, start, end):
        found = match.group()
        words = found.split()
        if not words:
            continue
        first = match.start() + len(found) - len(found.lstrip())
        apart = apart or len(_NEWLINE.findall(text, last, first)) > 1
        last = match.start() + len(found.rstrip())
        yield Unit(first, last, " ".join(words), apart)
        apart = False


def _full_length(lines: Sequence[Unit]) -> int | None:
    """From how many characters a line of a wrapped text is full; None where most lines end where their author ended."""
    longest = max((len(line.line) for line in lines), default=0)
    follow = [len(above.line) >= _FULL * longest for above, below in pairwise(lines) if not below.apart]
    wrapped = longest in _COLUMNS and len(follow) >= 2 and sum(follow) >= _FULL * len(follow)
    return int(_FULL * longest) if wrapped else None


def _runs_on(above: Unit, below: Unit, full: int | None) -> bool:
    """Whether the break between two lines was put there by wrapping."""
    if len(above.line) not in _COLUMNS or above.line[-1] in ".!?:”\"'":
        return False
    first = below.line[0]
    return (
        first.islower()
        or first.isdigit()
        or above.line[-1] in ",;-–—("
        or (full is not None and len(below.line) >= full)
    )
