"""The order of things on a page: head (headline, byline, dateline, summary, captions), then body, with furniture about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from indexer.furniture import is_caption, is_furniture, is_image, opens_summary
from indexer.shapes import Dateline, byline, dateline, headline, is_name, same
from indexer.types import Block, BlockKind
from indexer.units import Unit, units

_HEAD = 12  # units within which a page is still introducing its article


class Layout(NamedTuple):
    """blocks: in order, trimmed, over every character that is not white space. The rest: as printed, None if nowhere."""

    blocks: tuple[Block, ...]
    title: str | None
    author: str | None
    date: str | None


@dataclass(slots=True)
class _Found:
    """What has been recognised so far, and where in the page we are."""

    title: str | None = None
    author: str | None = None
    date: Dateline | None = None
    after_image: bool = False
    in_summary: int = 0  # units of the summary so far, 0 outside one
    summary_due: bool = False
    has_body: bool = False
    kinds: list[BlockKind] = field(default_factory=list)


def lay_out(text: str, title: str | None = None, author: str | None = None) -> Layout:
    """Say of every piece of a text what it is. title, author: as given with the page, looked for in its head.

    By shape alone. A piece that could be several things is body: what is taken for furniture can never answer.
    """
    pieces = units(text)
    found = _Found(author=author)
    head = _headline(pieces, title)
    for i, unit in enumerate(pieces):
        kind: BlockKind = "headline" if i == head else _kind(pieces, i, head, found)
        found.kinds.append(kind)
        found.after_image = is_image(unit.line)
        found.summary_due = opens_summary(unit.line) and not found.has_body
        found.in_summary = found.in_summary + 1 if kind == "summary" else 0
        found.has_body = found.has_body or kind == "body"
    blocks = _merge(pieces, found.kinds)
    return Layout(blocks, None if head is None else pieces[head].line, found.author, found.date and found.date.date)


def _headline(pieces: Sequence[Unit], title: str | None) -> int | None:
    """Which unit is the headline: the given title's copy; without a title, the first that looks like one."""
    near = range(min(_HEAD, len(pieces)))
    if title is not None:
        return next((i for i in near if same(pieces[i].line, title)), None)
    candidates = []
    for i in near:
        line = pieces[i].line
        if is_furniture(line) or dateline(line) or byline(line) or is_caption(line):
            continue
        if not headline(line):
            break
        candidates.append(i)
        if len(line.split()) >= 4:
            break
    best = candidates[-1] if candidates else None
    if best is None or not any(not is_furniture(unit.line) for unit in pieces[best + 1 :]):
        return None
    return best


def _kind(pieces: Sequence[Unit], i: int, head: int | None, found: _Found) -> BlockKind:
    line = pieces[i].line
    if i < _HEAD and not found.has_body and (kind := _head_kind(pieces, i, found)):
        return kind
    if is_furniture(line):
        return "furniture"
    if _is_caption(line, found):
        return "caption"
    if _is_summary(line, found):
        return "summary"
    if head is not None and i < head and len(line.split()) <= 3:
        return "furniture"  # the name of a section
    date = dateline(line)
    return "dateline" if date and date.label else "body"


def _head_kind(pieces: Sequence[Unit], i: int, found: _Found) -> BlockKind | None:
    """Byline or dateline, which stand before the body only; a bare name is a byline beside a dateline."""
    line = pieces[i].line
    if date := dateline(line):
        found.date = found.date or date
        return "dateline"
    if name := byline(line):
        found.author = found.author or name
        return "byline"
    if found.author is not None and same(line, found.author):
        return "byline"
    after = pieces[i + 1].line if i + 1 < len(pieces) else ""
    if is_name(line) and i and (dateline(after) or found.kinds[-1] == "dateline"):
        found.author = found.author or line
        return "byline"
    return None


def _is_caption(line: str, found: _Found) -> bool:
    return is_caption(line) or (found.after_image and len(line) <= 200 and not line.endswith("."))


def _is_summary(line: str, found: _Found) -> bool:
    """The first unit under a summary's heading, and those after it that are points too: bulleted, or without full stop."""
    if found.summary_due:
        return True
    point = line[0] in "•·*–—-▪●►" or not line.endswith((".", "!", "?", "”", '"'))
    return found.in_summary > 0 and point and len(line) <= 300


def _merge(pieces: Sequence[Unit], kinds: Sequence[BlockKind]) -> tuple[Block, ...]:
    """Neighbouring units of body, or of summary, are one block: passages lie inside blocks."""
    blocks: list[Block] = []
    for unit, kind in zip(pieces, kinds, strict=True):
        if blocks and blocks[-1].kind == kind and kind in {"body", "summary"}:
            blocks[-1] = Block(blocks[-1].start, unit.end, kind)
        else:
            blocks.append(Block(unit.start, unit.end, kind))
    return tuple(blocks)
