"""Articles to passages of whole sentences. The only module that imports sentencex. It knows no tokenizer."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version

import regex
import sentencex

from indexer.types import Article, Passage, Span
from indexer.units import units

MAX_WORDS = 180
MAX_CHARS = 1500
# Passages of a block are made about equally long, with at most this many new words on average: a last one of a few
# words would be hard to find and harder to read.
MEAN_WORDS = 130

CHUNKER = f"sentencex-{version('sentencex')}/{MAX_WORDS}w/{MAX_CHARS}c/mean{MEAN_WORDS}/overlap1"

_WORD = re.compile(r"\S+")

Fits = Callable[[str], bool]


def chunk(article: Article, fits: Fits) -> list[Passage]:
    """Passages of at most 180 words and 1,500 characters that `fits` takes, in order, overlapping by one sentence.

    They lie inside body and summary blocks and cover all of them but white space (invariant 3); an article without
    either is its headline, else whatever is no furniture. fits: whether the embedder takes this very string uncut; if
    it takes a string, it takes the start of it. Raises ValueError: it does not take a single character.
    """
    language = article.language or "en"
    return [
        passage
        for block in _readable(article)
        for passage in _pack(article.text, sentences(article.text, block.start, block.end, language), fits)
    ]


def _readable(article: Article) -> Sequence[Span]:
    for kinds in ({"body", "summary"}, {"headline"}, {"caption", "byline", "dateline"}):
        found = [Span(block.start, block.end) for block in article.blocks if block.kind in kinds]
        if found:
            return found
    return []


def sentences(text: str, start: int, end: int, language: str = "en") -> list[Span]:
    """The sentences of text[start:end], trimmed, in order; together they hold all that is not white space."""
    return [span for unit in units(text, start, end) for span in _split(text, unit.start, unit.end, language)]


def _split(text: str, start: int, end: int, language: str) -> Iterator[Span]:
    # sentencex 1.0 panics on white space of more than one byte before an initial. Every space to it is " ", one for
    # one, so its offsets stay ours.
    plain = re.sub(r"\s", " ", text[start:end])
    for found in sentencex.get_sentence_boundaries(language, plain):
        if span := _trim(text, start + found["start_index"], start + found["end_index"]):
            yield span


def _trim(text: str, start: int, end: int) -> Span | None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return Span(start + left, start + len(piece.rstrip())) if left < len(piece) else None


def _pack(text: str, whole: Sequence[Span], fits: Fits) -> Iterator[Passage]:
    """Neighbouring sentences together, none cut that fits by itself."""
    budget = _Budget(text, fits)
    parts = [part for sentence in whole for part in budget.parts(sentence)]
    before = [0]  # words in parts[:i]
    for part in parts:
        before.append(before[-1] + budget.words(part.start, part.end))
    first, start = 0, 0  # of the passage: its first new part, and where it starts (one part earlier, with the overlap)
    while first < len(parts):
        last = budget.longest(parts, start, first, max(_goal(before, first), min(start + 2, len(parts))))
        yield Passage(parts[start].start, parts[last - 1].end)
        first = last
        start = last - 1 if last < len(parts) and budget.takes(parts[last - 1].start, parts[last].end) else last


def _goal(before: Sequence[int], first: int) -> int:
    """Where a passage that begins at part `first` should end for the rest to divide evenly."""
    rest = before[-1] - before[first]
    wanted = before[first] + rest / max(1, -(-rest // MEAN_WORDS))
    after = max(bisect_left(before, wanted), first + 1)
    return after - 1 if after - 1 > first and wanted - before[after - 1] < before[after] - wanted else after


class _Budget:
    """What one passage may hold."""

    def __init__(self, text: str, fits: Fits) -> None:
        self._text, self._fits = text, fits

    def words(self, start: int, end: int) -> int:
        return len(self._text[start:end].split())

    def takes(self, start: int, end: int) -> bool:
        if end - start > MAX_CHARS:
            return False
        piece = self._text[start:end]
        return len(piece.split()) <= MAX_WORDS and self._fits(piece)

    def longest(self, parts: Sequence[Span], start: int, first: int, goal: int) -> int:
        """The largest `last` in (first, goal] such that parts[start:last] fits; parts[start:first + 1] is known to."""
        if self.takes(parts[start].start, parts[goal - 1].end):
            return goal
        low, high = first + 1, goal - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.takes(parts[start].start, parts[middle - 1].end):
                low = middle
            else:
                high = middle - 1
        return low

    def parts(self, sentence: Span) -> Iterator[Span]:
        """The sentence, cut at its last white space that fits, else at a grapheme boundary, as often as it must be."""
        start, end = sentence
        while not self.takes(start, end):
            cut = self._cut(start, end)
            yield Span(start, cut)
            start = next(_WORD.finditer(self._text, cut, end)).start()
        yield Span(start, end)

    def _cut(self, start: int, end: int) -> int:
        """Where the longest piece from `start` that fits ends: after a word, else a grapheme, else a code point."""
        end = min(end, start + MAX_CHARS + 1)  # a word or grapheme that this cuts is too long to be chosen
        for ends in (self._word_ends(start, end), self._grapheme_ends(start, end), range(start + 1, end)):
            found = bisect_right(ends, False, key=lambda stop: not self.takes(start, stop))
            if found:
                return ends[found - 1]
        raise ValueError(f"fits() refuses even {self._text[start : start + 1]!r}: a title leaves no room for a passage")

    def _word_ends(self, start: int, end: int) -> list[int]:
        return [match.end() for match in _WORD.finditer(self._text, start, end)]

    def _grapheme_ends(self, start: int, end: int) -> list[int]:
        return [match.end() for match in regex.finditer(r"\X", self._text, pos=start, endpos=end)]
