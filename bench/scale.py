"""Archives of up to a million passages, each grown from the last: `python -m bench.scale FOLDER` (`make scale`).

It goes on where it was stopped. FOLDER gets the passages (`bench.passages`), their vectors (embedded here, or taken
with --vectors FILE), an archive for each size, and results.json, which `bench.plots` draws. --parts does some of it
only: "grow", and of what is measured "costs" (times, memory, disk: on an idle machine), "quality", "recovery".
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bench import made, passages
from bench.corpora import DATA
from bench.measure import Prepared, costs, quality, questions
from indexer import seal, stories
from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.types import Page

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
RESULTS = "results.json"
PARTS = ("grow", "costs", "quality", "recovery")
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
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)  # in a process of its own
    parser.add_argument("--die-after", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        part, home = given.measure
        print(json.dumps((costs if part == "costs" else quality)(given.folder, given.folder / home)))
    elif given.die_after is not None:
        grow(given.folder, given.folder / "killed", given.die_after, settle=False)
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        run(given.folder, sorted(given.sizes), given.vectors, given.data, given.parts)


def run(folder: Path, sizes: Sequence[int], ready: Path | None, data: Path, parts: Sequence[str]) -> None:
    """Make the archive of each size and measure it, unless results.json has that already."""
    passages.prepare(folder, data)
    embed(folder, ready, sizes[-1])
    asked = questions(folder, data)
    print(f"{len(asked.texts)} questions", file=sys.stderr)
    if "grow" in parts:
        for size in sizes:
            _note(folder, str(size), "growing", partial(grown_to, folder, size))
    if "costs" in parts:
        if not (folder / "empty").exists():
            Archive(folder / "empty", Prepared(folder), create=True).close()
        _note(folder, "empty", "costs", lambda: _apart(folder, "costs", "empty"))
    for size, part in product(sizes, [part for part in parts if part in {"costs", "quality"}]):
        _note(folder, str(size), part, partial(_apart, folder, part, name_of(size)))
    if "recovery" in parts and _KILLED_AT in sizes:
        _note(folder, str(_KILLED_AT), "recovery", lambda: killed(folder, _KILLED_AT))


def _note(folder: Path, size: str, part: str, work: Callable[[], dict[str, Any]]) -> None:
    """Put one part of what is known of a size into results.json, unless it is there."""
    results = _read(folder / RESULTS)
    if part not in results.get(size, {}):
        found = work()
        results = _read(folder / RESULTS)  # another run may have added to it meanwhile
        results.setdefault(size, {})[part] = found
        _write(folder / RESULTS, results)
        print(json.dumps({size: {part: found}}, indent=1))


def name_of(size: int) -> str:
    """The folder of the archive of one size."""
    return f"archive-{size}"


def grown_to(folder: Path, size: int) -> dict[str, Any]:
    """Make the archive of one size, from the largest smaller one; what that took."""
    home = folder / name_of(size)
    smaller = [int(other.name.removeprefix("archive-")) for other in folder.glob("archive-*")]
    origin = max((n for n in smaller if n < size), default=0)
    if origin and not home.exists():
        _copied(folder, folder / name_of(origin), home)
    begun, cpu, before = time.monotonic(), time.process_time(), held(folder, home)
    grow(folder, home, size)
    seconds, cpu_s = time.monotonic() - begun, time.process_time() - cpu
    return {"passages": held(folder, home) - before, "seconds": round(seconds), "cpu_seconds": round(cpu_s)}


def _copied(folder: Path, archive: Path, home: Path) -> None:
    """Copy an archive, with caches that are believed as those of the first are."""
    fresh = home.with_name("copying")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(archive, fresh)
    copy = Archive(fresh, Prepared(folder))
    seal.repair(copy)
    copy.close()
    fresh.rename(home)


def embed(folder: Path, ready: Path | None, size: int) -> None:
    """Have the vectors of the million in the folder, with all cores, shard by shard; what is there is kept."""
    file = folder / made.VECTORS
    if ready is not None and not file.exists():
        file.symlink_to(ready.resolve())
    lengths = np.load(folder / passages.LENGTHS)
    if not file.exists():
        _embed(folder, len(lengths))
    if not (folder / made.ORDERED).exists():
        parts = made.plan(made.Texts(folder).first, max(size, made.SIZE))
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


def held(folder: Path, home: Path) -> int:
    """How many passages of the million an archive holds."""
    if not home.exists():
        return 0
    archive = Archive(home, Prepared(folder))
    sql = "SELECT count(*) FROM passage JOIN article ON article = article.rowid WHERE id NOT LIKE 'added-%'"
    found = int(archive.store.rows(sql)[0][0])
    archive.close()
    return found


def grow(folder: Path, home: Path, size: int, settle: bool = True) -> None:
    """Add articles until the archive holds about `size` passages, as the store and the caches take them.

    settle: put all on disk at the end, too, not only what gathers on the way.

    What near-duplicates cost is measured by `bench.duplicates`: they are not looked for here.
    """
    done = held(folder, home)
    if done >= size:
        return
    texts = made.Texts(folder)
    parts, vectors = made.plan(texts.first), np.load(folder / made.ORDERED, mmap_mode="r")
    archive = Archive(home, Prepared(folder), create=True)
    coming = made.articles(texts, parts, done)
    with mock.patch.object(stories, "link"):
        while done < size and (batch := list(islice(coming, _BATCH))):
            while len(batch) > 1 and batch[-2][2].stop >= size:
                batch.pop()
            drafts = [
                Draft(_page(article.id), article, spans, np.asarray(vectors[rows], np.float32))
                for article, spans, rows in batch
            ]
            commit(archive, drafts)
            done = batch[-1][2].stop
            seal.settle(archive)
            print(f"\r{done} passages", end="", file=sys.stderr)
    if settle:
        seal.settle(archive, force=True)
    archive.close()


def killed(folder: Path, size: int) -> dict[str, Any]:
    """Open an archive whose writer was killed just before it would have sealed what it had gathered."""
    home = folder / "killed"
    shutil.rmtree(home, ignore_errors=True)
    _copied(folder, folder / name_of(size), home)
    command = [sys.executable, "-m", "bench.scale", str(folder), "--die-after", str(size + seal.SEAL_AT - 500)]
    died = subprocess.run(command, check=False).returncode
    assert died == -signal.SIGKILL, died
    prepared, begun = Prepared(folder), time.perf_counter()
    archive = Archive(home, prepared)
    found = archive.view().dense.search(prepared.vectors[0], 10)
    seconds = time.perf_counter() - begun
    assert len(found) == 10
    info = archive.view().info
    archive.close()
    shutil.rmtree(home)
    return {"passages": info.passages, "layout": info.layout, "seconds_to_first_search": round(seconds, 2)}


def _page(name: str) -> Page:
    return Page(origin=f"bench:{name}", source_sha256=name, extractor="bench", text="")


def _apart(folder: Path, part: str, home: str) -> dict[str, Any]:
    """What another process prints, so that memory and caches are its own."""
    command = [sys.executable, "-m", "bench.scale", str(folder), "--measure", part, home]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
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
