"""The pieces of a text that are classified one by one: lines, joined where a paragraph was wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE = re.compile(r"[^\r\n\x0b\x0c\x85\u2028\u2029]+")
_NEWLINE = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_WRAPPED = range(50, 110)  # columns at which programs and people wrap


class Unit(NamedTuple):
    """[start, end) of a text, trimmed; `line` is text[start:end] on one line, its white space collapsed.

    apart: whether an empty line, or the text's beginning, stands before it.
    """

    start: int
    end: int
    line: str
    apart: bool


def units(text: str) -> list[Unit]:
    """Every line of a text that is not blank, in order; lines of one wrapped paragraph are one unit."""
    joined: list[Unit] = []
    for unit in _lines(text):
        if joined and not unit.apart and _runs_on(text, joined[-1], unit):
            before = joined.pop()
            joined.append(Unit(before.start, unit.end, f"{before.line} {unit.line}", before.apart))
        else:
            joined.append(unit)
    return joined


def _lines(text: str) -> Iterator[Unit]:
    last = 0
    first = True
    for match in _LINE.finditer(text):
        words = match.group().split()
        if not words:
            continue
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        end = match.start() + len(match.group().rstrip())
        yield Unit(start, end, " ".join(words), first or len(_NEWLINE.findall(text, last, start)) > 1)
        last, first = end, False


def _runs_on(text: str, before: Unit, unit: Unit) -> bool:
    """Whether a line break was put in by wrapping: a long line without an end, then one that goes on."""
    last_line = before.end - max(text.rfind("\n", before.start, before.end), before.start)
    goes_on = unit.line[0].islower() or unit.line[0].isdigit() or before.line[-1] in ",;-–—("
    return last_line in _WRAPPED and before.line[-1] not in ".!?:”\"'" and goes_on
