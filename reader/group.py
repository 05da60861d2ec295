"""Quotations that say the same are one answer, with the places that say so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

_ARTICLE = re.compile(r"^(?:a|an|the)\s+(?=\S)")
_ARTICLES = frozenset(("A", "An", "The"))  # of The Guardian: no name without it
_WORD = re.compile(r"\w+")
# Words that name nothing: out of its text, "her" answers no question.
_EMPTY = re.compile(
    "i|me|my|mine|we|us|our|ours|you|your|yours|he|him|his|she|her|hers|it|its|they|them|their|theirs|(?:my|your|him|her"
    "|it)self|(?:our|your|them)selves|this|that|these|those|who|whom|whose|which|what|a|an|the|of|in|on|at|to|for|from|by"
    "|with|as|and|or|but|if|than|so|because|is|was|are|were|be|been|being|am|has|had|having|did|does|do|there",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"[\w,](?:\s|\r\n)\Z")  # what stands before a word inside a sentence
_NEAR = 3  # characters that it looks at
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w\s,](?=\d)")  # the marks inside 10.5, 2-1 and 10:30 tell numbers apart


class Occurrence(NamedTuple):
    """A span that may be the answer, in its article: [start, end) in code points of `article.text`.

    story: equal for articles that tell one story, copies of one text above all. repeats: found as a copy of a passage
    that was read, so that it comes after that. passage: whatever the caller reads from.
    """

    article: str
    story: str
    start: int
    end: int
    quote: str
    score: float
    passage: int = -1
    repeats: bool = False


class Group(NamedTuple):
    """One answer and where it stands. articles: how many articles say so; independent: copies of a story count once.

    score: what ranks it, at first that of its best occurrence. confidence: None where it is not known.
    """

    best: Occurrence
    others: tuple[Occurrence, ...]
    articles: int
    independent: int
    score: float
    confidence: float | None = None


def group(occurrences: Iterable[Occurrence]) -> list[Group]:
    """Put equal quotations together, best occurrence first in each group, best group first.

    Equal: same letters and digits in order, whatever the case, punctuation, white space and leading article. Spans
    of one article that overlap (passages share a sentence) are one occurrence: the better one stays. Ties go by
    article id, then offset.
    """
    groups: dict[str, list[Occurrence]] = {}
    for occurrence in _apart(occurrences):
        groups.setdefault(same_words(occurrence.quote), []).append(occurrence)
    return [
        Group(
            best=members[0],
            others=tuple(members[1:]),
            articles=len({member.article for member in members}),
            independent=len({member.story for member in members}),
            score=members[0].score,
        )
        for members in groups.values()
    ]


def names_something(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether text[start:end] is more than pronouns and words that only join others: "her" and "of the" are not; US,
    WHO, IT in capitals are, "The Who" inside a sentence, and what has no word at all.
    """
    words = list(_WORD.finditer(text, start, len(text) if end is None else end))
    return not words or any(not _EMPTY.fullmatch(word[0]) or _is_name(word[0], text, word.start()) for word in words)


def _is_name(word: str, text: str, at: int) -> bool:
    """Whether a word has capitals that are not those of a sentence, which begins after a stop, a mark or nothing."""
    inside = _INSIDE.search(text, max(0, at - _NEAR), at)
    has_capital = word[0].isupper() and word not in _ARTICLES and inside is not None
    return len(word) > 1 and (word.isupper() or has_capital)


def same_words(quote: str) -> str:
    """What makes two quotations equal: "The  Great Hall," and "great hall" both give "great hall"."""
    folded = unicodedata.normalize("NFKC", quote).casefold()
    inside = {match.start() for match in _BETWEEN_DIGITS.finditer(folded)}
    bare = "".join(char for at, char in enumerate(folded) if at in inside or not _is_mark(char))
    plain = _ARTICLE.sub("", " ".join(bare.split()))
    return plain or folded  # a quotation of marks alone equals itself


def _is_mark(char: str) -> bool:
    """Punctuation and what shows nothing; not the signs of "$5" and "5%"."""
    category = unicodedata.category(char)
    return (category[0] == "P" or category == "Cf") and char not in "%‰"


def _apart(occurrences: Iterable[Occurrence]) -> list[Occurrence]:
    """Best first, leaving out each that overlaps a better one of the same article."""
    kept: list[Occurrence] = []
    by_article: dict[str, list[Occurrence]] = {}
    for new in sorted(occurrences, key=lambda o: (-o.score, o.repeats, o.article, o.start, o.end, o.quote)):
        same = by_article.setdefault(new.article, [])
        if all(new.end <= old.start or old.end <= new.start for old in same):
            same.append(new)
            kept.append(new)
    return kept
