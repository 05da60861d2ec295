"""One archive on three engines side by side: `python -m bench.engines FOLDER --articles N` prints a table.

The engines: a folder; PostgreSQL with the embedded index; PostgreSQL with Milvus. FOLDER holds what `bench.passages`
and `bench.scale` wrote: real articles, their passages, vectors (nothing is embedded here) and questions. Each batch of
articles goes to all three before the next, and so does each question, so that a busy machine slows them alike.
--postgres, --milvus: URLs of servers; without, private ones (`tests.cluster`, Milvus Lite) are started. With servers of
your own the archives stay: a run that was stopped goes on filling them where it was, and one that finds them full only
measures. --fill fills them alone. What is known so far is in FOLDER/engines.json, after every tenth question.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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
from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.shared import SharedIndex
from indexer.stores import Place
from indexer.types import Filters, Floats, Page
from pullquote import init
from reader.answer import Question, answer
from reader.loading import load_reader
from retriever.search import search
from tests.cluster import Postgres
from tests.milvus import MilvusLite

RESULTS = "engines.json"
_BATCH = 64  # articles a commit, as indexing has them
_SEARCHED, _ASKED = 100, 30  # questions
_SAVED = 10  # batches, and questions, between two writings of what is known
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
        save = partial(_write, given.folder / RESULTS, given.articles)
        for filled in fill(given.folder, places, given.articles, results.get("filling")):
            results["filling"] = filled
            save(results)
        if not given.fill:
            asked = questions(given.folder, given.data)
            for found in measured(given.folder, places, given.articles, asked):
                results |= found
                save(results)
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


def fill(folder: Path, places: Places, n: int, before: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Add the first n articles to each archive, with the vectors that they have already; tell how far it is.

    before: what an earlier run told last, to go on from. What near-duplicates cost is left out: `bench.duplicates`
    measures that.
    """
    filled = before or {"articles": 0, "passages": 0, "seconds": dict.fromkeys(Places._fields, 0.0)}
    if filled["articles"] == n:
        return
    texts, vectors = made.Texts(folder), np.load(folder / made.VECTORS, mmap_mode="r")
    archives = [Archive(place, Prepared(folder)) for place in places]
    for start in range(filled["articles"], n, _BATCH):
        end = min(n, start + _BATCH)
        drafts = [_draft(texts, vectors, line) for line in range(start, end)]
        filled = _filled(filled, end, sum(len(d.passages) for d in drafts), archives, partial(_stored, drafts))
        if end == n:
            filled = _filled(filled, n, 0, archives, _settled)
        print(f"\r{filled['passages']} passages", end="", flush=True)
        if end == n or start // _BATCH % _SAVED == _SAVED - 1:
            yield filled
    for archive in archives:
        archive.close()
    print()


def _filled(
    before: dict[str, Any], articles: int, passages: int, archives: Sequence[Archive], work: Callable[[Archive], None]
) -> dict[str, Any]:
    """Do some work on each archive, and add what it took to what is known."""
    held, seconds = before["passages"] + passages, dict(before["seconds"])
    with mock.patch.object(stories, "link"):
        for name, archive in zip(Places._fields, archives, strict=True):
            seconds[name] += _timed(partial(work, archive))
    rates = {name: round(held / spent) for name, spent in seconds.items()}
    return {"articles": articles, "passages": held, "seconds": seconds, "per_second": rates}


def _stored(drafts: Sequence[Draft], archive: Archive) -> None:
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


def measured(folder: Path, places: Places, n: int, asked: Asked) -> Iterator[dict[str, Any]]:
    """Recall of the dense search, milliseconds of searching and asking, and how far the rankings agree; so far."""
    prepared, reader = Prepared(folder), load_reader(default_folder(), None, READER)
    archives = {name: Archive(place, prepared) for name, place in zip(Places._fields, places, strict=True)}
    best = exact(folder, n, asked)
    with mock.patch.object(milvus, "_SECONDS", 600.0):  # Milvus Lite may take longer than we wait for a server
        opening = {name: round(_timed(partial(_first, asked.texts[0], a, prepared)), 2) for name, a in archives.items()}
        views, so_far = {name: archive.view() for name, archive in archives.items()}, Measured()
        for at, (text, vector) in enumerate(zip(asked.texts[:_SEARCHED], asked.vectors, strict=False)):
            found: dict[str, set[tuple[str, int]]] = {}
            for name in _rotated(list(views), at):
                view, times = views[name], so_far.times[name]
                dense = view.dense.search(vector, 10)
                so_far.hits[name].append(sum(score >= best[at] - 1e-5 for _, score in dense) / 10)
                times["by meaning alone"].append(_timed(partial(view.dense.search, vector, 100)))
                times["by words alone"].append(_timed(partial(view.lexical.search, text, 100, _NONE)))
                begun = time.perf_counter()
                ranking = search(text, view, prepared, 10)
                times["search"].append(time.perf_counter() - begun)
                found[name] = {(hit.article.id, hit.range.start) for hit in ranking}
                dated = partial(search, text, view, prepared, 10, filters=_SOME)
                times["search of seven months"].append(_timed(dated))
                if at < _ASKED:
                    question = Question(text, 5, 20, "hybrid", _NONE)
                    times["ask"].append(_timed(partial(answer, question, view, prepared, reader)))
            for name, rows in found.items():
                so_far.agree[name].append(len(rows & found["folder"]) / max(1, len(found["folder"])))
            if at % _SAVED == _SAVED - 1:
                yield {"questions": at + 1, "opening_s": opening, **so_far.facts()}
    for archive in archives.values():
        archive.close()


class Measured:
    """What was seen of each engine, a number for each question. times: seconds, by what was done."""

    def __init__(self) -> None:
        self.times = defaultdict[str, dict[str, list[float]]](lambda: defaultdict(list))
        self.hits, self.agree = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)

    def facts(self) -> dict[str, Any]:
        """Means, and the spread of times in milliseconds."""
        return {
            "recall_at_10": {name: round(float(np.mean(values)), 4) for name, values in self.hits.items()},
            "overlap_at_10": {name: round(float(np.mean(values)), 3) for name, values in self.agree.items()},
            "ms": {name: {what: _spread(values) for what, values in of.items()} for name, of in self.times.items()},
        }


def _first(text: str, archive: Archive, prepared: Prepared) -> None:
    """Search once: Milvus Lite makes its index of words then."""
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
        for what in ("by meaning alone", "by words alone", "search", "search of seven months", "ask")
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
