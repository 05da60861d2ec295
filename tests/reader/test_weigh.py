"""What speaks for an answer, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reader.group import Occurrence, group
from reader.weigh import FEATURES, Standing, features, kind_of, standings


def at(quote: str, score: float, passage: int = 0, story: str = "") -> Occurrence:
    return Occurrence(f"a{passage}", story or f"s{passage}", 0, len(quote), quote, score, passage)


def column(rows: np.ndarray, name: str) -> list[float]:
    return [round(float(value), 4) for value in rows[:, FEATURES.index(name)]]


def test_features_by_hand() -> None:
    groups = group([at("Xi Jinping", 3.0), at("Xi Jinping", 2.0, 1), at("Xi", 1.0, 2), at("on Sunday", 0.0, 3)])
    stand = [Standing(0.8, 0.5), Standing(1.0, 0.6), Standing(0.7, None), Standing(0.6, 0.4)]
    rows = features("Who met Xi?", groups, stand, nearest=0.3)
    assert column(rows, "margin") == [3, 1, 0]
    assert column(rows, "retrieval") == [1, 0.7, 0.6]  # of the best passage that says so
    assert column(rows, "nearest") == [0.6, 0.6, 0.6]  # of all passages
    assert column(features("Who?", groups, [Standing()] * 4, nearest=0.3), "nearest") == [0.3, 0.3, 0.3]
    assert column(rows, "agreement") == [round(math.log(1 + math.exp(-1)), 4), 0, 0]
    assert column(rows, "kin") == [round(math.log1p(math.exp(-2)), 4), round(math.log1p(1), 4), 0]
    assert column(rows, "mistyped") == [0, 0, 0]  # Sunday has a capital: it may be a name
    assert column(rows, "echo") == [0.5, 1, 0]
    assert column(rows, "places") == [round(math.log(2), 4), 0, 0]
    assert column(rows, "long") == [0, 0, 0]
    assert features("Who?", [], []).shape == (0, len(FEATURES))


def test_what_articles_bring_to_an_answer() -> None:
    """Two passages say Xi; the second is newer, and has a title that names him."""
    groups = group([at("Xi Jinping", 3.0, 0), at("Xi Jinping", 2.0, 1), at("Khan", 1.0, 2)])
    stand = [
        Standing(title="Talks in Beijing", latest=0.1),
        Standing(title="Xi meets Khan", latest=0.4),
        Standing(title="Khan", latest=0.9),
    ]
    rows = features("Who meets whom now?", groups, stand)
    assert column(rows, "titled") == [0.5, 1.0]  # one of its two words
    assert column(rows, "latest") == [-0.5, 0]  # of the newest that was read
    assert column(rows, "asked") == [0, 0]
    asked = features("Who?", groups, [one._replace(latest=0.0, asked=one.latest) for one in stand])
    assert column(asked, "asked") == [-0.5, 0]
    (copied,) = group([at("Xi", 3.0), at("Xi", 3.0, 1)._replace(repeats=True)])
    assert column(features("Who?", [copied], [Standing(), Standing()]), "places") == [0]  # a copy of what was read
    nine = "one two three four five six seven eight nine"
    rows = features("What?", group([at(nine, 1.0), at(nine[4:], 1.0, 1)]), [Standing(title="Nine or one")] * 2)
    assert column(rows, "long") == [1, 0]
    assert column(rows, "titled") == [0, 0.125]


def test_margins_count_apart_where_the_question_is_for_what_someone_said() -> None:
    groups = group([at("Xi", 3.0), at("Mr Khan", -1.5, 1)])
    assert column(features("What did Xi pledge?", groups, [Standing(), Standing()]), "said") == [3, -1.5]
    assert column(features("Who pledged it?", groups, [Standing(), Standing()]), "said") == [0, 0]


def test_passages_stand_by_the_best_of_them() -> None:
    found = standings([Standing(0.8, 0.3), Standing(0.4, None, "title")])
    assert found == [Standing(1.0, 0.3), Standing(0.5, None, "title")]
    assert standings([Standing(-0.1), Standing(-0.2)]) == [Standing(1.0), Standing(1.0)]  # nothing to go by
    assert standings([]) == []


def test_copies_of_one_story_add_no_evidence() -> None:
    (one,) = group([at("Xi", 3.0, 0, "wire"), at("Xi", 3.0, 1, "wire")])
    (two,) = group([at("Xi", 3.0, 0), at("Xi", 3.0, 1)])
    stand = [Standing(), Standing()]
    assert column(features("Who?", [one], stand), "agreement") == [0]
    assert column(features("Who?", [two], stand), "agreement") == [round(math.log(2), 4)]


def test_what_is_less_likely_than_no_answer_adds_little() -> None:
    (one,) = group([at("the", -4.0, 0), at("the", -5.0, 1)])
    assert column(features("Who?", [one], [Standing(), Standing()]), "agreement") == [
        round(math.log1p(math.exp(-5)), 4)
    ]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("By whom was it said?", "who"),
        ("In what year did it begin?", "when"),
        ("How many died?", "how many"),
        ("How did they die?", "how"),
        ("Which country won?", "where"),
        ("What percentage voted?", "how many"),
        ("What did Xi pledge?", "what"),
        ("Xi pledged this.", "what"),
    ],
)
def test_what_a_question_wants(question: str, kind: str) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("question", "quote", "mistyped"),
    [
        ("When was it?", "in October", 0),
        ("When was it?", "the late spring", 0),
        ("When was it?", "Caloundra", 1),
        ("How many died?", "two dozen", 0),
        ("How many died?", "people", 1),
        ("Who won?", "Lea Meier", 0),
        ("Who won?", "the women", 1),
        ("Where was it?", "at home", 1),
        ("Why was it?", "because", 0),
    ],
)
def test_an_answer_of_another_kind_than_the_question_wants(question: str, quote: str, mistyped: int) -> None:
    assert column(features(question, group([at(quote, 1.0)]), [Standing()]), "mistyped") == [mistyped]
