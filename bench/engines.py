"""One archive on three engines side by side: `python -m bench.engines FOLDER --articles N` prints a table.

The engines: a folder; PostgreSQL with the embedded index; PostgreSQL with Milvus. FOLDER holds what `bench.passages`
and `bench.scale` wrote: real articles, their passages, vectors (nothing is embedded here) and questions. Each batch of
articles goes to all three before the next, and so does each question, so that a busy machine slows them alike.
--postgres, --milvus: URLs of servers; without, private ones (`tests.cluster`, Milvus Lite) are started. With servers of
your own the archives stay, and a second run measures without filling them: --fill fills them alone.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from bench import made
from bench.corpora import DATA
from bench.measure import Asked, Prepared, questions
from indexer import milvus, seal, stories
from indexer.archive import Archive
from indexer.commit import Draft, commit
from indexer.models.fetch import default_folder
from indexer.shared import SharedIndex
from indexer.stores import Place
from indexer.types import Filters, Floats, Page
from pullquote import READER, _load_reader, init
from reader.answer import Question, answer
from retriever.search import search
from tests.cluster import Postgres
from tests.milvus import MilvusLite

RESULTS = "engines.json"
_BATCH = 64  # articles a commit, as indexing has them
_SEARCHED, _ASKED = 100, 30  # questions
_NONE, _SOME = Filters(), Filters(since="2022-06", until="2022-12")


class Places(NamedTuple):
    """Where the three archives are."""

    folder: Place
    postgres: Place
    milvus: Place


def main() -> None:
    """Fill three archives, measure them, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--postgres", help="URL of a database")
    parser.add_argument("--milvus", help="URL, milvus+http://host:port")
    parser.add_argument("--fill", action="store_true", help="fill the archives, and measure nothing")
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    with ExitStack() as stack:
        database = given.postgres or stack.enter_context(Postgres()).url()
        index = given.milvus or stack.enter_context(MilvusLite()).url
        places = _places(given.folder / f"engines-{given.articles}", database, given.articles, index)
        results = _read(given.folder / RESULTS, given.articles)
        results["filling"] = results.get("filling") or fill(given.folder, places, given.articles)
        _write(given.folder / RESULTS, given.articles, results)
        if not given.fill:
            results |= measured(given.folder, places, given.articles, questions(given.folder, given.data))
            _write(given.folder / RESULTS, given.articles, results)
            print(json.dumps(results, indent=1))
            print(table(results))


def _places(folder: Path, database: str, n: int, index: str) -> Places:
    """Make what is missing: two schemas of one database, and a collection."""
    import psycopg

    urls = []
    for name in (f"embedded_{n}", f"milvus_{n}"):
        with psycopg.connect(database) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())
        urls.append(f"{database}?options=-csearch_path%3D{name}")
    init(folder)
    init(urls[0])
    init(urls[1], index)
    return Places(folder, *urls)


def fill(folder: Path, places: Places, n: int) -> dict[str, Any]:
    """Add the first n articles to each archive, with the vectors that they have already; passages a second of each.

    What near-duplicates cost is left out: `bench.duplicates` measures that.
    """
    texts, vectors = made.Texts(folder), np.load(folder / made.VECTORS, mmap_mode="r")
    archives = [Archive(place, Prepared(folder)) for place in places]
    seconds, held = defaultdict[str, float](float), 0
    with mock.patch.object(stories, "link"):
        for start in range(0, n, _BATCH):
            drafts = [_draft(texts, vectors, line) for line in range(start, min(n, start + _BATCH))]
            held += sum(len(draft.passages) for draft in drafts)
            for name, archive in zip(Places._fields, archives, strict=True):
                seconds[name] += _timed(partial(_stored, archive, drafts))
            print(f"\r{held} passages", end="", flush=True)
    for name, archive in zip(Places._fields, archives, strict=True):
        seconds[name] += _timed(partial(_settled, archive))
        archive.close()
    print()
    return {"passages": held, "per_second": {name: round(held / spent) for name, spent in seconds.items()}}


def _stored(archive: Archive, drafts: Sequence[Draft]) -> None:
    commit(archive, drafts)
    seal.settle(archive)


def _settled(archive: Archive) -> None:
    seal.settle(archive, force=True)
    if isinstance(archive.index, SharedIndex):
        archive.index.milvus.flush()


