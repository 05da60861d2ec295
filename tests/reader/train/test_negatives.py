from __future__ import annotations

import math

import pytest

from reader.train.negatives import Passages

_TEXTS = ["cats chase mice", "dogs chase cats and cats", "mice eat cheese", "the moon"]


def test_scores_are_those_of_the_formula() -> None:
    # by hand: k1 .9, b .4; "cats" is in 2 of 4 texts, the second has it twice among 5 words; mean length 3.25
    rarity = math.log1p((4 - 2 + 0.5) / (2 + 0.5))
    second = rarity * 2 * 1.9 / (2 + 0.9 * (0.6 + 0.4 * 5 / 3.25))
    passages = Passages(_TEXTS)
    column = passages._words.vocabulary_["cats"]
    assert passages._weights[1, column] == pytest.approx(second, rel=1e-6)


def test_the_closest_come_first_and_none_holds_an_answer() -> None:
    passages = Passages([*_TEXTS, _TEXTS[0]])
    assert passages.closest_wrong("Who chase cats?", [], n=5) == [_TEXTS[1], _TEXTS[0]]
    assert passages.closest_wrong("Who chase cats?", ["Dogs"], n=5) == [_TEXTS[0]]
    assert passages.closest_wrong("Who chase cats?", ["dog"], n=1) == [_TEXTS[1]]  # whole words: "dogs" is no "dog"
    assert passages.closest_wrong("Xylophones?", [], n=5) == []
    assert passages.closest_wrong("Who chase cats?", [], n=5, deepest=1) == [_TEXTS[1]]


def test_an_answer_of_marks_is_no_pattern() -> None:
    assert Passages(_TEXTS).closest_wrong("moon", ["(the", "$5"], n=1) == ["the moon"]
