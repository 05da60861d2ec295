"""What speaks for an answer besides the reader's own score: the rows that the final score is a weighted sum of."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from indexer.types import Floats
from reader.group import Group, same_words
from reader.speech import said_in

FEATURES = (
    "margin",
    "retrieval",
    "nearest",
    "agreement",
    "kin",
    "places",
    "titled",
    "latest",
    "asked",
    "mistyped",
    "echo",
    "long",
    "said",
)
_LONG = 8  # words; an answer of more is seldom what was asked for

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
    """How a passage that was read stands among those found; as it is, a text that was given.

    retrieval: its score by that of the best passage. cosine: of question and passage; None where it was not taken.
    title: of its article. latest: how new that is (1: now), where the question is about the present; asked: the same
    where it is not, but says when it was asked.
    """

    retrieval: float = 1.0
    cosine: float | None = None
    title: str = ""
    latest: float = 0.0
    asked: float = 0.0


def standings(found: Sequence[Standing]) -> list[Standing]:
    """How each of the passages that were read stands. found: the same, with scores as they were found."""
    top = max((one.retrieval for one in found), default=0.0)
    return [one._replace(retrieval=one.retrieval / top if top > 0 else 1.0) for one in found]


def features(question: str, groups: Sequence[Group], standings: Sequence[Standing], nearest: float = 0.0) -> Floats:
    """(n, len(FEATURES)) float32, a row for each answer. standings: of the passages that occurrences point to.

    margin: logits of its best span less those of "no answer". retrieval: of the best passage that says so. nearest: the
    highest cosine of all passages; `nearest` where none was taken. agreement: evidence of other stories that say so,
    added up. kin: the same of answers that contain it or are contained in it. places: log of how many places say so,
    copies left out. titled: share of its words in the title of an article that says so; 0 where it is long. latest,
    asked: the most of an article that says so, less the most of all. mistyped: 1 for a "when" without time, a "how
    many" without number, a "who" or "where" without name. echo: share of its words that the question said. long: 1 for
    more than eight words. said: the margin, where the question is for what someone said or pledged; else 0.
    """
    kind, asked = kind_of(question), _words_of(question)
    plain = [f" {same_words(one.best.quote)} " for one in groups]
    margins = [one.best.score for one in groups]
    near = max((one.cosine for one in standings if one.cosine is not None), default=nearest)
    newest = Standing(
        latest=max((one.latest for one in standings), default=0.0),
        asked=max((one.asked for one in standings), default=0.0),
    )
    said = said_in(question) is not None
    rows = []
    for at, one in enumerate(groups):
        words = _WORD.findall(plain[at])
        is_long = len(words) > _LONG
        there = [standings[passage] for passage in {place.passage for place in (one.best, *one.others)}]
        rows.append(
            (
                one.best.score,
                max(each.retrieval for each in there),
                near,
                _agreement(one),
                _kin(plain, margins, at),
                math.log1p(sum(not place.repeats for place in one.others)),
                0.0 if is_long else max(_share(words, _words_of(each.title)) for each in there),
                max(each.latest for each in there) - newest.latest,
                max(each.asked for each in there) - newest.asked,
                float(_is_mistyped(kind, one.best.quote)),
                _share(words, asked),
                float(is_long),
                one.best.score if said else 0.0,
            )
        )
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def _words_of(text: str) -> AbstractSet[str]:
    return set(_WORD.findall(text.casefold()))


def _share(words: Sequence[str], among: AbstractSet[str]) -> float:
    return sum(word in among for word in words) / max(1, len(words))


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