def _draft(texts: made.Texts, vectors: Floats, line: int) -> Draft:
    given, first = texts.articles[line], int(texts.first[line])
    spans = texts.spans(line)
    article = made.article(given["id"], given["text"], given.get("title"), given["source"])
    day = given.get("published_at")
    if day and re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        article = replace(article, published_at=day)
    page = Page(origin=f"bench:{article.id}", source_sha256=article.id, extractor="bench", text="")
    return Draft(page, article, spans, np.asarray(vectors[first : first + len(spans)], np.float32))


def measured(folder: Path, places: Places, n: int, asked: Asked) -> dict[str, Any]:
    """Recall of the dense search, milliseconds of searching and asking, and how far the rankings agree."""
    prepared, reader = Prepared(folder), _load_reader(default_folder(), None, READER)
    archives = [Archive(place, prepared) for place in places]
    opening = {
        name: round(_timed(partial(_first, asked.texts[0], a, prepared)), 2)
        for name, a in zip(Places._fields, archives, strict=True)
    }
    views = {name: archive.view() for name, archive in zip(Places._fields, archives, strict=True)}
    best = exact(folder, n, asked)
    times = defaultdict[str, dict[str, list[float]]](lambda: defaultdict(list))
    hits, agree = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for at, (text, vector) in enumerate(zip(asked.texts[:_SEARCHED], asked.vectors, strict=False)):
        found: dict[str, set[tuple[str, int]]] = {}
        for name in _rotated(list(views), at):
            view = views[name]
            dense = view.dense.search(vector, 10)
            hits[name].append(sum(score >= best[at] - 1e-5 for _, score in dense) / 10)
            begun = time.perf_counter()
            ranking = search(text, view, prepared, 10)
            times[name]["search"].append(time.perf_counter() - begun)
            found[name] = {(hit.article.id, hit.range.start) for hit in ranking}
            times[name]["search of seven months"].append(
                _timed(partial(search, text, view, prepared, 10, filters=_SOME))
            )
            if at < _ASKED:
                question = Question(text, 5, 20, "hybrid", _NONE)
                times[name]["ask"].append(_timed(partial(answer, question, view, prepared, reader)))
        for name, rows in found.items():
            agree[name].append(len(rows & found["folder"]) / max(1, len(found["folder"])))
    for archive in archives:
        archive.close()
    return {
        "opening_s": opening,
        "recall_at_10": {name: round(float(np.mean(values)), 4) for name, values in hits.items()},
        "overlap_at_10": {name: round(float(np.mean(values)), 3) for name, values in agree.items()},
        "ms": {name: {what: _spread(values) for what, values in of.items()} for name, of in times.items()},
    }


def _first(text: str, archive: Archive, prepared: Prepared) -> None:
    """Search once, patiently: Milvus Lite makes its index of words at the first search."""
    with mock.patch.object(milvus, "_SECONDS", 600.0):
        search(text, archive.view(), prepared, 10)


def exact(folder: Path, n: int, asked: Asked) -> list[float]:
    """The tenth best score of each question, every passage compared."""
    texts = made.Texts(folder)
    vectors = np.asarray(np.load(folder / made.VECTORS, mmap_mode="r")[: int(texts.first[n])], np.float32)
    return [float(np.partition(vectors @ vector, -10)[-10]) for vector in asked.vectors[:_SEARCHED]]


def table(results: dict[str, Any]) -> str:
    """Markdown, a column for each engine."""
    names = Places._fields
    ms = results["ms"]
    rows = [
        ("passages a second, stored and indexed", [results["filling"]["per_second"][name] for name in names]),
        ("seconds to the first search", [results["opening_s"][name] for name in names]),
        ("recall@10 of the dense search", [results["recall_at_10"][name] for name in names]),
        ("overlap@10 with the folder", [results["overlap_at_10"][name] for name in names]),
    ]
    rows += [
        (f"{what}, p50 / p95 ms", [f"{ms[name][what][0]} / {ms[name][what][1]}" for name in names])
        for what in ("search", "search of seven months", "ask")
    ]
    head = ["| | folder | PostgreSQL | PostgreSQL and Milvus |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {what} | {' | '.join(map(str, values))} |" for what, values in rows)])


def _rotated(names: list[str], by: int) -> list[str]:
    return names[by % len(names) :] + names[: by % len(names)]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _spread(seconds: Sequence[float]) -> list[float]:
    return [round(1000 * float(value), 1) for value in np.percentile(seconds, (50, 95))]


def _read(file: Path, n: int) -> dict[str, Any]:
    every: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return every.get(str(n), {})


def _write(file: Path, n: int, results: dict[str, Any]) -> None:
    every: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    file.write_text(json.dumps({**every, str(n): results}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
