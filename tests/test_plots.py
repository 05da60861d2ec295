"""The pictures of `make scale`: what they show is what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import plots


def test_the_nearest_neighbour_is_that_of_comparing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "_SAMPLE", 20)
    monkeypatch.setattr(plots, "_BLOCK", 64)
    vectors = np.random.default_rng(2).standard_normal((300, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    rows = np.arange(50, 250)
    among = vectors[rows].astype(np.float32)
    scores = among @ among.T
    np.fill_diagonal(scores, -1)
    chosen = np.sort(np.random.default_rng(1).choice(rows, 20, replace=False)) - 50
    assert plots.nearest(vectors, rows) == pytest.approx(1 - scores.max(axis=1)[chosen], abs=1e-6)


def measured(scale: float) -> dict[str, Any]:
    memory = {"all": 100 + scale, "own": 50 + scale}
    times = {"p50_ms": scale, "p95_ms": 2 * scale, "cpu_p50_ms": scale / 2}
    costs = {"memory_mb": memory, "dense_leg_ms": times, "hybrid_ms": times, "open_s": scale, "cold_open_s": scale}
    return {"costs": {**costs, "disk_mb": {"store": scale, "dense": scale, "lexical": scale}}}


def test_each_measure_is_a_line_over_the_sizes_and_memory_is_less_that_of_an_empty_archive() -> None:
    results = {"empty": measured(0), "30000": measured(3), "10000": measured(1)}
    axes = {axis.get_title(): axis for axis in plots.measures(results).axes}
    line = axes["Memory above an empty archive's"].lines[0]
    assert np.asarray(line.get_xdata()).tolist() == [10_000, 30_000]
    assert np.asarray(line.get_ydata()).tolist() == [1, 3]
    dense = axes["Dense search"]
    assert [np.asarray(drawn.get_ydata()).tolist() for drawn in dense.lines] == [[1, 3], [2, 6], [0.5, 1.5], [5, 5]]
    labels = [drawn.get_label() for drawn in dense.lines]
    assert labels == ["clock, p50", "clock, p95", "processor, p50", "goal: 5"]
    assert not axes["Recall against exact search"].lines[:-1]  # not measured yet: its goal alone
