from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.types import Bools, Floats, Ints
from reader.decode import TokenSpan, best_spans


def floats(*values: float) -> Floats:
    return np.array(values, np.float32)


def everywhere(n: int) -> Bools:
    return np.ones(n, bool)


def test_best_spans_run_forward_stay_short_and_share_no_token() -> None:
    # (1, 0) at -3 is reversed, (0, 2) at -7 is too long, (1, 1) at -10 overlaps the best
    start, end = floats(-4, -1, -9), floats(-2, -9, -3)
    assert best_spans(start, end, everywhere(3), everywhere(3), max_tokens=2, n=3) == [(1, 2, -4.0), (0, 0, -6.0)]


def test_a_span_begins_and_ends_where_it_may() -> None:
    start, end = floats(9, 1, 0, 0), floats(0, 0, 1, 9)
    first, last = np.array([False, True, True, True]), np.array([True, True, True, False])
    assert best_spans(start, end, first, last, max_tokens=4, n=1) == [(1, 2, 2.0)]


def test_of_equal_scores_the_first_and_the_shorter_wins() -> None:
    assert best_spans(floats(0, 0, 0), floats(0, 0, 0), everywhere(3), everywhere(3), max_tokens=3, n=2) == [
        (0, 0, 0.0),
        (1, 1, 0.0),
    ]


@pytest.mark.parametrize("n_tokens", [0, 1, 5])
def test_nothing_allowed_gives_nothing(n_tokens: int) -> None:
    logits, never = np.zeros(n_tokens, np.float32), np.zeros(n_tokens, bool)
    for parts in (None, np.zeros(n_tokens, np.int64)):
        assert best_spans(logits, logits, never, never, 3, 5, parts) == []


def test_no_span_leaves_its_part() -> None:
    start, end = floats(9, 0, 0), floats(0, 1, 9)
    assert best_spans(start, end, everywhere(3), everywhere(3), 3, 2) == [(0, 2, 18.0)]
    parts = np.array([0, 0, 1])
    assert best_spans(start, end, everywhere(3), everywhere(3), 3, 2, parts) == [(0, 1, 10.0), (2, 2, 9.0)]


@pytest.mark.parametrize("bad", [floats(0, np.nan), floats(0, np.inf), floats(0)])
def test_logits_that_cannot_be_are_refused(bad: Floats) -> None:
    with pytest.raises(ValueError, match="finite logits of one shape"):
        best_spans(bad, floats(0, 0), everywhere(2), everywhere(2), max_tokens=2, n=1)


Case = tuple[Floats, Floats, Bools, Bools, int, int, Ints, float]


@st.composite
def inputs(draw: st.DrawFn) -> Case:
    n_tokens = draw(st.integers(1, 9))
    logits = st.lists(st.integers(-9, 9), min_size=n_tokens, max_size=n_tokens)
    flags = st.lists(st.booleans(), min_size=n_tokens, max_size=n_tokens)
    start, end = (np.array(draw(logits), np.float32) for _ in "se")
    first, last = (np.array(draw(flags), bool) for _ in "fl")
    parts = draw(st.lists(st.integers(0, 1), min_size=n_tokens, max_size=n_tokens))
    return (
        start,
        end,
        first,
        last,
        draw(st.integers(1, 12)),
        draw(st.integers(1, 12)),
        np.array(parts),
        draw(st.sampled_from([0.0, 0.25, -1.0])),
    )


def test_each_token_after_the_first_has_its_cost() -> None:
    start, end = floats(9, 0, 0), floats(8, 0, 9)  # (0, 0) is worth 17, (0, 2) 18 less twice the cost
    free = everywhere(3)
    assert best_spans(start, end, free, free, 3, 1, token_cost=0.25) == [(0, 2, 17.5)]
    assert best_spans(start, end, free, free, 3, 1, token_cost=0.75) == [(0, 0, 17.0)]


def test_empty_spans_keep_others_from_no_token() -> None:
    start, end = floats(9, 8, 0), floats(9, 0, 7)  # (0, 0) is worth 18, (0, 2) 16, (1, 2) 15, (0, 1) 9
    free, empty = everywhere(3), {(0, 0), (0, 1)}
    assert best_spans(start, end, free, free, 3, 3, None, lambda *span: span in empty) == [(0, 0, 18.0), (0, 2, 16.0)]
    assert best_spans(start, end, free, free, 3, 1, None, lambda *span: span in empty) == [(0, 0, 18.0)]


@given(inputs())
def test_equals_taking_the_best_legal_span_again_and_again(case: Case) -> None:
    start, end, first, last, max_tokens, n, parts, cost = case
    legal = [
        TokenSpan(i, j, float(start[i] + end[j]) - cost * (j - i))
        for i in range(len(start))
        for j in range(i, min(i + max_tokens, len(start)))
        if first[i] and last[j] and parts[i] == parts[j]
    ]
    expected: list[TokenSpan] = []
    for span in sorted(legal, key=lambda s: (-s.score, s.first, s.last)):
        if all(span.last < other.first or other.last < span.first for other in expected):
            expected.append(span)
    found = best_spans(start, end, first, last, max_tokens, n, parts, token_cost=cost)
    assert found == expected[:n]
    assert all(a.last < b.first or b.last < a.first for a, b in combinations(found, 2))
