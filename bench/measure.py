"""What one archive of `bench.scale` costs: recall, speed, memory, disk, opening, adding."""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from bench import made, passages
from indexer.archive import Archive
from indexer.commit import Draft, commit, delete
from indexer.indexes import LocalDense
from indexer.store import FILE
from indexer.types import Floats, Ints, Mode, Page, Passage
from indexer.views import View
from retriever.search import search

N_QUESTIONS, K = 500, 10
N_TIMED = 100  # of them
QUESTIONS = "questions.npz"
_BLOCK = 50_000


class Asked(NamedTuple):
    """Questions and their vectors, (n, width) float32."""

    texts: list[str]
    vectors: Floats


class Spent(NamedTuple):
    """Seconds of the clock, and of the processor."""

    clock: float
    cpu: float


class Prepared:
    """An `Embedder` that looks up the vectors of the questions: no time and no memory goes to a model."""

    runtime = "prepared"

    def __init__(self, folder: Path) -> None:
        self.name = "prepared"
        self.fingerprint = json.loads((folder / passages.ABOUT).read_text("utf-8"))["embedder"]
        self._file = folder / QUESTIONS
        self.width = 384

    @cached_property
    def _asked(self) -> dict[str, Floats]:
        with np.load(self._file) as held:
            return dict(zip(held["texts"].tolist(), held["vectors"], strict=True))

    @property
    def vectors(self) -> Floats:
        """The vectors of all questions."""
        return np.array(list(self._asked.values()))

    def fits(self, title: str | None, passage: str) -> bool:
        """Everything fits: what is added was cut before."""
        return True

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        """Nothing is embedded here."""
        raise NotImplementedError

    def encode_query(self, question: str) -> Floats:
        """The vector of one of the questions."""
        found: Floats = self._asked[question]
        return found


