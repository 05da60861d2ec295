from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dense import PASSAGES, VECTORS, Segments, in_memory, merged, save_passages, save_vectors, sealed
from indexer.types import Floats, Ints

WIDTH = 4


def unit(rows: int, seed: int) -> Floats:
    vectors = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)  # as the store rounds them


def rows(*values: int) -> Ints:
    return np.array(values, np.int64)


NONE = rows()


def test_nearest_come_best_first_and_ties_by_row() -> None:
    vectors = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    segments = Segments(WIDTH).extended(rows(7, 8, 9), vectors, NONE)
    assert segments.search(np.array([1, 0, 0, 0], np.float32), 3) == [(7, 1.0), (9, 1.0), (8, 0.0)]


def test_asking_for_more_than_there_is_gives_what_there_is() -> None:
    segments = Segments(WIDTH).extended(rows(1, 2), unit(2, 0), NONE)
    assert {row for row, _ in segments.search(unit(1, 1)[0], 10)} == {1, 2}
    assert Segments(WIDTH).search(unit(1, 1)[0], 10) == []


def test_a_view_keeps_what_a_later_one_lost() -> None:
    before = Segments(WIDTH).extended(rows(1, 2), unit(2, 0), NONE)
    after = before.extended(rows(3), unit(1, 5), rows(1))
    query = unit(1, 1)[0]
    assert {row for row, _ in before.search(query, 9)} == {1, 2}
    assert {row for row, _ in after.search(query, 9)} == {2, 3}
    assert (len(before), len(after)) == (2, 2)


def test_vectors_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"want \(2, 4\)"):
        Segments(WIDTH).extended(rows(1, 2), unit(1, 0), NONE)


@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.lists(st.integers(1, 30), max_size=3)), min_size=1, max_size=8),
    k=st.integers(1, 12),
    allowed=st.none() | st.sets(st.integers(1, 40)),
    seed=st.integers(0, 999),
)
def test_search_equals_sorting_all_allowed_living_vectors(
    steps: list[tuple[int, list[int]]], k: int, allowed: set[int] | None, seed: int
) -> None:
    segments, living = Segments(WIDTH), dict[int, Floats]()
    next_row = 1
    for n_added, removed in steps:
        added = np.arange(next_row, next_row + n_added, dtype=np.int64)
        vectors = unit(n_added, seed + next_row)
        segments = segments.extended(added, vectors, rows(*removed))
        living.update(zip(added.tolist(), vectors, strict=True))
        living = {row: vector for row, vector in living.items() if row not in removed}
        next_row += n_added
    query = unit(1, seed)[0]
    expected = sorted(
        ((row, float(vector @ query)) for row, vector in living.items() if allowed is None or row in allowed),
        key=lambda pair: (-pair[1], pair[0]),
    )[:k]
    found = segments.search(query, k, None if allowed is None else rows(*sorted(allowed)))
    assert [row for row, _ in found] == [row for row, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], atol=1e-6)


def test_a_sealed_segment_gives_the_scores_of_memory_bit_for_bit(tmp_path: Path) -> None:
    memory = in_memory(np.arange(500, dtype=np.int64), unit(500, 3))
    save_vectors(memory, tmp_path / VECTORS)
    save_passages(memory, tmp_path / PASSAGES)
    disk = sealed("s1", tmp_path / VECTORS, tmp_path / PASSAGES)
    for query in unit(5, 9):
        for allowed in (None, rows(3, 77, 400)):
            found = Segments(WIDTH, [disk]).search(query, 20, allowed)
            assert found == Segments(WIDTH, [memory]).search(query, 20, allowed)


def test_merging_sealed_segments_drops_what_is_dead(tmp_path: Path) -> None:
    first, second = in_memory(rows(1, 2), unit(2, 0)), in_memory(rows(5, 9), unit(2, 1))
    both = merged([first._replace(live=np.array([True, False])), second])
    assert both.passages.tolist() == [1, 5, 9]
    assert both.live.all()
