"""Where a quotation may begin and end: at the edges of whole words, never inside a grapheme."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
import regex

from indexer.types import Bools, Ints, Span

_EXTEND = r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]"
# Scripts that write no space between words: there, every grapheme may begin or end a quotation.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_LETTER = rf"(?:\p{{GCB=Prepend}}*[[\p{{L}}\p{{N}}\p{{Pc}}]--{_UNSPACED}]{_EXTEND}*)"
_LETTERS = rf"(?:[A-Za-z0-9]+{_EXTEND}*+|{_LETTER})+"
_JOIN = r"""(?:
    [.,:/](?<=\p{N}.)(?=\p{N})                   # 1,000 and 3.5 and 10:30 and 24/7
  | \.(?<=\p{L}.)(?=\p{Ll})                      # p.m and nytimes.com, but not the missing space of "ended.Then"
  | \.(?<=(?:\b|\.)\p{Lu}.)(?=\p{Lu})            # U.S
  | ['’](?=\p{L})(?![sS]\b)                      # don't and O'Brien, but China is a word of China's
)"""
_ATOM = regex.compile(
    rf"""
    \s+(?!{_EXTEND})                            # many at once, to be quick
  | ['’][sS]\b(?!{_EXTEND})                     # of China's
  | (?:[\p{{Sc}}\#@](?={_LETTER}) | ['’](?=\d\ds))?
    {_LETTERS} (?:{_JOIN}{_LETTERS})*
    (?:[%‰°](?<=\p{{N}}.)(?!{_EXTEND}) | \.(?<=\b\p{{L}}(?:\.\p{{L}})+\.)(?!{_EXTEND}))?
  | \X
    """,
    regex.VERSION1 | regex.VERBOSE,
)

_BREAK = regex.compile(r"(?w)\b")


def segments(text: str) -> list[Span]:
    """The word segments of a text by UAX #29, as browsers find them: white space left out, each mark by itself."""
    cuts = [0, *(match.start() for match in _BREAK.finditer(text)), len(text)]
    return [Span(start, end) for start, end in pairwise(cuts) if start < end and not text[start:end].isspace()]


class Words:
    """The words of one text in order: runs of letters and digits, or one mark each; white space lies between them.

    starts, ends: (n_words,) int64, code points, half-open. They cover all but white space, and split no grapheme.
    """

    def __init__(self, text: str) -> None:
        spans = [span for span in (match.span() for match in _ATOM.finditer(text)) if not text[span[0]].isspace()]
        self.text = text
        self.starts, self.ends = np.array(spans, np.int64).reshape(-1, 2).T
        self._words = [text[start:end] for start, end in spans]

    def __len__(self) -> int:
        return len(self._words)

    def __getitem__(self, index: int) -> str:
        return self._words[index]

    def touching(self, left: int, right: int) -> bool:
        """Whether no white space lies between word `left` and word `right`, its neighbour."""
        return bool(self.ends[left] == self.starts[right])

    def beginning(self, offsets: Ints) -> tuple[Ints, Bools]:
        """Which word each offset lies in (or before), and whether no letter or digit of that word comes before it.

        offsets: (n,) int64 in [0, len(text)). Returns (n,) word indices (len(self) after the last word), (n,) bool.
        """
        index = np.searchsorted(self.ends, offsets, "right")
        starts = np.append(self.starts, len(self.text))[index]
        return index, self._letters[np.maximum(starts, offsets)] == self._letters[starts]

    def ending(self, offsets: Ints) -> tuple[Ints, Bools]:
        """Which word each (exclusive) end lies in (or after), and whether no letter or digit of it is left out.

        offsets: (n,) int64 in (0, len(text)]. Returns (n,) word indices (-1 before the first word), (n,) bool.
        """
        index = np.searchsorted(self.starts, offsets, "left") - 1
        ends = np.append(self.ends, 0)[index]
        return index, self._letters[np.minimum(ends, offsets)] == self._letters[ends]

    @cached_property
    def _letters(self) -> Ints:
        """(len(text) + 1,) int64: how many letters and digits come before each offset."""
        marks = np.fromiter(map(str.isalnum, self.text), np.int64, len(self.text))
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(marks)])
