"""Pictures of what `bench.scale` found: `python -m bench.plots FOLDER [--out docs]` writes two PNG files.

archive-scale.png: each measure against the number of passages. archive-neighbours.png: how far passages are from their
nearest neighbours, the real ones beside the made ones. Needs the extra `plot`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import made
from bench.scale import RESULTS
from indexer.types import Floats, Ints
from reader.plot import check_plotting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCALE, NEIGHBOURS = "archive-scale.png", "archive-neighbours.png"
_SAMPLE = 1000  # passages of each kind whose nearest neighbour is looked for
_BLOCK = 20_000

_Path = tuple[str, ...]


def _times(leg: str) -> dict[str, _Path]:
    paths = {"clock, p50": "p50_ms", "clock, p95": "p95_ms", "processor, p50": "cpu_p50_ms"}
    return {name: ("costs", leg, part) for name, part in paths.items()}


# title, y label, goal, and the lines: name -> where the value stands in what is known of a size
_PANELS: tuple[tuple[str, str, float | None, dict[str, _Path]], ...] = (
    (
        "Recall against exact search",
        "share found",
        0.98,
        {"10 nearest": ("quality", "recall_at_10"), "100 nearest": ("quality", "recall_at_100")},
    ),
    ("Dense search", "ms", 5, _times("dense_leg_ms")),
    ("Hybrid search with texts", "ms", 20, _times("hybrid_ms")),
    (
        "First search",
        "ms",
        100,
        {
            "after adding an article": ("costs", "first_search_after_adding_ms"),
            "the same, of the processor": ("costs", "first_search_after_adding_cpu_ms"),
            "dense, files not in memory": ("costs", "cold_first_dense_ms"),
        },
    ),
    ("Opening", "s", 2, {"warm": ("costs", "open_s"), "cold": ("costs", "cold_open_s")}),
    (
        "Memory above an empty archive's",
        "MB",
        None,
        {"all": ("costs", "memory_mb", "all"), "the process's own": ("costs", "memory_mb", "own")},
    ),
    (
        "Disk",
        "MB",
        None,
        {part: ("costs", "disk_mb", part) for part in ("store", "dense", "lexical")},
    ),
)


def main() -> None:
    """Draw both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    given = parser.parse_args()
    for name in (SCALE, NEIGHBOURS):
        check_plotting(given.out / name)
    results = json.loads((given.folder / RESULTS).read_text("utf-8"))
    measures(results).savefig(given.out / SCALE)
    vectors = np.load(given.folder / made.ORDERED, mmap_mode="r")
    real = len(np.load(given.folder / made.VECTORS, mmap_mode="r"))
    distances = {
        f"real, among {real:,} real": nearest(vectors, np.arange(real)),
        f"made, among {len(vectors) - real:,} made": nearest(vectors, np.arange(real, len(vectors))),
    }
    neighbours(distances).savefig(given.out / NEIGHBOURS)
    for name, found in distances.items():
        shares = ", ".join(f"{value:.3f}" for value in np.percentile(found, [10, 50, 90]))
        print(f"{name}: distance {shares} at the 10th, 50th and 90th percentile")


def measures(results: Mapping[str, Any]) -> Figure:
    """A panel for each measure, with its goal where it has one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 10), dpi=100, layout="constrained")
    every = figure.subplots(3, 3).ravel().tolist()
    for axes, (title, unit, goal, lines) in zip(every, _PANELS, strict=False):
        _panel(axes, results, lines)
        if goal is not None:
            axes.axhline(goal, color="grey", linestyle="--", label=f"goal: {goal:g}")
        axes.set(title=title, xlabel="passages", ylabel=unit, xscale="log")
        if unit != "share found":
            axes.set_ylim(bottom=0)
        axes.legend()
    for axes in every[len(_PANELS) :]:
        axes.axis("off")
    return figure


def _panel(axes: Axes, results: Mapping[str, Any], lines: Mapping[str, _Path]) -> None:
    sizes = sorted(int(size) for size in results if size.isdigit())
    for name, path in lines.items():
        points = [(size, value) for size in sizes if (value := _at(results[str(size)], path)) is not None]
        if points:
            less = (_at(results["empty"], path) or 0) if "memory_mb" in path else 0
            axes.plot([size for size, _ in points], [value - less for _, value in points], marker="o", label=name)


def _at(found: Any, path: Sequence[str]) -> float | None:  # noqa: ANN401 - JSON
    for key in path:
        if key not in found:
            return None
        found = found[key]
    return float(found)


def nearest(vectors: Any, rows: Ints) -> Floats:  # noqa: ANN401 - (n, width) float16, mapped
    """Distances (1 - cosine) of a sample of some rows to the nearest other one among them, (_SAMPLE,)."""
    chosen = np.sort(np.random.default_rng(1).choice(rows, min(_SAMPLE, len(rows)), replace=False))
    asked = np.asarray(vectors[chosen], np.float32)
    best = np.full(len(chosen), -1, np.float32)
    for start in range(int(rows[0]), int(rows[-1]) + 1, _BLOCK):
        block = np.asarray(vectors[start : min(int(rows[-1]) + 1, start + _BLOCK)], np.float32)
        scores = asked @ block.T
        itself = (chosen >= start) & (chosen < start + len(block))
        scores[itself, chosen[itself] - start] = -1
        best = np.maximum(best, scores.max(axis=1))
    return 1 - best


def neighbours(distances: Mapping[str, Floats]) -> Figure:
    """Histograms of distances, one over the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    for name, found in distances.items():
        axes.hist(found, bins=np.linspace(0, 0.8, 41).tolist(), alpha=0.5, label=name)
    axes.set(title="Distance to the nearest neighbour", xlabel="1 - cosine", ylabel=f"of {_SAMPLE:,} passages")
    axes.legend()
    return figure


if __name__ == "__main__":
    main()
