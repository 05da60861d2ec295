"""Where the time of `ask` and `search` goes: `python -m bench.stages ARCHIVE QUESTIONS [--sample 100]`.

Asks each question stage by stage, with the functions that `reader/answer.py` and `retriever/search.py` call in the same
order, and prints the median and the 95th percentile of each stage in milliseconds, beside whole calls of both. The
first 5 questions are asked once before, unmeasured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Embedder, Filters
from indexer.views import View
from pullquote import Archive as Door
from reader.answer import SPANS, Question, answer, grounds
from reader.cite import check_reply
from reader.group import group
from reader.model import Reader
from retriever import search as searching
from retriever.collapse import collapse
from retriever.evaluate import chosen, read_judged
from retriever.filter import unknown_dates
from retriever.recency import bonus

T = TypeVar("T")
_NONE, _DEPTH, _LEG = Filters(), 20, searching.LEG_DEPTH


class Laps:
    """Milliseconds of each stage, in the order in which they first came."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Do it, and note how long it took."""
        begun = time.perf_counter()
        made = work()
        self.of.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        return made

    def table(self) -> str:
        """A line of Markdown for each stage."""
        lines = [
            f"| {name} | {np.percentile(found, 50):.2f} | {np.percentile(found, 95):.2f} |"
            for name, found in self.of.items()
        ]
        return "\n".join(["| | p50 | p95 |", "|---|---|---|", *lines])


def stages(text: str, view: View, embedder: Embedder, reader: Reader, laps: Laps) -> None:
    """Ask one question, one stage after another."""
    vector = laps.time("query embedding", lambda: embedder.encode_query(text))
    dense = laps.time("dense search, 101 deep", lambda: view.dense.search(vector, _LEG + 1))[:_LEG]
    lexical = laps.time("lexical search, 101 deep", lambda: view.lexical.search(text, _LEG + 1, _NONE))[:_LEG]
    missing = {row for row, _ in lexical} - {row for row, _ in dense}
    cosines = laps.time("cosines of what words found", lambda: view.dense.cosines(vector, missing))
    rows = [row for leg in (dense, lexical) for row, _ in leg]
    legs = searching.Legs(dense, lexical, cosines, laps.time("recency", lambda: bonus(view, text, _NONE, rows)))
    ranked = laps.time("fusing", lambda: searching.fused(legs, "hybrid"))
    ranking = laps.time("order: places, ids, ties", lambda: searching.in_order(view, ranked))
    kept = laps.time("collapsing", lambda: collapse(view, ranking, _DEPTH))
    hits = laps.time("hits: texts, highlights", lambda: searching.hits_of(view, [one.ranked for one in kept], text))
    laps.time("undated articles", lambda: unknown_dates(view, _NONE))
    spans = laps.time("reading 20 passages", lambda: reader.read(text, [hit.text for hit in hits], SPANS))
    laps.time("grouping", lambda: group(grounds(view, kept, spans)))
    made = laps.time("ask, whole", lambda: answer(Question(text, 5, _DEPTH, "hybrid", _NONE), view, embedder, reader))
    heads = [hit.article for hit in made.passages] + [one.article for one in made.answers]
    heads += [other.article for one in made.answers for other in one.support.others]
    articles = {head.id: view.article(head.id) for head in heads}
    laps.time("checking, of that", lambda: check_reply(articles, made))
    laps.time("search, whole", lambda: searching.search(text, view, embedder, 10))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--sample", type=int, default=100)
    given = parser.parse_args(arguments)
    texts = [one.question for one in chosen(read_judged(given.questions), "tune", given.sample)]
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
    reader = Door(given.archive)._reader
    archive = Archive(given.archive, embedder)
    view = archive.view()
    for text in texts[:5]:
        stages(text, view, embedder, reader, Laps())
    laps = Laps()
    for text in texts:
        stages(text, view, embedder, reader, laps)
    print(f"{len(texts)} questions, {view.info.articles:,} articles, {view.info.passages:,} passages; milliseconds.\n")
    print(laps.table())
    archive.close()


if __name__ == "__main__":
    main()
