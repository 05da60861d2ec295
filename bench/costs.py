"""What an archive costs beside its embedding: `python -m bench.costs ARTICLES.jsonl [--limit N] [--postgres URL]`.

Cleans, cuts and stores real articles, with vectors drawn by chance (384 numbers, as the embedder's), and prints a line
of JSON: what it takes to clean and cut, to store, and to open and search first, in a folder and, at a URL whose schema
is empty, in PostgreSQL; and the bytes that a passage takes there.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.workers import load
from indexer.archive import Archive
from indexer.build import drafts_of, passages_of, texts_of
from indexer.commit import commit
from indexer.sizes import parts
from indexer.sources import SourceOptions, read_pages
from indexer.stores import Place
from indexer.types import Embedder, Floats, Page

_BATCH = 64


class ByChance:
    """An embedder that measures texts as the real one does, and gives them vectors by chance."""

    def __init__(self, real: Embedder) -> None:
        self.name, self.fingerprint, self.width, self.runtime = "chance", "chance:1", real.width, real.runtime
        self.fits = real.fits
        self._chance = np.random.default_rng(1)

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        """See `types.Embedder.encode`."""
        found = self._chance.standard_normal((len(passages), self.width)).astype(np.float32)
        unit: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    def encode_query(self, question: str) -> Floats:
        """See `types.Embedder.encode_query`."""
        vector: Floats = self.encode([(None, question)])[0]
        return vector


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("articles", type=Path)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--postgres", default=None)
    parser.add_argument("--server", type=int, default=None, help="process id of its postmaster, on this machine")
    given = parser.parse_args()
    embedder = ByChance(load())
    found = [
        page for page in islice(read_pages([given.articles], SourceOptions()), given.limit) if isinstance(page, Page)
    ]
    began = time.process_time()
    chunked = passages_of(found, embedder, None, _deaf)
    passages = sum(len(part[2]) for part in chunked)
    told: dict[str, Any] = {
        "articles": len(chunked),
        "passages": passages,
        "characters": sum(len(article.text) for _, article, _ in chunked),
        "clean_and_cut_ms_a_passage": round(1000 * (time.process_time() - began) / passages, 3),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, place in (("folder", Path(folder) / "archive"), ("postgresql", given.postgres)):
            if place is not None:
                told[name] = stored(place, embedder, chunked)
    if given.server is not None:
        told["server_processor_ms_a_passage"] = round(1000 * seconds_of_children(given.server) / passages, 3)
    print(json.dumps(told))


def seconds_of_children(process: int) -> float:
    """Processor time of the children of a process that have ended: of a postmaster, all connections until now."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _deaf(event: object) -> None:
    pass


def stored(place: Place, embedder: Embedder, chunked: Sequence[Any]) -> dict[str, float]:
    """Store articles at a place, as indexing does. All by passage: ms to store, to open and search first; bytes."""
    n = sum(len(part[2]) for part in chunked)
    with closing(Archive(place, embedder, create=True)) as archive:
        drafts = [
            drafts_of(batch, [None] * len(batch), embedder.encode(texts_of(batch, [None] * len(batch))))
            for batch in (chunked[at : at + _BATCH] for at in range(0, len(chunked), _BATCH))
        ]
        began, before = time.perf_counter(), time.process_time()
        for batch in drafts:
            commit(archive, batch)
        storing, worked = time.perf_counter() - began, time.process_time() - before
        sizes = {name: size for name, size in parts(archive.store).items() if name.startswith("store")}
    began, before = time.perf_counter(), time.process_time()
    with closing(Archive(place, embedder)) as archive:
        archive.view().dense.search(embedder.encode_query("?"), 10)
        opening, opened = time.perf_counter() - began, time.process_time() - before
    return {
        "store_ms_a_passage": round(1000 * storing / n, 3),
        "store_processor_ms_a_passage": round(1000 * worked / n, 3),
        "store_ms_an_article": round(1000 * storing / len(chunked), 2),
        "open_ms_a_thousand_passages": round(1e6 * opening / n, 1),
        "open_processor_ms_a_thousand": round(1e6 * opened / n, 1),
        "bytes_a_passage": round(sum(sizes.values()) / n),
    }


if __name__ == "__main__":
    main()
