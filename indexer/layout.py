"""What each piece of a page is: first its head (headline, byline, dateline, summary), then body; furniture anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from indexer.captions import is_caption
from indexer.furniture import is_furniture, is_image, opens_summary
from indexer.shapes import byline, dateline, headline, is_name, opens_report, same
from indexer.types import Block, BlockKind
from indexer.units import Unit, units

_HEAD = 12  # units behind the headline within which a page may still name author and date
_MENU = 60  # units that may stand before a headline which is known
_BULLETS = "•·*–—-▪●►"


class Layout(NamedTuple):
    """blocks: in order, trimmed, over all that is not white space. title, author, date: as printed, or None."""

    blocks: tuple[Block, ...]
    title: str | None
    author: str | None
    date: str | None


def lay_out(text: str, title: str | None = None, author: str | None = None, marked: Sequence[Block] = ()) -> Layout:
    """Say of every piece of a text what it is. title, author: as given with the page, looked for in its head.

    marked: pieces whose kind is known already. All others are told by their shape alone. A piece that could be several
    things is body: what is taken for furniture can never answer.
    """
    walk = _Walk(list(_unmarked(text, marked)), title, author)
    for i in range(len(walk.pieces)):
        walk.kinds.append(walk.step(i))
    head = None if walk.head is None else walk.pieces[walk.head].line.lstrip("# ")
    kinds = [Block(unit.start, unit.end, kind) for unit, kind in zip(walk.pieces, walk.kinds, strict=True)]
    return Layout(_merge(sorted([*kinds, *marked])), head, walk.author, walk.date)


def _unmarked(text: str, marked: Sequence[Block]) -> Iterator[Unit]:
    at = 0
    for start, end, _ in marked:
        yield from units(text, at, start)
        at = end
    yield from units(text, at)


class _Walk:
    """One way through a page, top to bottom, remembering what has been met."""

    def __init__(self, pieces: Sequence[Unit], title: str | None, author: str | None) -> None:
        self.pieces = pieces
        self.author = author
        self.date: str | None = None
        self.kinds: list[BlockKind] = []
        self.head = _headline(pieces) if title is None else _copy_of(title, pieces)
        self._untitled = title is None
        self._labelled = ""  # what `date` is the date of
        self._body_begun = False
        self._summary_due = False

    def step(self, i: int) -> BlockKind:
        """The kind of the next unit."""
        line = self.pieces[i].line
        kind = self._kind(i, line)
        begun = kind == "body" and (len(line.split()) >= 12 or line.endswith((".", ".”", '."')))
        self._body_begun |= begun and (self.head is None or i > self.head)
        heading = opens_summary(line) and not self._body_begun
        self._summary_due = heading or (self._summary_due and kind == "furniture")
        return kind

    def _kind(self, i: int, line: str) -> BlockKind:
        if i == self.head:
            return "headline"
        if not self._body_begun and i < (self.head or 0) + _HEAD and (kind := self._head_kind(i, line)):
            return kind
        if is_furniture(line) or self._is_section(i, line):
            return "furniture"
        if is_caption(line) or self._stands_for_image(i, line):
            return "caption"
        if self._summary_due or self._goes_on_with_summary(line):
            return "summary"
        return self._tail_kind(line)

    def _head_kind(self, i: int, line: str) -> BlockKind | None:
        if found := dateline(line):
            if found.date and (not self.date or ("publ" in found.label and "publ" not in self._labelled)):
                self.date, self._labelled = found
            return "dateline"
        if name := byline(line) or self._bare_name(i, line):
            self.author = self.author or name
            return "byline"
        return None

    def _bare_name(self, i: int, line: str) -> str | None:
        """A line that is a name, and the author's by where it stands: it is the given one, or beside a dateline."""
        if self.author is not None and same(line, self.author):
            return line
        if not is_name(line) or (not i and self._untitled):  # which would have to be the title
            return None
        below = self.pieces[i + 1].line if i + 1 < len(self.pieces) else ""
        beside = self.kinds[-1:] == ["dateline"] or dateline(below) or byline(below)
        return line if beside or any(opens_report(unit.line) for unit in self.pieces[i + 1 : i + 3]) else None

    def _is_section(self, i: int, line: str) -> bool:
        """Short lines above the headline: names of sections, menus."""
        return self.head is not None and i < self.head and len(line.split()) <= 3

    def _stands_for_image(self, i: int, line: str) -> bool:
        return i > 0 and is_image(self.pieces[i - 1].line) and len(line) <= 200 and not line.endswith(".")

    def _goes_on_with_summary(self, line: str) -> bool:
        """Below a summary's first point: another one, with a bullet or without a full stop."""
        is_point = line[:1] in _BULLETS or not line.endswith((".", "!", "?", "”", '"'))
        return bool(self.kinds) and self.kinds[-1] == "summary" and is_point and len(line) <= 300

    def _tail_kind(self, line: str) -> BlockKind:
        found = dateline(line)
        return "dateline" if found and found.label else "body"


def _copy_of(title: str, pieces: Sequence[Unit]) -> int | None:
    return next((i for i, unit in enumerate(pieces[:_MENU]) if same(unit.line, title)), None)


def _headline(pieces: Sequence[Unit]) -> int | None:
    """The first unit that looks like a headline, if only parts of a head stand above it, and some text below."""
    for i, unit in enumerate(pieces[:_HEAD]):
        line = unit.line
        if is_furniture(line) or dateline(line) or byline(line) or is_caption(line):
            continue
        if headline(line):
            return i if any(not is_furniture(below.line) for below in pieces[i + 1 :]) else None
        if len(line.split()) > 3:
            return None
    return None


def _merge(pieces: Sequence[Block]) -> tuple[Block, ...]:
    """Neighbouring units of body, or of summary, are one block: passages lie inside blocks."""
    blocks: list[Block] = []
    for start, end, kind in pieces:
        if blocks and blocks[-1].kind == kind and kind in {"body", "summary"}:
            blocks[-1] = Block(blocks[-1].start, end, kind)
        else:
            blocks.append(Block(start, end, kind))
    return tuple(blocks)
