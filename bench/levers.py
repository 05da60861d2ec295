"""Levers of retrieval, measured: `python -m bench.levers FOLDER [--half tune] [--sample 300]`.

FOLDER holds the sets that `bench.sets` wrote, each with its archive beside the questions (`pullquote index
articles.jsonl`). Both legs are searched once a question and kept in memory; each lever is another way to make one
ranking of them. Prints MRR and R@10 of every lever and set; intervals with `eval`. What recency gains: `bench.recency`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

from indexer import lexical
from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Filters
from indexer.views import View
from retriever import fuse as serving
from retriever.evaluate import Half, Judged, chosen, measured, read_judged
from retriever.search import LEG_DEPTH

Leg = list[tuple[int, float]]
Fusion = Callable[[Leg, Leg], dict[int, float]]
_DEPTH = 200
_PLAIN = ((1, 0.7), (1, 0.72), (1, 0.74), (1, 0.78), (2, 0.72), (2, 0.78))  # power of the words, share without a lead
SETS = ("snippets", "news", "wikinews", "squad", "cranfield", "cisi")


class Found(NamedTuple):
    """What a question found. legs: by name, dense and each variant of the lexical one; ids: article of each passage."""

    judged: Judged
    legs: dict[str, Leg]
    ids: dict[int, str]


def rrf(constant: float, dense_weight: float = 1.0, depth: int = 100) -> Fusion:
    """Weighted reciprocal rank fusion."""

    def fuse(dense: Leg, words: Leg) -> dict[int, float]:
        scores: dict[int, float] = {}
        for leg, weight in ((dense[:depth], dense_weight), (words[:depth], 1.0)):
            for rank, (passage, _) in enumerate(leg, start=1):
                scores[passage] = scores.get(passage, 0.0) + weight / (constant + rank)
        return scores

    return fuse


def convex(weight: float, scale: str = "theory", depth: int = 100, exact: bool = False) -> Fusion:
    """Weight * dense + (1 - weight) * lexical, each scaled to [0, 1]: Bruch et al. 2023, ACM TOIS 42(1).

    scale: "theory" takes -1 for the least cosine and 0 for the least BM25, "minmax" the least that was found. exact:
    a passage that only words found has its cosine, not the least of those that meaning found.
    """

    def scaled(leg: Leg, least: float | None) -> dict[int, float]:
        if not leg:
            return {}
        high = max(score for _, score in leg)
        low = min(score for _, score in leg) if least is None else least
        return {passage: (score - low) / max(high - low, 1e-9) for passage, score in leg}

    def fuse(dense: Leg, words: Leg) -> dict[int, float]:
        said = scaled(words[:depth], 0.0 if scale == "theory" else None)
        first = {passage for passage, _ in dense[:depth]}
        leg = [pair for pair in dense if pair[0] in first or (exact and pair[0] in said)]
        near = scaled(leg, -1.0 if scale == "theory" else None)
        floor = min(near.values(), default=0.0)
        return {
            passage: weight * near.get(passage, floor) + (1 - weight) * said.get(passage, 0.0)
            for passage in near.keys() & (first | said.keys()) | said.keys()
        }

    return fuse


def led(base: float, power: float, lead: float = 1.0) -> Fusion:
    """The dense leg counts the more, the further its first leads; words to a power. Exact cosines.

    What serves is led(0.72, 2), of fewer passages of each leg: see `served`.
    """

    def fuse(dense: Leg, words: Leg) -> dict[int, float]:
        near, said = dict(dense), dict(words[:_DEPTH])
        first, *following = sorted(near.values(), reverse=True)[:10]
        share = min(base + lead * (first - fmean(following)), 0.95)
        best = max(said.values(), default=1.0)
        rows = said.keys() | {passage for passage, _ in dense[:_DEPTH]}
        return {
            row: share * (1 + near[row]) / (1 + first) + (1 - share) * (said.get(row, 0.0) / best) ** power
            for row in rows
        }

    return fuse


def served(dense: Leg, words: Leg) -> dict[int, float]:
    """What `retriever.search` makes of both legs, but for how new they are."""
    near, said, cosines = dense[:LEG_DEPTH], words[:LEG_DEPTH], dict(dense)
    only = {row for row, _ in said} - {row for row, _ in near}
    return {one.passage: one.score for one in serving.convex(near, said, {row: cosines[row] for row in only})}


def alone(which: int) -> Fusion:
    """One leg: 0 dense, 1 lexical."""
    return lambda *legs: dict(legs[which][:_DEPTH])


LEXICAL: dict[str, dict[str, float]] = {
    "words": dict(lexical.FIELDS),
    "stems only": {"text": 1.0, "exact": 0.0, "title": 0.5},
    "exact 1": {"text": 1.0, "exact": 1.0, "title": 0.5},
    "title 0": {"text": 1.0, "exact": 0.5, "title": 0.0},
    "title 0.25": {"text": 1.0, "exact": 0.5, "title": 0.25},
    "title 1": {"text": 1.0, "exact": 0.5, "title": 1.0},
}


def found(view: View, embedder: object, questions: Sequence[Judged], variants: Sequence[str]) -> Iterator[Found]:
    """Search both legs for every question."""
    for judged in questions:
        vector = embedder.encode_query(judged.question)  # type: ignore[attr-defined]
        legs = {"dense": view.dense.search(vector, _DEPTH)}
        for name in variants:
            lexical.FIELDS.update(LEXICAL[name])
            legs[name] = view.lexical.search(judged.question, _DEPTH, Filters())
        extra = {row for name in variants for row, _ in legs[name]} - {row for row, _ in legs["dense"]}
        if extra:  # below the others: their cosines, for what asks for them
            legs["dense"] += sorted(view.dense.cosines(vector, extra).items(), key=lambda pair: (-pair[1], pair[0]))
        rows = sorted({passage for leg in legs.values() for passage, _ in leg})
        places = view.passages(rows)
        ids = view.ids([place.article for place in places])
        yield Found(judged, legs, {row: ids[place.article] for row, place in zip(rows, places, strict=True)})
    lexical.FIELDS.update(LEXICAL["words"])


def score(rows: Sequence[Found], fuse: Fusion, words: str = "words") -> tuple[float, float]:
    """Mean MRR and R@10 of a lever."""
    values = []
    for row in rows:
        scores = fuse(row.legs["dense"], row.legs[words])
        order = sorted(scores, key=lambda passage: (-scores[passage], row.ids[passage], passage))
        got = measured(list(dict.fromkeys(row.ids[passage] for passage in order)), row.judged.articles)
        values.append((got["MRR"], got["R@10"]))
    mrr, recall = np.mean(values, axis=0).tolist()
    return mrr, recall


def levers() -> dict[str, tuple[Fusion, str]]:
    """Name -> how the legs are fused, and which variant of the lexical leg."""
    made: dict[str, tuple[Fusion, str]] = {"dense": (alone(0), "words")}
    made |= {f"lexical, {name}": (alone(1), name) for name in LEXICAL}
    made["what serves"] = (served, "words")
    made |= {f"RRF {c}": (rrf(c), "words") for c in (10, 30, 60)}
    made |= {f"RRF 60, dense x{w}": (rrf(60, w), "words") for w in (1.5, 2, 3)}
    made |= {f"convex {w}": (convex(w), "words") for w in (0.5, 0.6, 0.7, 0.8, 0.9)}
    made |= {f"convex {w}, exact": (convex(w, exact=True), "words") for w in (0.6, 0.7, 0.75, 0.78, 0.8, 0.85)}
    made |= {f"convex {w}, min-max": (convex(w, "minmax"), "words") for w in (0.4, 0.5, 0.6, 0.7, 0.8)}
    made |= {f"words to the power {p}, share {w}": (led(w, p, 0.0), "words") for p, w in _PLAIN}
    made |= {f"words to the power {p}, share {w} + lead": (led(w, p), "words") for p in (1, 2) for w in (0.68, 0.72)}
    return made | {f"convex 0.8, {d} deep": (convex(0.8, depth=d), "words") for d in (20, 50, 200)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("tune", "report"), default="tune")
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--sets", nargs="*", default=SETS)
    given = parser.parse_args(arguments)
    half: Half = given.half
    embedder = load_embedder(load_registry(None).model(EMBEDDER), default_folder(), CHUNKER)
    table: dict[str, list[str]] = {name: [] for name in levers()}
    for name in given.sets:
        questions = [one for one in read_judged(given.folder / name / "questions.jsonl") if one.articles]
        archive = Archive(given.folder / name / "archive", embedder)
        started = time.perf_counter()
        rows = list(found(archive.view(), embedder, chosen(questions, half, given.sample), list(LEXICAL)))
        print(f"{name}: {len(rows)} questions, {time.perf_counter() - started:.0f} s", flush=True)
        for lever, (fuse, words) in levers().items():
            mrr, recall = score(rows, fuse, words)
            table[lever].append(f"{mrr:.3f} {recall:.3f}")
        archive.close()
    print(f"| MRR R@10 | {' | '.join(given.sets)} |\n|---{'|---' * len(given.sets)}|")
    for lever, cells in table.items():
        print(f"| {lever} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
