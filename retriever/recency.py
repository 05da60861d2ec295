"""The time of a question: whether it asks for what is latest, and how much newer articles count then."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Literal

from indexer.caches import VISIBLE
from indexer.dates import bounds
from indexer.types import Filters
from indexer.views import View

# What is added to the score of what is published now; the best fused score is about 1. RealTimeQA's questions, asked on
# their own days of all its articles: MRR .650 without, .693 with both (docs/retrieval.md).
PRESENT = 0.15  # where the question is about the present
ASKED = 0.05  # where it is not, but says when it is asked: of two stories it likelier means the one in the news
HALVED = 30.0  # days after which half of it is left
_LATEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|recent(?:ly)?|current(?:ly)?|now|today|tonight|yesterday|so far"
    r"|(?:this|last|past) (?:week|weekend|month|year))\b",
    re.IGNORECASE,
)
_NEWEST = f"""SELECT published_at FROM article WHERE published_at IS NOT NULL AND {VISIBLE}
    ORDER BY published_at DESC LIMIT 1"""


def asks_for_latest(query: str) -> bool:
    """Whether a question is about the present: "latest", "now", "this week" and the like."""
    return _LATEST.search(query) is not None


def time_of(query: str, filters: Filters) -> Literal["present", "asked"] | None:
    """Why newer articles count more: the question is about the present, or says when it is asked; None: they do not."""
    return "present" if asks_for_latest(query) else "asked" if filters.as_of else None


def bonus(view: View, query: str, filters: Filters, passages: Sequence[int]) -> dict[int, float]:
    """What is added to the scores of passages, by row; {} unless a question is about the present, or asked `as_of`."""
    time = time_of(query, filters)
    if time is None:
        return {}
    most = PRESENT if time == "present" else ASKED
    return {row: most * share for row, share in freshness(view, filters, passages).items()}


def freshness(view: View, filters: Filters, passages: Sequence[int]) -> dict[int, float]:
    """How new the articles of passages are, by row: 1 for now or later, half of it for every 30 days before.

    Now is `as_of`, else the newest date in the view. An article without a date is left out.
    """
    if not passages:
        return {}
    now = _day(bounds(filters.as_of)[1]) if filters.as_of else _newest(view)
    if now is None:
        return {}
    sql = """SELECT passage.rowid, published_at FROM passage JOIN article ON article = article.rowid
        WHERE passage.rowid IN (SELECT value FROM json_each(?)) AND published_at IS NOT NULL"""
    dated = view.rows(sql, (json.dumps(list(passages)),))
    return {row: 0.5 ** (max(0, (now - _day(at)).days) / HALVED) for row, at in dated}


def _newest(view: View) -> date | None:
    found = view.rows(_NEWEST, {"s": view.info.sequence})
    return _day(found[0][0]) if found else None


def _day(published_at: str) -> date:
    return date.fromisoformat(published_at[:10])
