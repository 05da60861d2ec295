"""The bench of levers and what serves reckon alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.levers import led, levers, served

COSINES = st.dictionaries(st.integers(0, 60), st.floats(0, 1, width=32), min_size=2, max_size=40)
WORDS = st.dictionaries(st.integers(0, 60), st.floats(0.5, 30, width=32), max_size=30)


@given(cosines=COSINES, words=WORDS)
def test_what_serves_is_one_of_the_levers(cosines: dict[int, float], words: dict[int, float]) -> None:
    dense = sorted((dict.fromkeys(words, 0.0) | cosines).items(), key=lambda pair: (-pair[1], pair[0]))
    said = sorted(words.items(), key=lambda pair: (-pair[1], pair[0]))
    assert served(dense, said) == pytest.approx(led(0.72, 2.0)(dense, said))
    assert levers()["what serves"] == (served, "words")


def test_a_hundred_passages_of_each_leg_serve() -> None:
    dense = [(row, 1 - row / 1000) for row in range(150)]
    words = [(row, 200.0 - row / 10) for row in range(140, 260)]
    dense += [(row, 0.1) for row in range(150, 260)]
    assert set(served(dense, words)) == {*range(100), *range(140, 240)}
