from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.levers import led
from indexer.types import ScoreParts
from retriever.fuse import below, convex, dense_share


def test_fusion_by_hand() -> None:
    """Best cosine .8, so 1.8 is the whole of the dense part; best BM25 8. The nearest leads by .8 - (.62 + .44) / 2."""
    fused = convex(dense=[(1, 0.8), (2, 0.62)], lexical=[(2, 8.0), (3, 4.0)], cosines={3: 0.44})
    a = 0.95  # .72 + .27, and no more than this
    expected = {1: a, 2: a * 0.9 + 0.05, 3: a * 0.8 + 0.05 * 0.5**2}
    assert {ranked.passage: ranked.score for ranked in fused} == pytest.approx(expected)
    assert [ranked.passage for ranked in fused] == [1, 2, 3]
    assert fused[1].parts == ScoreParts(dense=0.62, lexical=8.0, fused=fused[1].score)
    assert fused[2].parts == ScoreParts(dense=0.44, lexical=4.0, fused=fused[2].score)


def test_a_bonus_is_added() -> None:
    plain = convex([(1, 0.8), (2, 0.79)], [], {})
    timely = convex([(1, 0.8), (2, 0.79)], [], {}, {2: 0.05})
    assert [ranked.passage for ranked in plain] == [1, 2]
    assert [ranked.passage for ranked in timely] == [2, 1]
    assert timely[0].score == pytest.approx(0.73 * 1.79 / 1.8 + 0.05)


@pytest.mark.parametrize(
    ("cosines", "share"),
    [
        ([], 0.72),
        ([0.9], 0.72),
        ([0.5, 0.5, 0.5], 0.72),
        ([0.4, 0.6], 0.92),
        ([-1.0, 0.9], 0.95),
        ([0.6, *[0.5] * 9, *[-1.0] * 50], 0.82),  # what comes after the tenth does not count
    ],
)
def test_the_dense_leg_counts_as_far_as_its_first_leads(cosines: list[float], share: float) -> None:
    assert dense_share(cosines) == pytest.approx(share)


def test_equal_scores_come_in_order_of_passage() -> None:
    assert [ranked.passage for ranked in convex([(9, 0.5), (4, 0.5)], [], {})] == [4, 9]


def test_nothing_found_is_nothing_fused() -> None:
    assert convex([], [], {}) == []
    assert below([], []) == []


def test_words_alone_are_a_ranking_of_words() -> None:
    fused = convex([], [(7, 3.0), (5, 6.0)], {})
    assert [(ranked.passage, ranked.parts.dense) for ranked in fused] == [(5, None), (7, None)]


def test_vectors_that_all_point_the_other_way_add_nothing() -> None:
    fused = convex([(3, -1.0), (1, -1.0)], [(1, 4.0)], {})
    assert [(ranked.passage, ranked.score) for ranked in fused] == [(1, pytest.approx(0.28)), (3, 0.0)]


cosines = st.floats(-1, 1, width=16)


@given(
    dense=st.dictionaries(st.integers(0, 30), cosines, min_size=3), lexical=st.dictionaries(st.integers(0, 30), cosines)
)
def test_what_is_not_fused_comes_below_in_the_order_of_its_cosine(
    dense: dict[int, float], lexical: dict[int, float]
) -> None:
    leg = sorted(dense.items(), key=lambda pair: (-pair[1], pair[0]))
    words = [(passage, 1.5 + score) for passage, score in lexical.items()]
    extra = {passage: -1.0 for passage, _ in words if passage not in dict(leg[:2])}
    fused = convex(leg[:2], words, extra)
    rest = below(leg, fused)
    assert {ranked.passage for ranked in (*fused, *rest)} == dense.keys() | lexical.keys()
    assert [ranked.passage for ranked in rest] == [
        passage for passage, _ in leg if passage not in dict(words) | dict(leg[:2])
    ]
    assert all(ranked.score <= min(one.score for one in fused) for ranked in rest)
    assert [ranked.score for ranked in rest] == sorted((ranked.score for ranked in rest), reverse=True)


def test_the_lever_that_was_chosen_is_the_fusion() -> None:
    dense, words = [(1, 0.7), (2, 0.6), (4, 0.2), (3, 0.1)], [(3, 9.0), (1, 6.0)]
    tried = led(0.72, 2)(dense, words)
    assert tried == pytest.approx({one.passage: one.score for one in convex(dense, words, {})})
