from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.train.wording import unanswerable

_CONTEXT = "In 1990 Anna Berg won in Oslo. Bo lost in 1994."
_OTHER = "Carl Dahl came to Lima in 2001."


def ways(question: str, context: str = _CONTEXT, answers: tuple[str, ...] = ("Anna Berg",)) -> set[str | None]:
    return {unanswerable(question, context, _OTHER, list(answers), random.Random(seed)) for seed in range(300)}


def test_a_number_becomes_another_number() -> None:
    assert ways("Who came in 1990?") == {"Who came in 1994?", "Who came in 2001?"}


def test_a_name_becomes_another_name_but_never_the_answer() -> None:
    found = ways("Who met Bo?")
    assert found == {"Who met Oslo?", "Who met Dahl?", "Who met Lima?"}


def test_an_antonym_changes_the_fact_and_not_the_quantity() -> None:
    assert ways("Who won?", "x", ()) == {"Who lost?"}
    assert ways("How many came first?", "x", ()) == {"How many came last?"}


def test_negation_is_the_last_resort() -> None:
    assert ways("Why did he go?", "x", ()) == {"Why didn't he go?"}
    assert ways("Can he go?", "x", ()) == {"Can't he go?"}
    assert ways("Why didn't he go?", "x", ()) == {None}
    assert ways("Name it.", "x", ()) == {None}


def test_a_part_of_the_same_name_changes_nothing() -> None:
    assert "Who met Anna?" not in ways("Who met Anna Berg?", answers=("Oslo",))


@given(seed=st.integers(0, 10**6), question=st.sampled_from(["Who won in Oslo in 1990?", "When did Bo lose?", "Why?"]))
def test_what_comes_back_is_another_question(seed: int, question: str) -> None:
    changed = unanswerable(question, _CONTEXT, _OTHER, ["Anna Berg"], random.Random(seed))
    assert changed != question
    assert changed is None or "Berg" not in changed


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_wording(seed: int) -> None:
    first, second = (unanswerable("Who won in 1990?", _CONTEXT, _OTHER, [], random.Random(seed)) for _ in range(2))
    assert first == second