def questions(folder: Path, data: Path) -> Asked:
    """Every thirteenth question of RealTimeQA, embedded once."""
    file = folder / QUESTIONS
    if not file.exists():
        with gzip.open(data / "realtimeqa" / "questions.jsonl.gz", "rt", encoding="utf-8") as lines:
            every = list(dict.fromkeys(json.loads(line)["question"] for line in lines))
        texts = every[:: len(every) // N_QUESTIONS][:N_QUESTIONS]
        embedder = passages.embedder()
        np.savez(file, texts=texts, vectors=np.array([embedder.encode_query(text) for text in texts]))
    with np.load(file) as held:
        return Asked(held["texts"].tolist(), held["vectors"])


def costs(folder: Path, home: Path) -> dict[str, Any]:
    """Times, memory and disk of an archive. It is opened cold first; an empty one has memory alone.

    Times of searches are on the clock and of the processor, of all threads: what else runs is not in the latter.
    """
    asked, prepared = questions(folder, Path()), Prepared(folder)
    asked = Asked(asked.texts[:N_TIMED], asked.vectors[:N_TIMED])
    if home.name == "empty":
        archive, _ = _opened(home, folder)
        _search_all(archive.view(), prepared, asked, "hybrid")
        return {"memory_mb": memory()}
    _evict(home)
    archive, cold_open = _opened(home, folder)
    cold_dense = _timed(lambda: archive.view().dense.search(asked.vectors[0], 101))
    cold_hybrid = _timed(lambda: search(asked.texts[1], archive.view(), archive.embedder, K))
    archive.close()
    archive, warm_open = _opened(home, folder)
    view = archive.view()
    _search_all(view, prepared, asked, "hybrid")  # warm
    facts = {
        "passages": view.info.passages,
        "articles": view.info.articles,
        "layout": view.info.layout,
        "open_s": round(warm_open, 3),
        "cold_open_s": round(cold_open, 3),
        "cold_first_dense_ms": round(1000 * cold_dense.clock, 1),
        "cold_first_hybrid_ms": round(1000 * cold_hybrid.clock, 1),
        "dense_leg_ms": _spread([_timed(partial(view.dense.search, vector, 101)) for vector in asked.vectors]),
        "dense_ms": _spread(_search_all(view, prepared, asked, "dense")),
        "lexical_ms": _spread(_search_all(view, prepared, asked, "lexical")),
        "hybrid_ms": _spread(_search_all(view, prepared, asked, "hybrid")),
        "memory_mb": memory(),
        "disk_mb": _disk(home),
    }
    added = _after_adding(archive, asked)
    facts["first_search_after_adding_ms"] = round(1000 * added.clock, 1)
    facts["first_search_after_adding_cpu_ms"] = round(1000 * added.cpu, 1)
    archive.close()
    return facts


def quality(folder: Path, home: Path) -> dict[str, Any]:
    """What an archive finds of what exact search finds, of all and among some."""
    asked = questions(folder, Path())
    archive, _ = _opened(home, folder)
    view = archive.view()
    found = [view.dense.search(vector, 101) for vector in asked.vectors]
    at_10, at_100 = recall(folder, view, asked, found)
    facts = {"recall_at_10": at_10, "recall_at_100": at_100, "filtered": filtered(folder, view, asked)}
    archive.close()
    return facts


def recall(folder: Path, view: View, asked: Asked, found: Sequence[Sequence[tuple[int, float]]]) -> tuple[float, ...]:
    """Share of the 10 and of the 100 nearest that were found; a found one with the score of the last counts."""
    best = _best(folder, np.arange(len(_rows(view))), asked.vectors, 100)
    return tuple(round(float(np.mean(_found(found, best, k))), 4) for k in (10, 100))


def filtered(folder: Path, view: View, asked: Asked) -> dict[str, dict[str, float]]:
    """Dense searches among a random share of all passages: recall at 10 against exact, and milliseconds."""
    rows, chance, facts = _rows(view), np.random.default_rng(3), {}
    vectors, dense = asked.vectors[:50], cast(LocalDense, view.dense).segments
    for share in (0.001, 0.01, 0.05, 0.2, 0.5):
        chosen = np.flatnonzero(chance.random(len(rows)) < share)
        allowed = rows[chosen]
        spent = [_timed(partial(dense.search, vector, K, allowed)) for vector in vectors]
        found = [dense.search(vector, K, allowed) for vector in vectors]
        assert {len(ranking) for ranking in found} == {min(K, len(allowed))}
        best = _best(folder, chosen, vectors, min(K, len(allowed)))
        facts[str(share)] = {
            "recall_at_10": round(float(np.mean(_found(found, best, len(best[0])))), 4),
            **_spread(spent),
        }
    return facts


def _best(folder: Path, chosen: Ints, asked: Floats, k: int) -> Floats:
    """The k best exact scores of each question among some passages of the million, (n_questions, k), best first."""
    vectors = np.load(folder / made.ORDERED, mmap_mode="r")
    best = np.full((len(asked), k), -np.inf, np.float32)
    for start in range(0, len(chosen), _BLOCK):
        block = np.asarray(vectors[chosen[start : start + _BLOCK]], np.float32)
        scores = np.concatenate([best, asked @ block.T], axis=1)
        best = -np.partition(-scores, k - 1, axis=1)[:, :k]
    sorted_best: Floats = -np.sort(-best, axis=1)
    return sorted_best


def _found(rankings: Sequence[Sequence[tuple[int, float]]], best: Floats, k: int) -> list[float]:
    """Of each ranking, the share of the k best that it holds, by score."""
    pairs = zip(rankings, best[:, k - 1] - 1e-5, strict=True)
    return [sum(score >= least for _, score in ranking[:k]) / k for ranking, least in pairs]


def _rows(view: View) -> Ints:
    """The passages of the million in the archive, in their order."""
    sql = """SELECT passage.rowid FROM passage JOIN article ON article = article.rowid
        WHERE removed_seq IS NULL AND id NOT LIKE 'added-%' ORDER BY 1"""
    return np.array([row for (row,) in view.rows(sql, ())], np.int64)


def _opened(home: Path, folder: Path) -> tuple[Archive, float]:
    begun = time.perf_counter()
    archive = Archive(home, Prepared(folder))
    archive.view()
    return archive, time.perf_counter() - begun


def _search_all(view: View, embedder: Prepared, asked: Asked, mode: Mode) -> list[Spent]:
    return [_timed(partial(search, text, view, embedder, K, mode)) for text in asked.texts]


def _after_adding(archive: Archive, asked: Asked) -> Spent:
    """From the acknowledgement of one more article to the reply of the next hybrid search."""
    text = "Khan met Xi in Beijing on Sunday."
    draft = Draft(
        Page("bench:added-1", "1", "bench", text),
        made.article("added-1", text, "Added", "bench"),
        [Passage(0, len(text))],
        asked.vectors[:1],
    )
    commit(archive, [draft])
    spent = _timed(lambda: search(asked.texts[2], archive.view(), archive.embedder, K))
    delete(archive, ["added-1"])
    return spent


def _timed(work: Callable[[], object]) -> Spent:
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - begun, time.process_time() - cpu)


def _spread(spent: Sequence[Spent]) -> dict[str, float]:
    (p50, cpu_p50), (p95, cpu_p95) = np.percentile(np.array(spent) * 1000, [50, 95], axis=0).round(2).tolist()
    return {"p50_ms": p50, "p95_ms": p95, "cpu_p50_ms": cpu_p50, "cpu_p95_ms": cpu_p95}


def memory() -> dict[str, float]:
    """Resident megabytes of this process: all, its own, and of mapped files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    kinds = {"all": "VmRSS", "own": "RssAnon", "mapped": "RssFile", "peak": "VmHWM"}
    return {name: round(int(lines[key].split()[0]) / 1024, 1) for name, key in kinds.items()}


def _disk(home: Path) -> dict[str, float]:
    parts = {"store": [*home.glob(f"{FILE}*")]}
    parts |= {kind: [file for file in (home / kind).rglob("*") if file.is_file()] for kind in ("dense", "lexical")}
    return {name: round(sum(file.stat().st_size for file in files) / 1e6, 1) for name, files in parts.items()}


def _evict(home: Path) -> None:
    """Ask the kernel to forget what it holds of the archive's files."""
    for file in home.rglob("*"):
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
