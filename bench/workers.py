"""Indexing with 0, 1 and 2 workers: `python -m bench.workers [PATH…] [--limit N]` prints a line of JSON for each.

Each indexes the first N pages of the paths (the seeds, if none) into a new archive, with the real models; the last has
two workers, and kills one half way. `start_s`: until Ray and its workers are there, models loaded; the rest is timed
after that. `processor_s`: of this process and the workers, without Ray's own. Whether all archives hold the same is
looked at, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from indexer.archive import Archive
from indexer.build import Found, build
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.sources import SourceOptions, read_pages
from indexer.spread import spread
from indexer.types import Embedder, IndexEvent
from indexer.workers import RayCrew

SEEDS = Path(__file__).parent.parent / "seeds"


def main() -> None:
    """Measure, and print a line of JSON for each way, and one that compares them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="*", default=[SEEDS])
    parser.add_argument("--limit", type=int, default=300)
    given = parser.parse_args()
    pages = list(islice(read_pages(given.paths, SourceOptions()), given.limit))
    found = []
    for workers, kill in ((0, False), (1, False), (2, False), (2, True)):
        found.append(measured(pages, workers, kill))
        print(json.dumps({name: value for name, value in found[-1].items() if name != "holds"}), flush=True)
    alone, one, two, killed = found
    print(
        json.dumps(
            {
                "same": len({row["holds"] for row in found}) == 1,
                "one_worker_to_none": round(one["seconds"] / alone["seconds"], 2),
                "two_workers_to_none": round(two["seconds"] / alone["seconds"], 2),
                "killed_to_two": round(killed["seconds"] / two["seconds"], 2),
                "processor_of_one_to_none": round(one["processor_s"] / alone["processor_s"], 2),
                "processor_of_two_to_none": round(two["processor_s"] / alone["processor_s"], 2),
            }
        )
    )


def load() -> Embedder:
    """The embedder that archives have unless another one is named."""
    return load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)


def measured(pages: Sequence[Found], workers: int, kill: bool) -> dict[str, Any]:
    """Index some pages into a new archive. workers: 0 for none; kill: one of them, half way."""
    embedder = load()
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", embedder, create=True)
        began = time.perf_counter()
        if not workers:
            before = time.process_time()
            start, seconds = 0.0, _timed(partial(build, pages, archive))
            processor = time.process_time() - before
        else:
            with RayCrew(str(workers), load, folder, embedder.fingerprint) as crew:
                start = time.perf_counter() - began
                victim = crew.processes()[0][0] if kill else 0
                before = time.process_time() + sum(taken for _, taken in crew.processes())
                seconds = _timed(partial(spread, pages, archive, crew=crew), victim, len(pages))
                processor = time.process_time() + sum(taken for _, taken in crew.processes()) - before
        (articles, passages, holds) = _holds(archive)
        archive.close()
    return {
        "workers": workers,
        "killed": kill,
        "start_s": round(start, 1),
        "seconds": round(seconds, 1),
        "processor_s": None if kill else round(processor, 1),  # without what the killed one had done, it says nothing
        "articles": articles,
        "passages": passages,
        "passages_per_second": round(passages / seconds, 1),
        "holds": holds,
    }


def _timed(run: Callable[..., None], victim: int = 0, pages: int = 0) -> float:
    told: list[IndexEvent] = []

    def report(event: IndexEvent) -> None:
        told.append(event)
        if victim and len(told) == pages // 2:
            os.kill(victim, signal.SIGKILL)

    began = time.perf_counter()
    run(report=report)
    return time.perf_counter() - began


def _holds(archive: Archive) -> tuple[int, int, str]:
    """How many articles and passages, and a hash of all of them but the numbers of their rows."""
    sql = """SELECT id, title, text_sha256, ordinal, start, "end", fp16 FROM article
        JOIN passage ON article = article.rowid JOIN vector ON passage = passage.rowid
        WHERE removed_seq IS NULL ORDER BY id, ordinal"""
    rows = archive.store.rows(sql)
    return len({row[0] for row in rows}), len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()


if __name__ == "__main__":
    main()
