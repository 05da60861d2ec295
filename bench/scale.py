"""An archive that grows to a million passages, measured on the way: `python -m bench.scale FOLDER` (`make scale`).

It goes on where it was stopped. FOLDER gets the passages (`bench.passages`), their vectors (embedded here, or taken
with --vectors FILE), one archive that grows, and results.json, which `bench.plots` draws.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench import made, passages
from bench.corpora import DATA
from bench.measure import Prepared, measure, questions
from indexer import seal, stories
from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Page

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
RESULTS = "results.json"
_KILLED_AT = 100_000
_BATCH = 256  # articles a commit
_SHARD = 1024  # passages embedded between two looks at the disk


def main() -> None:
    """Grow and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--vectors", type=Path, help="(n, 384) float16 of the first n passages, embedded before")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)  # in a process of its own
    parser.add_argument("--die-after", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        print(json.dumps(measure(given.folder, given.measure)))
    elif given.die_after is not None:
        grow(given.folder, given.die_after, settle=False)
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        run(given.folder, sorted(given.sizes), given.vectors, given.data)


def run(folder: Path, sizes: Sequence[int], ready: Path | None, data: Path) -> None:
    """Bring the archive to each size and measure it there, unless results.json has that size already."""
    passages.prepare(folder, data)
    embed(folder, ready, sizes[-1])
    asked = questions(folder, data)
    print(f"{len(asked.texts)} questions", file=sys.stderr)
    results = _read(folder / RESULTS)
    if "empty" not in results:
        Archive(folder / "empty", Prepared(folder), create=True).close()
        results["empty"] = _apart(folder, "--measure", "0")
    for size in sizes:
        if str(size) not in results:
            begun, cpu, before = time.monotonic(), time.process_time(), grown(folder)
            grow(folder, size)
            seconds, cpu_s = time.monotonic() - begun, time.process_time() - cpu
            found = _apart(folder, "--measure", str(size))
            found["growing"] = {"passages": size - before, "seconds": round(seconds), "cpu_seconds": round(cpu_s)}
            if size == _KILLED_AT:
                found["recovery"] = killed(folder, size)
            results[str(size)] = found
            _write(folder / RESULTS, results)
            print(json.dumps({size: found}, indent=1))


def embed(folder: Path, ready: Path | None, size: int) -> None:
    """Have the vectors of the million in the folder, with all cores, shard by shard; what is there is kept."""
    file = folder / made.VECTORS
    if ready is not None and not file.exists():
        file.symlink_to(ready.resolve())
    lengths = np.load(folder / passages.LENGTHS)
    if not file.exists():
        _embed(folder, len(lengths))
    parts = made.plan(made.Texts(folder).first, max(size, made.SIZE))
    if not (folder / made.ORDERED).exists():
        made.write_vectors(np.load(file, mmap_mode="r"), parts, folder / made.ORDERED)


def _embed(folder: Path, n: int) -> None:
    embedder, texts = passages.embedder(), made.Texts(folder)
    fresh, done = folder / "vectors.part.npy", folder / "vectors.done"
    begin = int(done.read_text()) if done.exists() else 0
    out = np.lib.format.open_memmap(fresh, "r+" if begin else "w+", np.float16, (n, embedder.width))
    line_of = np.repeat(np.arange(len(texts.articles)), np.diff(texts.first))
    for start in range(begin, n, _SHARD):
        rows = range(start, min(n, start + _SHARD))
        pairs = [(texts.articles[line_of[row]].get("title"), texts.of(row)) for row in rows]
        out[start : rows.stop] = embedder.encode(pairs)
        out.flush()
        done.write_text(str(rows.stop))
        print(f"\r{rows.stop} of {n} embedded", end="", file=sys.stderr)
    fresh.rename(folder / made.VECTORS)


def grown(folder: Path) -> int:
    """How many passages of the million the archive holds."""
    if not (folder / "archive").exists():
        return 0
    archive = Archive(folder / "archive", Prepared(folder))
    sql = "SELECT count(*) FROM passage JOIN article ON article = article.rowid WHERE id NOT LIKE 'added-%'"
    held = int(archive.store.rows(sql)[0][0])
    archive.close()
    return held


def grow(folder: Path, size: int, settle: bool = True) -> None:
    """Add articles until the archive holds about `size` passages, as the store and the caches take them.

    settle: put all on disk at the end, too, not only what gathers on the way.

    What near-duplicates cost is measured by `bench.duplicates`: they are not looked for here.
    """
    held = grown(folder)
    if held >= size:
        return
    texts = made.Texts(folder)
    parts, vectors = made.plan(texts.first), np.load(folder / made.ORDERED, mmap_mode="r")
    archive = Archive(folder / "archive", Prepared(folder), create=True)
    coming = made.articles(texts, parts, held)
    with mock.patch.object(stories, "link"):
        while held < size and (batch := list(islice(coming, _BATCH))):
            while len(batch) > 1 and batch[-2][2].stop >= size:
                batch.pop()
            drafts = [
                Draft(_page(article.id), article, spans, np.asarray(vectors[rows], np.float32))
                for article, spans, rows in batch
            ]
            commit(archive, drafts)
            held = batch[-1][2].stop
            seal.settle(archive)
            print(f"\r{held} passages", end="", file=sys.stderr)
    if settle:
        seal.settle(archive, force=True)
    archive.close()


def killed(folder: Path, size: int) -> dict[str, float]:
    """Open an archive whose writer was killed just before it would have sealed what it had gathered."""
    command = [sys.executable, "-m", "bench.scale", str(folder), "--die-after", str(size + seal.SEAL_AT - 500)]
    died = subprocess.run(command, check=False).returncode
    assert died == -signal.SIGKILL, died
    prepared, begun = Prepared(folder), time.perf_counter()
    archive = Archive(folder / "archive", prepared)
    found = archive.view().dense.search(prepared.vectors[0], 10)
    seconds = time.perf_counter() - begun
    assert len(found) == 10
    held = archive.view().info.passages
    archive.close()
    return {"passages": held, "seconds_to_first_search": round(seconds, 2)}


def _page(name: str) -> Page:
    return Page(origin=f"bench:{name}", source_sha256=name, extractor="bench", text="")


def _apart(folder: Path, *arguments: str) -> dict[str, Any]:
    """What another process prints, so that memory and caches are its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.scale", str(folder), *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return found


def _write(file: Path, results: dict[str, Any]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    fresh.replace(file)


if __name__ == "__main__":
    main()
