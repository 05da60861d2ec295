"""Code points to UTF-16 and back: Python counts the first, JavaScript (and so every page) the second."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from indexer.types import Ints, Range, Utf16


class Offsets:
    """Both ways of counting in one text. One pass to build, then a binary search per offset."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._astral = _astral(text)
        self._astral16 = self._astral + np.arange(len(self._astral))

    def utf16(self, offset: int) -> int:
        """Code points -> UTF-16 code units. Raises ValueError: outside 0..len(text)."""
        if not 0 <= offset <= self._length:
            raise ValueError(f"offset {offset} is outside a text of {self._length} code points")
        return offset + int(np.searchsorted(self._astral, offset)) if len(self._astral) else offset

    def code_point(self, unit: int) -> int:
        """UTF-16 code units -> code points. Raises ValueError: outside the text, or between two surrogates."""
        before = int(np.searchsorted(self._astral16, unit))
        offset = unit - before
        if not 0 <= offset <= self._length or self.utf16(offset) != unit:
            raise ValueError(f"UTF-16 offset {unit} is outside the text or inside a character")
        return offset

    def range(self, start: int, end: int) -> Range:
        """[start, end) in code points -> a Range. Raises ValueError: it runs backwards or leaves the text."""
        if start > end:
            raise ValueError(f"a range cannot run backwards, from {start} to {end}")
        return Range(start, end, Utf16(self.utf16(start), self.utf16(end)))


def range_of(text: str, start: int, end: int) -> Range:
    """[start, end) in code points of `text` -> a Range. Raises ValueError: it runs backwards or leaves the text."""
    return Offsets(text).range(start, end)


def ranges_of(text: str, spans: Iterable[tuple[int, int]]) -> list[Range]:
    """`range_of` for many spans of one text."""
    offsets = Offsets(text)
    return [offsets.range(start, end) for start, end in spans]


def _astral(text: str) -> Ints:
    """Offsets of the characters that take two UTF-16 code units, ascending, (n,) int64."""
    if text.isascii():  # a flag of the string, no scan
        return np.zeros(0, np.int64)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.flatnonzero(points > 0xFFFF)
