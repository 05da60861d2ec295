from __future__ import annotations

import tempfile
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import dense, nearest
from indexer.dense import (
    PASSAGES,
    VECTORS,
    Coded,
    Segment,
    Segments,
    in_memory,
    merged,
    save_passages,
    save_vectors,
    sealed,
)
from indexer.nearest import Exact, Found
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
    disk = sealed("s1", tmp_path, WIDTH)
    for query in unit(5, 9):
        for allowed in (None, rows(3, 77, 400)):
            found = Segments(WIDTH, [disk]).search(query, 20, allowed)
            assert found == Segments(WIDTH, [memory]).search(query, 20, allowed)


def test_merging_segments_drops_what_is_dead() -> None:
    first, second = in_memory(rows(1, 2), unit(2, 0)), in_memory(rows(5, 9), unit(2, 1))
    both = merged([first._replace(live=np.array([True, False])), second])
    assert both.passages.tolist() == [1, 5, 9]
    assert both.live.all()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the approximate index begin at sizes that a test can afford, with lists and candidates as small."""
    for module, name, value in (
        (dense, "APPROXIMATE_AT", 60),
        (dense, "FEW", 4),
        (dense, "_LEAST_CANDIDATES", 8),
        (dense, "_LEAST_OF_COARSE", 12),
        (nearest, "LIST", 8),
    ):
        monkeypatch.setattr(module, name, value)


def on_disk(segment: Segment, folder: Path) -> Segment:
    folder.mkdir()
    for name, write in dense.writers(segment).items():
        write(folder / name)
    return sealed(folder.name, folder, WIDTH)


@given(
    sizes=st.lists(st.integers(60, 150), min_size=1, max_size=3),
    in_tail=st.integers(0, 20),
    k=st.integers(1, 40),
    share=st.none() | st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.5, 0.9, 1.0]),
    dead=st.sampled_from([0.0, 0.2, 0.95]),
    seed=st.integers(0, 999),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_large_segments_give_as_many_as_asked_for_at_every_selectivity_with_exact_scores(
    small: None,
    sizes: list[int],
    in_tail: int,
    k: int,
    share: float | None,
    dead: float,
    seed: int,
) -> None:
    """Invariant 7 of the design, and scores that a seal does not change."""
    chance, disk, memory, first = np.random.default_rng(seed), list[Segment](), list[Segment](), 1
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            segment = in_memory(np.arange(first, first + size, dtype=np.int64), unit(size, seed + first))
            memory.append(segment)
            disk.append(on_disk(segment, Path(folder) / f"s{first}"))
            first += size
        assert all(isinstance(segment.vectors, Coded) for segment in disk)
        everything = np.arange(1, first + in_tail, dtype=np.int64)
        removed = everything[chance.random(len(everything)) < dead]
        tail = (np.arange(first, first + in_tail, dtype=np.int64), unit(in_tail, seed + first), removed)
        approximate = Segments(WIDTH, disk).extended(*tail)
        exact = Segments(WIDTH, memory).extended(*tail)
        allowed = None if share is None else everything[chance.random(len(everything)) < share]
        query = unit(1, seed + 5)[0]
        found = approximate.search(query, k, allowed)
        every = exact.search(query, len(everything), allowed)
        assert len(found) == min(k, len(every))
        assert set(found) <= set(every)  # rows that live and are allowed, each with its score, bit for bit
        assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
        assert approximate.search(query, k, allowed) == found
        if len(every) <= 8:
            assert found == every[:k]


def test_an_approximate_index_is_a_function_of_the_vectors(small: None, tmp_path: Path) -> None:
    vectors = unit(900, 1)
    for name, threads in (("a", 1), ("b", 2)):
        with nearest.threads(threads):
            on_disk(in_memory(np.arange(900, dtype=np.int64), vectors), tmp_path / name)
    files = [(tmp_path / name / dense.CODES).read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_a_search_among_codes_finds_nearly_all_of_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "APPROXIMATE_AT", 5000)
    memory = in_memory(np.arange(6000, dtype=np.int64), unit(6000, 1))
    disk, exact = Segments(WIDTH, [on_disk(memory, tmp_path / "s")]), Segments(WIDTH, [memory])
    assert isinstance(disk.segments[0].vectors, Coded)
    assert isinstance(memory.vectors, Exact)
    kept = [len(set(disk.search(query, 10)) & set(exact.search(query, 10))) / 10 for query in unit(50, 7)]
    assert np.mean(kept) > 0.95


def coarse_on_disk(segment: Segment, folder: Path) -> Segment:
    """With one bit a dimension, as the first archives have them."""
    on_disk(segment, folder)
    assert isinstance(segment.vectors, Exact)
    vectors = segment.vectors.vectors().astype(np.float32)
    before = faiss.index_factory(WIDTH, "IVF9,RaBitQ", faiss.METRIC_INNER_PRODUCT)
    before.train(vectors)
    before.add(vectors)
    faiss.write_index(before, str(folder / dense.CODES))
    return sealed(folder.name, folder, WIDTH)


def test_codes_of_before_are_searched_as_they_are(small: None, tmp_path: Path) -> None:
    """Found with exact scores, with a filter and without."""
    memory = in_memory(np.arange(300, dtype=np.int64), unit(300, 1))
    segment = coarse_on_disk(memory, tmp_path / "s")
    assert isinstance(segment.vectors, Coded)
    assert segment.vectors.codes.is_coarse
    disk, exact = Segments(WIDTH, [segment]), Segments(WIDTH, [memory])
    for query in unit(20, 7):
        for allowed in (None, np.arange(0, 300, 3, dtype=np.int64)):
            every = exact.search(query, 300, allowed)
            found = disk.search(query, 10, allowed)
            assert len(found) == 10
            assert set(found) <= set(every)
            assert len(set(found) & set(every[:10])) >= 5
            assert disk.search(query, len(every), allowed) == every


class Watched:
    """An index of faiss that notes how it is searched."""

    def __init__(self, index: faiss.Index) -> None:
        self.ntotal, self._index, self.asked = index.ntotal, index, list[tuple[int, int | None]]()

    def search(self, query: Floats, k: int, params: faiss.SearchParameters) -> tuple[Floats, Ints]:
        self.asked.append((k, getattr(params, "qb", None)))
        return self._index.search(query, k, params=params)


def test_codes_of_before_are_asked_for_more_candidates_and_with_more_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "APPROXIMATE_AT", 2000)
    segments = [
        make(in_memory(np.arange(first, first + 2100, dtype=np.int64), unit(2100, first)), tmp_path / str(first))
        for first, make in ((0, coarse_on_disk), (2100, on_disk))
    ]
    asked = []
    for segment in segments:
        assert isinstance(segment.vectors, Coded)
        watched = Watched(segment.vectors.codes._index)
        monkeypatch.setattr(segment.vectors.codes, "_index", watched)
        asked.append(watched.asked)
    Segments(WIDTH, segments).search(unit(1, 7)[0], 10)
    assert asked == [[(1024, 6)], [(768, None)]]


def test_codes_of_two_kinds_take_no_candidates_from_each_other(
    small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their guesses are on different scales: each kind finds what it finds alone, in any order of segments."""
    old = coarse_on_disk(in_memory(np.arange(900, dtype=np.int64), unit(900, 1)), tmp_path / "old")
    new = on_disk(in_memory(np.arange(900, 1800, dtype=np.int64), unit(900, 2)), tmp_path / "new")
    for cores in (1, 2):
        monkeypatch.setattr(dense, "_CORES", cores)
        for query in unit(40, 7):
            alone = [pair for segment in (old, new) for pair in Segments(WIDTH, [segment]).search(query, 10)]
            expected = sorted(alone, key=lambda pair: (-pair[1], pair[0]))[:10]
            for segments in ([old, new], [new, old]):
                assert Segments(WIDTH, segments).search(query, 10) == expected


