"""Indexing rate beside sentence-transformers alone: `python -m bench.rate FOLDER --n N` prints passages a second.

FOLDER is that of `bench.passages`. Both embed the same texts, N of all passages at even distances: here as
`pullquote index` does, there `SentenceTransformer.encode` with its own batching, sorting and threads (torch, 32 bits).
They take turns, part by part, so that what else the machine does meets both alike. What an index costs beside its
embedding is not in it: reading, cutting and storing go on while the next texts are embedded.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers

from bench import made, passages
from indexer.models import manifest
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder, prepare
from indexer.models.registry import load_registry
from indexer.types import Floats

_PARTS = 4
Pairs = list[tuple[str | None, str]]


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=2_000)
    given = parser.parse_args()
    print(json.dumps(measure(given.folder, given.n)))


def measure(folder: Path, n: int) -> dict[str, Any]:
    """Passages a second of both, on the clock and by the processor's time, and how alike their vectors are."""
    pairs, lengths = sample(folder, n)
    ours = passages.embedder()
    spec = replace(load_registry().model(EMBEDDER), runtime="torch")
    prepare(spec, default_folder())
    model = sentence_transformers.SentenceTransformer(str(manifest.home(spec, default_folder())), device="cpu")
    model.max_seq_length = spec.max_tokens

    def theirs(part: Pairs) -> Floats:
        texts = [f"{title}\n{text}" if title else text for title, text in part]
        found: Floats = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return found

    names: dict[str, Callable[[Pairs], Floats]] = {"ours": ours.encode, "theirs": theirs}
    clock, processor = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    cosines: list[float] = []
    for embed in names.values():
        embed(pairs[:8])  # warm
    for part in range(_PARTS):
        texts, found = pairs[part::_PARTS], []
        for name, embed in names.items():
            begun, cpu = time.perf_counter(), time.process_time()
            found.append(embed(texts))
            clock[name] += time.perf_counter() - begun
            processor[name] += time.process_time() - cpu
        cosines += (found[0] * found[1]).sum(axis=1).tolist()
    return {
        "passages": n,
        "tokens_p10_p50_p90": np.percentile(lengths, [10, 50, 90]).astype(int).tolist(),
        "per_second": {name: round(n / seconds, 1) for name, seconds in clock.items()},
        "per_cpu_second": {name: round(n / seconds, 1) for name, seconds in processor.items()},
        "times_as_fast": round(clock["theirs"] / clock["ours"], 2),
        "times_as_fast_by_cpu": round(processor["theirs"] / processor["ours"], 2),
        "cosine_mean_min": [round(float(np.mean(cosines)), 4), round(min(cosines), 4)],
    }


def sample(folder: Path, n: int) -> tuple[Pairs, Any]:
    """Titles and texts of n passages at even distances, and how many tokens they have."""
    texts, lengths = made.Texts(folder), np.load(folder / passages.LENGTHS)
    line_of = np.repeat(np.arange(len(texts.articles)), np.diff(texts.first))
    rows = np.linspace(0, len(line_of) - 1, n).astype(np.int64)
    return [(texts.articles[line_of[row]].get("title"), texts.of(int(row))) for row in rows], lengths[rows]


if __name__ == "__main__":
    main()
