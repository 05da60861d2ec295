"""Levers that need other vectors: title, length, overlap. `python -m bench.passage_levers FOLDER [--set news]`.

FOLDER/NAME holds what `bench.sets` wrote. Tune questions, each with the first article that answers it, and others up
to --articles, are indexed once for each lever into FOLDER/passage-levers; prints MRR and R@10 of articles, and
passages a second. A hundred passages a second are embedded: choose --articles by that.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import indexer.build
import indexer.chunk
from bench.levers import alone, convex, found, score
from indexer.archive import Archive
from indexer.build import build
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.sources import read_pages
from indexer.types import Article, Passage
from retriever.evaluate import Judged, chosen, read_judged

_chunk = indexer.chunk.chunk


class Lever(NamedTuple):
    """How passages are cut (mean and most words) and whether title and last sentence go into the next vector."""

    mean: int = indexer.chunk.MEAN_WORDS
    most: int = indexer.chunk.MAX_WORDS
    title: bool = True
    overlap: bool = True


LEVERS = {
    "as it is: 130 words, title, one sentence of overlap": Lever(),
    "without title": Lever(title=False),
    "60 words": Lever(mean=60, most=90),
    "90 words": Lever(mean=90, most=130),
    "without overlap": Lever(overlap=False),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", default="news")
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--questions", type=int, default=120)
    parser.add_argument("--only", nargs="*", default=list(LEVERS))
    given = parser.parse_args(arguments)
    home = given.folder / "passage-levers"
    questions = _slice(given.folder / given.set, home, given.articles, given.questions)
    print(f"{given.set}: {len(questions)} questions, {given.articles} articles")
    print("| MRR R@10 | passages | passages/s | dense | lexical | both |\n|---|---|---|---|---|---|", flush=True)
    for name in given.only:
        print(_measured(name, LEVERS[name], home, questions), flush=True)


def _slice(folder: Path, home: Path, n_articles: int, n_questions: int) -> list[Judged]:
    asked = chosen([one for one in read_judged(folder / "questions.jsonl") if one.articles], "tune", n_questions)
    rows = [json.loads(line) for line in (folder / "articles.jsonl").read_text("utf-8").splitlines()]
    there = [row["id"] for row in rows]
    own = [next(article for article in one.articles if article in set(there)) for one in asked]
    kept = set(list(dict.fromkeys([*own, *there[:: max(1, len(there) // n_articles)]]))[:n_articles])
    home.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows if row["id"] in kept]
    (home / "articles.jsonl").write_text("".join(lines), "utf-8")
    judged = [one._replace(articles={k: v for k, v in one.articles.items() if k in kept}) for one in asked]
    return [one for one in judged if one.articles]


def _measured(name: str, lever: Lever, home: Path, questions: Sequence[Judged]) -> str:
    indexer.chunk.MEAN_WORDS, indexer.chunk.MAX_WORDS = lever.mean, lever.most
    vars(indexer.build)["chunk"] = _chunk if lever.overlap else _apart
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), name)
    if not lever.title:
        text = embedder.text  # type: ignore[attr-defined]
        embedder.text = lambda _, passage: text(None, passage)  # type: ignore[attr-defined]
    place = home / "archive"
    shutil.rmtree(place, ignore_errors=True)
    archive = Archive(place, embedder, create=True)
    begun = time.perf_counter()
    build(read_pages([home / "articles.jsonl"]), archive, lambda _: None)
    seconds, view = time.perf_counter() - begun, archive.view()
    rows = list(found(view, embedder, questions, ["words"]))
    cells = [score(rows, fuse) for fuse in (alone(0), alone(1), convex(0.78, exact=True))]
    shown = " | ".join(f"{mrr:.3f} {recall:.3f}" for mrr, recall in cells)
    made = f"| {name} | {view.info.passages:,} | {view.info.passages / seconds:.0f} | {shown} |"
    archive.close()
    return made


def _apart(article: Article, fits: Callable[[str], bool]) -> list[Passage]:
    """The same passages without the sentence that each shares with the one before it."""
    return list(_without_overlap(article.text, _chunk(article, fits)))


def _without_overlap(text: str, passages: Sequence[Passage]) -> Iterator[Passage]:
    reached = 0
    for start, end in passages:
        new = max(start, reached)
        new += len(text[new:end]) - len(text[new:end].lstrip())
        if new < end:
            yield Passage(new, end)
        reached = max(reached, end)


if __name__ == "__main__":
    main()