def test_an_index_error_inside_a_search_is_not_swallowed(small: None, tmp_path: Path) -> None:
    segment = on_disk(in_memory(np.arange(100, dtype=np.int64), unit(100, 1)), tmp_path / "s")

    def fail() -> Found:
        raise IndexError("beyond the last passage")

    with pytest.raises(IndexError, match="beyond the last passage"):
        dense._side_by_side([(segment, fail)])


def test_codes_of_another_number_of_vectors_are_refused(small: None, tmp_path: Path) -> None:
    for name, n in (("s", 100), ("other", 101)):
        on_disk(in_memory(np.arange(n, dtype=np.int64), unit(n, 1)), tmp_path / name)
    (tmp_path / "other" / dense.CODES).rename(tmp_path / "s" / dense.CODES)
    with pytest.raises(ValueError, match="holds codes of 101 vectors, not of 100"):
        sealed("s", tmp_path / "s", WIDTH)


def test_files_that_are_too_short_for_their_passages_are_refused(small: None, tmp_path: Path) -> None:
    disk = tmp_path / "s"
    on_disk(in_memory(np.arange(100, dtype=np.int64), unit(100, 1)), disk)
    (disk / VECTORS).write_bytes(b"short")
    with pytest.raises(ValueError, match="too short for 100 vectors"):
        sealed("s", disk, WIDTH)
