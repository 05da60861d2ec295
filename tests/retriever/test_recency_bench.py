"""The bench of recency, by hand."""

from __future__ import annotations

import pytest

from bench.recency import Bonus, Found, marks, table
from retriever.evaluate import Judged
from retriever.search import Legs

# Two articles, equally near; "old" has a little more of the words. Only "new" is right, and was published on the day.
LEGS = Legs(dense=[(1, 0.5), (2, 0.5)], lexical=[(1, 2.0), (2, 1.9)], cosines={}, bonus={})


def asked(question: str) -> Found:
    judged = Judged("q", question, ("Xi",), {"new": 1}, "2022-03-08")
    return Found(judged, LEGS, {1: 0.25, 2: 1.0}, {1: "old", 2: "new"}, {2})


@pytest.mark.parametrize(
    ("question", "bonus", "reciprocal"),
    [
        ("Who won this week?", Bonus(0.0, 0.1), 0.5),
        ("Who won this week?", Bonus(0.1, 0.0), 1.0),
        ("Who won?", Bonus(0.1, 0.0), 0.5),
        ("Who won?", Bonus(0.0, 0.1), 1.0),
        ("Who won?", Bonus(0.0, 0.04), 1.0),  # .04 - .01 is more than what the words tell apart: .28 * (1 - .9025)
        ("Who won?", Bonus(0.0, 0.04, 3650), 0.5),  # halved in ten years: sixty days make no difference
    ],
)
def test_newer_articles_rise_where_the_bonus_is_meant_for_the_question(
    question: str, bonus: Bonus, reciprocal: float
) -> None:
    assert marks(asked(question), bonus) == (reciprocal, 1.0, 1.0)


def test_the_table_compares_with_its_first_lever() -> None:
    _, _, first, second = table([asked("Who won?")] * 3, [Bonus(0.0, 0.0), Bonus(0.0, 0.1)])
    assert "| 0.500 | +0.000 (+0.000 to +0.000) |" in first
    assert "| 1.000 | +0.500 (+0.500 to +0.500) |" in second
