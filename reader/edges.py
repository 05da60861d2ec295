"""Rules for the edges of a quotation: no dangling comma, bracket or half a pair of quotation marks."""

from __future__ import annotations

import unicodedata

import numpy as np

from indexer.types import Bools
from reader.words import Words

_PAIRS = {"(": ")", "[": "]", "{": "}", "“": "”", "‘": "’", "«": "»"}
_CLOSERS = {closer: opener for opener, closer in _PAIRS.items()}
_STOPS = frozenset(".,!?")
_STRAIGHT = frozenset("\"'")
_NEVER_FIRST = frozenset([*",;:.!?…·•%*/\\|-–—_)]}”»", "'s", "’s", "'S", "’S"])
_NEVER_LAST = frozenset(",;:…·•*/\\|-–—_([{“‘«$£€#@")
# Words that answer nothing by themselves; they are left over beside an answer such as "(at the) Great Hall".
_EMPTY = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "has", "have", "if", "in", "into", "is",
    "it", "its", "of", "on", "or", "so", "than", "that", "the", "their", "then", "there", "these", "they", "this",
    "those", "to", "was", "were", "which", "while", "will", "with", "would",
))  # fmt: skip


def may_begin(words: Words) -> Bools:
    """Which words a quotation may begin with, (n_words,) bool."""
    return np.array([_may_begin(words, index) for index in range(len(words))], bool)


def may_end(words: Words) -> Bools:
    """Which words a quotation may end with, (n_words,) bool. A full stop only where the sentence goes on: "Inc. is"."""
    return np.array([_may_end(words, index) for index in range(len(words))], bool)


def tidy(words: Words, first: int, last: int) -> tuple[int, int] | None:
    """Move the edges of a quotation (word indices, inclusive) so that nothing dangles; None when nothing is left.

    A bracket or quotation mark whose other half is missing is dropped, or its other half taken in where it is the
    very next character: "Union (EU" becomes "Union (EU)". Edges move to `may_begin` and `may_end` words only.
    """
    while first <= last:
        if not _may_begin(words, first) or _half_at_first(words, first, last):
            first += 1
        elif not _may_end(words, last) or _half_at_last(words, first, last):
            last -= 1
        else:
            return _take_other_half(words, first, last) if _says_something(words, first, last) else None
    return None


def _may_begin(words: Words, index: int) -> bool:
    return words[index] not in _NEVER_FIRST and _visible(words[index])


def _may_end(words: Words, index: int) -> bool:
    if words[index] == ".":
        rest = words.text[words.ends[index] :].lstrip()
        after_word = index > 0 and words.touching(index - 1, index) and words[index - 1][-1].isalnum()
        return after_word and rest[:1].islower()
    return words[index] not in _NEVER_LAST and _visible(words[index])


def _visible(word: str) -> bool:
    """False for direction marks, zero-width spaces and other characters that show nothing."""
    return word.isprintable() or any(map(str.isprintable, word))


def _says_something(words: Words, first: int, last: int) -> bool:
    """Whether there is a letter, a digit or a sign such as an emoji among the words, not marks and "of the" alone."""
    return any(
        words[index] not in _EMPTY and any(unicodedata.category(char)[0] in "LNS" for char in words[index])
        for index in range(first, last + 1)
    )


def _half_at_first(words: Words, first: int, last: int) -> bool:
    mark = words[first]
    if mark in _PAIRS:
        return _match(words, range(first, last + 1), mark, _PAIRS[mark]) is None
    if mark in _STRAIGHT or mark == "’":
        alone = all(words[index] != mark for index in range(first + 1, last + 1))
        return alone or not words.touching(first, first + 1)
    return False


def _half_at_last(words: Words, first: int, last: int) -> bool:
    mark = words[last]
    if mark in _CLOSERS:
        return _match(words, range(last, first - 1, -1), mark, _CLOSERS[mark]) is None
    if mark in _STRAIGHT:
        return _count(words, first, last, mark) % 2 == 1 or not words.touching(last - 1, last)
    return False


def _take_other_half(words: Words, first: int, last: int) -> tuple[int, int]:
    """Close what is open inside, and open what is closed inside, where the mark is the very next character.

    A full stop or comma may stand before the one that closes: “we will go” becomes “we will go.” with its marks.
    """
    last = _closed(words, first, last)
    if first > 0 and words.touching(first - 1, first):
        mark = words[first - 1]
        if mark in _PAIRS and _open(words, range(last, first - 1, -1), _PAIRS[mark], mark) > 0:
            return first - 1, last
        if mark == '"' and _count(words, first, last, mark) % 2 == 1:
            return first - 1, last
    return first, last


def _closed(words: Words, first: int, last: int) -> int:
    for close in range(last + 1, min(last + 3, len(words))):
        mark = words[close]
        if not words.touching(close - 1, close):
            break
        if mark in _CLOSERS and _open(words, range(first, last + 1), _CLOSERS[mark], mark) > 0:
            return close
        if mark == '"' and _count(words, first, last, mark) % 2 == 1:
            return close
        if mark not in _STOPS:
            break
    return last


def _match(words: Words, indices: range, mark: str, other: str) -> int | None:
    """The index where the pair that `indices` begins with is closed again, None where it is not."""
    depth = 0
    for index in indices:
        depth += (words[index] == mark) - (words[index] == other)
        if depth == 0:
            return index
    return None


def _open(words: Words, indices: range, mark: str, other: str) -> int:
    """How many of `mark` wait for their `other` at the end of `indices`."""
    depth = 0
    for index in indices:
        depth = max(0, depth + (words[index] == mark) - (words[index] == other))
    return depth


def _count(words: Words, first: int, last: int, mark: str) -> int:
    return sum(words[index] == mark for index in range(first, last + 1))
