"""How many passages to read: `python -m bench.depths FOLDER [--half tune] [--sample N] [--times N]`.

FOLDER holds the questions.jsonl and the archive of one set of `bench.sets`. The first 30 passages of each question are
read once, and its answers weighed from the first 4, 8, 12, 20 and 30 of them, as `ask --depth` does. right@k, MRR and
F1 are those of `pullquote eval`; the last column is MRR less that of the default, 20, question by question, with its
95 % interval. --times N: also ask N questions at each depth, in turn, and tell the median milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER, READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Embedder, Filters
from indexer.views import View
from reader.answer import SPANS, Question, answer, text_of, weigh
from reader.evaluate import f1
from reader.loading import load_reader
from reader.model import Reader
from retriever.evaluate import Half, Judged, chosen, holds, mean, means, read_judged
from retriever.search import find

DEPTHS = (4, 8, 12, 20, 30)
_DEFAULT = 20
_SHOWN = ("right@1", "right@5", "MRR", "F1")


def by_depth(
    judged: Judged, view: View, embedder: Embedder, reader: Reader, depths: Sequence[int] = DEPTHS
) -> dict[int, dict[str, float]]:
    """The marks of one question at each depth."""
    question = Question(judged.question, 5, max(depths), "hybrid", Filters(as_of=judged.as_of))
    found = find(question.text, view, embedder, question.depth, question.mode, question.filters)
    texts = [text_of(view, one.place) for one in found]
    every = reader.read(judged.question, texts, SPANS * max(depths))  # so that each depth has its best SPANS among them
    marks = {}
    for depth in depths:
        candidates = [span for span in every if span.passage < depth][:SPANS]
        quotes = [one.best.quote for one in weigh(question, view, found[:depth], candidates, reader)]
        marks[depth] = _marks(quotes, judged.answers)
    return marks


def _marks(quotes: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
    right = [holds(quote, answers) for quote in quotes]
    first = quotes[0] if quotes else ""
    return {
        "right@1": float(any(right[:1])),
        "right@5": float(any(right[:5])),
        "MRR": 1 / (1 + right.index(True)) if any(right) else 0.0,
        "F1": max(f1(first, gold) for gold in answers),
    }


def medians(questions: Sequence[Judged], view: View, embedder: Embedder, reader: Reader) -> dict[int, float]:
    """The median time of `ask` at each depth, in milliseconds. Depths take turns, so that all meet the same load."""
    taken: dict[int, list[float]] = {depth: [] for depth in DEPTHS}
    for judged in [questions[0], *questions]:  # the first once more, for caches
        for depth in DEPTHS:
            begun = time.perf_counter()
            answer(Question(judged.question, 5, depth, "hybrid", Filters(as_of=judged.as_of)), view, embedder, reader)
            taken[depth].append(1000 * (time.perf_counter() - begun))
    return {depth: float(np.median(found[1:])) for depth, found in taken.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=get_args(Half), default="tune")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--times", type=int, default=0)
    given = parser.parse_args(arguments)
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
    reader = load_reader(default_folder(), None, READER)
    questions = [one for one in read_judged(given.folder / "questions.jsonl") if one.answers]
    asked = chosen(questions, given.half, given.sample)
    archive = Archive(given.folder / "archive", embedder)
    view = archive.view()
    times = medians(asked[: given.times], view, embedder, reader) if given.times else {}
    rows = [by_depth(one, view, embedder, reader) for one in asked]
    archive.close()
    print(table(rows, times))


def table(rows: Sequence[dict[int, dict[str, float]]], times: dict[int, float]) -> str:
    """A line of Markdown for each depth. rows: of each question, its marks by depth."""
    ms = " ask, ms |" if times else ""
    lines = [f"| {len(rows)} questions | {' | '.join(_SHOWN)} | MRR less that of {_DEFAULT} |{ms}"]
    lines.append(f"|---|{'---|' * (len(_SHOWN) + 1 + bool(times))}")
    for depth in DEPTHS:
        found = means([row[depth] for row in rows])
        less = mean([row[depth]["MRR"] - row[_DEFAULT]["MRR"] for row in rows])
        cells = [f"{found[name].mean:.3f}" for name in _SHOWN]
        cells += [f"{less.mean:+.3f} ({less.low:+.3f} to {less.high:+.3f})"]
        cells += [f"{times[depth]:.0f}"] if times else []
        lines.append(f"| {depth} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
