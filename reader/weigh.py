"""What speaks for an answer besides the reader's own score: the rows that the final score is a weighted sum of."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from indexer.types import Floats
from reader.group import Group, same_words

FEATURES = ("margin", "retrieval", "nearest", "agreement", "kin", "mistyped", "echo")

_QUANTITIES = frozenset(
    "many much old long far big tall often fast high large percent percentage number".split()  # noqa: SIM905
)
_TIMES = frozenset(("date", "day", "month", "time", "year"))
_PLACES = frozenset(("city", "country", "place", "state"))
_TIME = re.compile(
    r"\d|\b(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|yesterday|tomorrow|spring|summer|autumn|winter"
    r"|(?:second|minute|hour|day|night|morning|afternoon|evening|week|month|year|decade|season)s?|century)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|dozens?|hundreds?|thousands?"
    r"|millions?|billions?|trillions?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


class Standing(NamedTuple):
    """How a passage that was read stands among those found.

    retrieval: its score by that of the best passage, 1 for a text that was given. cosine: of question and passage; None
    where it was not taken.
    """

    retrieval: float = 1.0
    cosine: float | None = None


def standings(found: Sequence[tuple[float, float | None]]) -> list[Standing]:
    """How each of the passages that were read stands. found: its score and its cosine, if one was taken."""
    top = max((score for score, _ in found), default=0.0)
    return [Standing(score / top if top > 0 else 1.0, cosine) for score, cosine in found]


def features(question: str, groups: Sequence[Group], standings: Sequence[Standing], nearest: float = 0.0) -> Floats:
    """(n, len(FEATURES)) float32, a row for each answer. standings: of the passages that occurrences point to.

    margin: logits of its best span less those of "no answer". retrieval: of the best passage that says so. nearest: the
    highest cosine of all passages; `nearest` where none was taken. agreement: evidence of other stories that say so,
    added up. kin: the same of answers that contain it or are contained in it. mistyped: 1 for a "when" without
    time, a "how many" without number, a "who" or "where" without name. echo: share of its words that the question said.
    """
    kind, asked = kind_of(question), set(_WORD.findall(question.casefold()))
    plain = [f" {same_words(one.best.quote)} " for one in groups]
    margins = [one.best.score for one in groups]
    near = max((one.cosine for one in standings if one.cosine is not None), default=nearest)
    rows = []
    for at, one in enumerate(groups):
        words = _WORD.findall(plain[at])
        rows.append(
            (
                one.best.score,
                max(standings[place.passage].retrieval for place in (one.best, *one.others)),
                near,
                _agreement(one),
                _kin(plain, margins, at),
                float(_is_mistyped(kind, one.best.quote)),
                sum(word in asked for word in words) / max(1, len(words)),
            )
        )
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def _agreement(one: Group) -> float:
    best: dict[str, float] = {}
    for place in (one.best, *one.others):
        best[place.story] = max(place.score, best.get(place.story, place.score))
    del best[one.best.story]
    return _added(one.best.score, best.values())


def _kin(plain: Sequence[str], margins: Sequence[float], at: int) -> float:
    own = plain[at]
    return _added(
        margins[at], (margins[n] for n, other in enumerate(plain) if n != at and (own in other or other in own))
    )


def _added(own: float, others: Iterable[float]) -> float:
    """Log of what others add to the evidence of one margin, or of "no answer" (0) where that is more; 0 for none."""
    most = max(own, 0.0)
    return math.log1p(sum(math.exp(min(0.0, other - most)) for other in others))


def kind_of(question: str) -> str:
    """What a question wants: "who", "when", "where", "why", "how", "how many" or "what"."""
    words: list[str] = _WORD.findall(question.casefold())
    for at, word in enumerate(words):
        if word in ("who", "whom", "whose"):
            return "who"
        if word in ("when", "where", "why"):
            return word
        if word == "how":
            return "how many" if set(words[at + 1 : at + 2]) & _QUANTITIES else "how"
        if word in ("what", "which"):
            return _kind_of_noun(set(words[at + 1 : at + 3]))
    return "what"


def _kind_of_noun(after: set[str]) -> str:
    if after & _TIMES:
        return "when"
    if after & _QUANTITIES:
        return "how many"
    return "where" if after & _PLACES else "what"


def _is_mistyped(kind: str, quote: str) -> bool:
    if kind == "when":
        return not _TIME.search(quote)
    if kind == "how many":
        return not _NUMBER.search(quote)
    return kind in ("who", "where") and not any(word[0].isupper() for word in _WORD.findall(quote))
