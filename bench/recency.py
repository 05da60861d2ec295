"""What a bonus for new articles gains: `python -m bench.recency FOLDER [--set whole] [--half tune] [--sample 500]`.

FOLDER holds a set of `bench.sets` whose questions are asked as of a day, with its archive. Both legs are searched once
a question; then what is published on that day counts more by each bonus, of which half is left after so many days:
one for questions about the present ("this week"), one for all others. Prints MRR and R@10 of articles, the gain in MRR
over no bonus with its 95 % interval, and for how many questions an answer is among the first 20 passages.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Embedder, Filters, Ranked
from indexer.views import View
from retriever.evaluate import Half, Judged, chosen, holds, mean, measured, read_judged
from retriever.recency import HALVED, freshness, time_of
from retriever.search import LEG_DEPTH, Legs, fused, legs

_READ = 20


class Bonus(NamedTuple):
    """How much newer articles count: at most, and days after which half of it is left."""

    present: float
    asked: float
    halved: float = HALVED


LEVERS = (
    Bonus(0.0, 0.0),
    Bonus(0.05, 0.0),
    Bonus(0.1, 0.0),
    Bonus(0.15, 0.0),
    Bonus(0.2, 0.0),
    Bonus(0.15, 0.02),
    Bonus(0.15, 0.05),
    Bonus(0.15, 0.08),
    Bonus(0.15, 0.05, 7),
    Bonus(0.15, 0.05, 90),
    Bonus(0.15, 0.05, 365),
)


class Found(NamedTuple):
    """What a question found. fresh: by passage; articles: their ids; held: the passages that hold an answer."""

    judged: Judged
    legs: Legs
    fresh: dict[int, float]
    articles: dict[int, str]
    held: set[int]


def found(view: View, embedder: Embedder, questions: Sequence[Judged]) -> Iterator[Found]:
    """Search both legs for every question, on its day."""
    for one in questions:
        filters = Filters(as_of=one.as_of)
        both = legs(one.question, view, embedder, LEG_DEPTH, "hybrid", filters)
        rows = sorted({row for leg in (both.dense[:LEG_DEPTH], both.lexical[:LEG_DEPTH]) for row, _ in leg})
        places = view.passages(rows)
        ids = view.ids([place.article for place in places])
        held = {
            row
            for row, place in zip(rows, places, strict=True)
            if holds(view.article_at(place.article).text[place.start : place.end], one.answers)
        }
        articles = {row: ids[place.article] for row, place in zip(rows, places, strict=True)}
        yield Found(one, both, freshness(view, filters, rows), articles, held)


def marks(one: Found, bonus: Bonus) -> tuple[float, float, float]:
    """MRR, R@10, and whether an answer is among the passages that are read."""
    filters = Filters(as_of=one.judged.as_of)
    most = {"present": bonus.present, "asked": bonus.asked, None: 0.0}[time_of(one.judged.question, filters)]
    added = {row: most * share ** (HALVED / bonus.halved) for row, share in one.fresh.items()}
    ranking: list[Ranked] = fused(one.legs._replace(bonus=added), "hybrid")
    rows = [ranked.passage for ranked in ranking if ranked.passage in one.articles]
    got = measured(list(dict.fromkeys(one.articles[row] for row in rows)), one.judged.articles)
    return got["MRR"], got["R@10"], float(any(row in one.held for row in rows[:_READ]))


def table(rows: Sequence[Found], levers: Sequence[Bonus] = LEVERS) -> Iterator[str]:
    """Lines of Markdown, a lever each; the first is what the others are compared with."""
    yield f"| {len(rows)} questions | MRR | gain | R@10 | an answer among {_READ} |"
    yield "|---|---|---|---|---|"
    first = np.array([marks(one, levers[0]) for one in rows])
    for lever in levers:
        made = np.array([marks(one, lever) for one in rows])
        gain = mean((made - first)[:, 0].tolist())
        mrr, recall, held = made.mean(axis=0).tolist()
        name = f"present {lever.present:g}, others {lever.asked:g}, halved in {lever.halved:g} days"
        gained = f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        yield f"| {name} | {mrr:.3f} | {gained} | {recall:.3f} | {held:.3f} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", default="whole")
    parser.add_argument("--half", choices=get_args(Half), default="tune")
    parser.add_argument("--sample", type=int, default=500)
    given = parser.parse_args(arguments)
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
    questions = [one for one in read_judged(given.folder / given.set / "questions.jsonl") if one.as_of and one.articles]
    archive = Archive(given.folder / given.set / "archive", embedder)
    rows = list(found(archive.view(), embedder, chosen(questions, given.half, given.sample)))
    archive.close()
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main()
