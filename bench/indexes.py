"""Approximate indexes on real vectors: `python -m bench.indexes FOLDER [--n N]` prints a table in Markdown.

FOLDER is that of `bench.scale`. Each index proposes 1,024 candidates, whose exact scores decide; questions are real.
Milliseconds are of one thread's processor time, so that what else the machine does is not in them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from bench import made
from bench.corpora import DATA
from bench.measure import questions
from indexer import nearest
from indexer.types import Floats, Ints

CANDIDATES = 1024
_INNER = faiss.METRIC_INNER_PRODUCT
_KINDS = {  # name -> factory string, and the settings to try
    "RaBitQ, no lists": ("RaBitQ", (6,)),
    "IVF-RaBitQ": ("IVF{lists},RaBitQ", (16, 8, 4)),
    "IVF-RaBitQ, rotated": ("RR{width},IVF{lists},RaBitQ", (8,)),
    "IVF-RaBitQ, 4-bit scan": ("IVF{lists},RaBitQfs", (16, 8, 4)),
    "IVF-PQ, four dimensions a code": ("IVF{lists},PQ96x4fs", (8, 4)),
    "IVF-PQ, three dimensions a code": ("IVF{lists},PQ128x4fs", (16, 8, 4)),
    "IVF-PQ, two dimensions a code": ("IVF{lists},PQ192x4fs", (8, 4)),
    "HNSW over 8-bit codes": ("HNSW24,SQ8", (64, 128, 256)),
}


def main() -> None:
    """Print a row for each index and setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", default=list(_KINDS))
    given = parser.parse_args()
    asked = questions(given.folder, DATA).vectors[:200]
    vectors = np.asarray(np.load(given.folder / made.ORDERED, mmap_mode="r")[: given.n])
    exact = nearest.Exact.of(vectors)
    with nearest.threads(1):
        truth, ms = _run(lambda query: exact.search(query, 100, None).positions, asked)
    print(f"{given.n} vectors\n\n| index | looks into | recall@10 | recall@100 | ms | bytes a vector | build s |")
    print(f"|---|---|---|---|---|---|---|\n| exact, 16 bits | all | 1 | 1 | {ms:.2f} | 768 | 0 |")
    for name in given.only:
        _rows(name, vectors, exact, asked, truth)


def _rows(name: str, vectors: Any, exact: nearest.Exact, asked: Floats, truth: list[Ints]) -> None:  # noqa: ANN401
    factory, settings = _KINDS[name]
    lists = len(vectors) // nearest.LIST
    begun = time.process_time()
    index = faiss.index_factory(vectors.shape[1], factory.format(lists=lists, width=vectors.shape[1]), _INNER)
    with nearest.threads(1):
        index.train(np.asarray(vectors[:: max(1, len(vectors) // (64 * lists))], np.float32))
        index.add(np.asarray(vectors, np.float32))
    built, size = time.process_time() - begun, len(faiss.serialize_index(index)) / len(vectors)
    held = exact.vectors()
    for setting in settings:
        shown = _set(index, name, setting, lists)
        with nearest.threads(1):
            found, ms = _run(lambda query: _refined(index, held, query), asked)
        hits = [[len(set(f[:k]) & set(t[:k])) / k for f, t in zip(found, truth, strict=True)] for k in (10, 100)]
        shares = " | ".join(f"{np.mean(share):.4f}" for share in hits)
        print(f"| {name} | {shown} | {shares} | {ms:.2f} | {size:.0f} | {built:.0f} |", flush=True)


def _set(index: Any, name: str, setting: int, lists: int) -> str:  # noqa: ANN401 - faiss has no type for these
    if "HNSW" in name:
        index.hnsw.efSearch = setting
        return f"efSearch {setting}"
    if "no lists" in name:
        index.qb = setting
        return "all"
    ivf = faiss.extract_index_ivf(index)
    ivf.nprobe = lists // setting
    if hasattr(ivf, "qb"):
        ivf.qb = 6
    return f"1/{setting} of the lists"


def _refined(index: Any, held: Any, query: Floats) -> Ints:  # noqa: ANN401
    candidates = index.search(query[None, :], CANDIDATES)[1][0]
    candidates = candidates[candidates >= 0]
    found = nearest.Exact.of(held[candidates]).search(query, min(100, len(candidates)), None)
    chosen: Ints = candidates[found.positions]
    return chosen


def _run(search: Callable[[Floats], Ints], asked: Floats) -> tuple[list[Ints], float]:
    begun = time.process_time()
    found = [search(query) for query in asked]
    return found, 1000 * (time.process_time() - begun) / len(asked)


if __name__ == "__main__":
    main()
