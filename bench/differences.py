"""Whether the default beats each leg alone: `python -m bench.differences FOLDER [--half report] [--sample N]`.

FOLDER holds the sets of `bench.sets` with their archives. Both rankings answer the same questions, so that what is
shown is the mean of the differences of single questions, with its 95 % interval (bootstrap over questions).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import load_embedder
from indexer.models.defaults import EMBEDDER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Embedder, Filters, Mode
from indexer.views import View
from retriever.evaluate import Half, Judged, Mean, chosen, mean, measured, read_judged
from retriever.search import LEG_DEPTH, fused, in_order, legs

SETS = ("snippets", "news", "newsqa", "wikinews", "squad", "cranfield", "cisi")
SHOWN = ("MRR", "R@10", "nDCG@10")


def values(view: View, embedder: Embedder, questions: Sequence[Judged]) -> dict[str, list[dict[str, float]]]:
    """The measures of each question by mode: lexical, dense, hybrid."""
    found: dict[str, list[dict[str, float]]] = {"lexical": [], "dense": [], "hybrid": []}
    for one in questions:
        both = legs(one.question, view, embedder, LEG_DEPTH, "hybrid", Filters(as_of=one.as_of))
        modes: tuple[Mode, ...] = get_args(Mode)
        for mode in modes:
            places = view.passages([ranked.passage for ranked in in_order(view, fused(both, mode))])
            ids = view.ids([place.article for place in places])
            found[mode].append(measured(list(dict.fromkeys(ids[place.article] for place in places)), one.articles))
    return found


def differences(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> dict[str, Mean]:
    """Ours less theirs, question by question."""
    pairs = list(zip(ours, theirs, strict=True))
    return {name: mean([a[name] - b[name] for a, b in pairs]) for name in SHOWN}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=get_args(Half), default="report")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--sets", nargs="*", default=SETS)
    given = parser.parse_args(arguments)
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
    print(f"| hybrid less | | {' | '.join(SHOWN)} |\n|---|---|{'---|' * len(SHOWN)}")
    for name in given.sets:
        questions = [one for one in read_judged(given.folder / name / "questions.jsonl") if one.articles]
        asked = chosen(questions, given.half, given.sample)
        archive = Archive(given.folder / name / "archive", embedder)
        found = values(archive.view(), embedder, asked)
        for leg in ("lexical", "dense"):
            made = differences(found["hybrid"], found[leg])
            cells = [f"{one.mean:+.3f} ({one.low:+.3f} to {one.high:+.3f})" for one in made.values()]
            print(f"| {name}: {len(asked)} questions | {leg} | {' | '.join(cells)} |", flush=True)
        archive.close()


if __name__ == "__main__":
    main()
