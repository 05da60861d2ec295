"""Verbs that can stand for one another, and deeds that a text does not tell of."""

from __future__ import annotations

import pytest

from reader.train.verbs import alike, undone


@pytest.mark.parametrize(
    ("verb", "turn", "expected"),
    [
        ("pledge", 0.0, "pledge"),
        ("pledge", 0.4, "promise"),
        ("pledge", 0.99, "vow"),
        ("vow", 0.0, "pledge"),
        ("demand", 0.99, "demand"),
        ("say", 0.99, "say"),  # of no kind
    ],
)
def test_a_verb_of_the_same_kind_can_stand_for_it(verb: str, turn: float, expected: str) -> None:
    assert alike(verb, turn) == expected


def test_what_was_thanked_for_is_not_what_was_pledged() -> None:
    text = {"Xi", "express", "thank", "to", "government"}
    others = ["pledge", "demand", "condemn", "threaten", "deny", "propose"]  # who thanks may well praise
    assert [undone("express", text, (at + 0.5) / 6) for at in range(6)] == others


def test_a_deed_that_the_text_tells_of_is_not_asked_for() -> None:
    assert undone("condemn", {"condemn", "vow", "demand", "commend", "threaten", "propose"}, 0.5) == "deny"
    assert undone("stress", {"vow", "demand", "blame", "commend", "threaten", "propose", "deny"}, 0.5) is None
    assert undone("stress", {"commit"}, 0.0) == "demand"  # a commitment is a pledge


@pytest.mark.parametrize("verb", ["say", "announce", "offer", "warn"])
def test_what_was_said_may_be_what_was_pledged(verb: str) -> None:
    assert undone(verb, set(), 0.5) is None
