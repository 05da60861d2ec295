"""The bench of decoding rules decodes as the reader does, and each switch does what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.decoding import CHANGES, Rules, decode, table
from reader.evaluate import Outcome, Prediction, Question
from reader.model import Reader, _Text
from tests.reader.fakes import FakeSpanModel, Scores, at_random, by_word
from tests.texts import texts


@given(context=texts(), seed=st.integers(0, 1000), question=st.sampled_from(["What did Xi say?", "Who met Xi?"]))
def test_with_all_rules_it_finds_what_the_reader_finds(context: str, seed: int, question: str) -> None:
    windows = FakeSpanModel(at_random(seed)).logits(question, [context])
    found = Reader(FakeSpanModel(at_random(seed))).read_text(question, context, n=2)
    ours = decode(windows, Question("1", question, context, ()), _Text(context), Rules())
    if not found:
        assert ours == Prediction("", 0.0)
    else:
        assert ours == Prediction(context[found[0].start : found[0].end], found[0].score)


def best(scores: Scores, context: str, rules: Rules) -> str:
    asked = Question("1", "What did Xi say?", context, ())
    return decode(FakeSpanModel(scores).logits("?", [context]), asked, _Text(context), rules).best


LONG = "a b c d e f g h i j k l m n o p q r s t u v w x y z"


def marks(**others: tuple[float, float]) -> Scores:
    """As `by_word`, and a comma that would be a good end."""
    return lambda token: (-9.0, 9.5) if token == "," else by_word(**others)(token)


@pytest.mark.parametrize(
    ("change", "scores", "context", "whole", "changed"),
    [
        ("best start, then best end", by_word(Xi=(6.0, 1.0), met=(5.0, 9.0)), "met Xi here", "met", "Xi"),
        ("at most 15 tokens", by_word(b=(9.0, 0.0), s=(0.0, 9.0)), LONG, LONG[2:37], "b"),
        ("each token costs 0.05, and of what someone said", by_word(b=(9.0, 8.7), m=(0.0, 9.0)), LONG, LONG[2:25], "b"),
        ("each token gains 0.1", by_word(b=(9.0, 9.5), m=(0.0, 9.0)), LONG, "b", LONG[2:25]),
        ("half words too", by_word(coop=(9.0, 9.0)), "cooperation", "cooperation", "coop"),
        ("whole words, any edges", marks(Xi=(9.0, 0.0)), "met Xi, here", "Xi", "Xi,"),
        ("over blank lines", by_word(Xi=(9.0, 0.0), met=(0.0, 9.0), Bo=(7.0, 7.0)), "Bo Xi\n\nmet", "Bo", "Xi\n\nmet"),
        (
            "parts of quotations",
            by_word(we=(9.0, 0.0), go=(0.0, 9.0)),
            "Xi said, “No, we go.”",
            "“No, we go.”",
            "we go",
        ),
        ("other halves of marks left out", by_word(the=(9.0, 0.0), EU=(0.0, 9.0)), "the (EU)", "the (EU)", "the (EU"),
    ],
)
def test_a_rule_switched_off(change: str, scores: Scores, context: str, whole: str, changed: str) -> None:
    assert best(scores, context, Rules()) == whole
    assert best(scores, context, CHANGES[change]) == changed


@pytest.mark.parametrize(
    ("change", "gap", "found"),
    [
        ("no cost of tokens", 0.1, LONG[2:25]),
        ("no cost of tokens", -0.1, "b"),
        ("each token costs 0.025", 0.2, "b"),
        ("each token costs 0.025", 0.3, LONG[2:25]),
        ("", 0.5, "b"),
        ("", 0.6, LONG[2:25]),
        ("each token costs 0.075", 0.8, "b"),
        ("each token costs 0.075", 0.9, LONG[2:25]),
        ("each token costs 0.1", 1.0, "b"),
        ("each token costs 0.1", 1.2, LONG[2:25]),
    ],
)
def test_tokens_cost_in_other_questions_than_for_what_someone_said(change: str, gap: float, found: str) -> None:
    windows = FakeSpanModel(by_word(b=(9.0, 9.0 - gap), m=(0.0, 9.0))).logits("?", [LONG])  # b to m: 11 more tokens
    asked = Question("1", "Who left?", LONG, ())
    assert decode(windows, asked, _Text(LONG), CHANGES.get(change, Rules())).best == found


def test_a_plain_sum_does_not_care_for_no_answer() -> None:
    context = "Xi left"
    windows = FakeSpanModel(by_word(Xi=(3.0, 4.0)), no_answer=2.0).logits("?", [context])
    asked = Question("1", "Who left?", context, ())
    scores = [decode(windows, asked, _Text(context), rules).score for rules in (Rules(), Rules(relative=False))]
    np.testing.assert_allclose(scores, [5.0, 7.0])


def test_the_table_says_what_a_change_adds() -> None:
    def outcome(f1: float) -> Outcome:
        return Outcome(Question("1", "?", "x", ("x",)), Prediction("x", 1.0), float(f1 == 1), f1)

    found = {name: [outcome(1.0), outcome(0.5)] for name in ("", *CHANGES)} | {"any length": [outcome(0.5)] * 2}
    lines = list(table({"dev": found}))
    assert lines[2] == "| all rules | 50.0 / 75.0 | 75.0 |"
    assert next(line for line in lines if "any length" in line).startswith("| any length | -50.0 / -25.0 | -25.00 (")
    assert "| at most 15 tokens | +0.0 / +0.0 | +0.00 (+0.00 to +0.00) |" in lines
