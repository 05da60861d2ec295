"""Dense search alone, up to a million passages: `python -m bench.dense FOLDER --n N` prints recall, time and memory.

FOLDER is that of `bench.scale`; segments are made as sealing makes them, from the vectors, without store and words.
Milliseconds are on the clock, and of the processor (of all threads that search), in which what else the machine does
is not. --keep leaves the segments in a folder, from which the next run takes them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import made
from bench.corpora import DATA
from bench.measure import memory, questions
from indexer import dense
from indexer.types import Floats


def main() -> None:
    """Make the segments, search them, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=made.SIZE)
    parser.add_argument("--keep", type=Path, help="a folder for the segments")
    given = parser.parse_args()
    asked = questions(given.folder, DATA).vectors
    vectors = np.load(given.folder / made.ORDERED, mmap_mode="r")[: given.n]
    with tempfile.TemporaryDirectory(dir=given.folder) as home:
        print(json.dumps(measure(vectors, asked, given.keep or Path(home))))


def measure(vectors: Any, asked: Floats, home: Path) -> dict[str, Any]:  # noqa: ANN401 - (n, width) float16, mapped
    """Recall at 10 and 100 against exact search, and what a search costs."""
    before, begun, segments = memory(), time.process_time(), []
    best = np.full((len(asked), 100), -np.inf, np.float32)
    for start in range(0, len(vectors), dense.LARGEST):
        part = np.asarray(vectors[start : start + dense.LARGEST])
        segment = dense.in_memory(np.arange(start, start + len(part), dtype=np.int64), part)
        (home / str(start)).mkdir(parents=True, exist_ok=True)
        for name, write in dense.writers(segment).items():
            if not (home / str(start) / name).exists():
                write(home / str(start) / name)
        for at in range(0, len(part), 50_000):
            scores = np.concatenate([best, asked @ np.asarray(part[at : at + 50_000], np.float32).T], axis=1)
            best = -np.partition(-scores, 99, axis=1)[:, :100]
        segments.append(dense.sealed(str(start), home / str(start), part.shape[1]))
    built, best, all_of_them = time.process_time() - begun, -np.sort(-best, axis=1), dense.Segments(384, segments)
    times, clock, hits = list[float](), list[float](), {10: 0, 100: 0}
    for vector, truth in zip(asked, best, strict=True):
        begun, at_once = time.process_time(), time.perf_counter()
        found = all_of_them.search(vector, 101)
        times.append(time.process_time() - begun)
        clock.append(time.perf_counter() - at_once)
        for k in hits:
            hits[k] += sum(score >= truth[k - 1] - 1e-5 for _, score in found[:k])
    p50, p95 = np.percentile(np.array(times) * 1000, [50, 95])
    clock_p50, clock_p95 = np.percentile(np.array(clock) * 1000, [50, 95])
    return {
        "passages": len(vectors),
        **{f"recall_at_{k}": round(count / k / len(asked), 4) for k, count in hits.items()},
        "p50_ms": round(float(clock_p50), 2),
        "p95_ms": round(float(clock_p95), 2),
        "cpu_p50_ms": round(float(p50), 2),
        "cpu_p95_ms": round(float(p95), 2),
        "build_cpu_s": round(built),
        "codes_mb": round(sum(file.stat().st_size for file in home.rglob(dense.CODES)) / 1e6, 1),
        "memory_mb": {"before": before, "after": memory()},
    }


if __name__ == "__main__":
    main()
