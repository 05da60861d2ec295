"""Dense search alone, up to a million passages: `python -m bench.dense FOLDER --n N` prints recall, time and memory.

FOLDER is that of `bench.scale`; segments are made as sealing makes them, from the vectors, without store and words.
Milliseconds are processor time of the one thread that searches, so that what else the machine does is not in them.
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
    given = parser.parse_args()
    asked = questions(given.folder, DATA).vectors
    vectors = np.load(given.folder / made.ORDERED, mmap_mode="r")[: given.n]
    with tempfile.TemporaryDirectory(dir=given.folder) as home:
        print(json.dumps(measure(vectors, asked, Path(home))))


def measure(vectors: Any, asked: Floats, home: Path) -> dict[str, Any]:  # noqa: ANN401 - (n, width) float16, mapped
    """Recall at 10 and 100 against exact search, and what a search costs."""
    before, begun, segments = memory(), time.process_time(), []
    best = np.full((len(asked), 100), -np.inf, np.float32)
    for start in range(0, len(vectors), dense.LARGEST):
        part = np.asarray(vectors[start : start + dense.LARGEST])
        segment = dense.in_memory(np.arange(start, start + len(part), dtype=np.int64), part)
        (home / str(start)).mkdir()
        for name, write in dense.writers(segment).items():
            write(home / str(start) / name)
        for at in range(0, len(part), 50_000):
            scores = np.concatenate([best, asked @ np.asarray(part[at : at + 50_000], np.float32).T], axis=1)
            best = -np.partition(-scores, 99, axis=1)[:, :100]
        segments.append(dense.sealed(str(start), home / str(start), part.shape[1]))
    built, best, all_of_them = time.process_time() - begun, -np.sort(-best, axis=1), dense.Segments(384, segments)
    times, hits = [], {10: 0, 100: 0}
    for vector, truth in zip(asked, best, strict=True):
        begun = time.process_time()
        found = all_of_them.search(vector, 101)
        times.append(time.process_time() - begun)
        for k in hits:
            hits[k] += sum(score >= truth[k - 1] - 1e-5 for _, score in found[:k])
    p50, p95 = np.percentile(np.array(times) * 1000, [50, 95])
    return {
        "passages": len(vectors),
        **{f"recall_at_{k}": round(count / k / len(asked), 4) for k, count in hits.items()},
        "cpu_p50_ms": round(float(p50), 2),
        "cpu_p95_ms": round(float(p95), 2),
        "build_cpu_s": round(built),
        "codes_mb": round(sum(file.stat().st_size for file in home.rglob(dense.CODES)) / 1e6, 1),
        "memory_mb": {"before": before, "after": memory()},
    }


if __name__ == "__main__":
    main()
