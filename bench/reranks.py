"""Levers after fusing, on the tune halves: `python -m bench.reranks FOLDER [--sets news snippets] [--read N]`.

`--half report --read N` prints what the default and the reranking by models come to there, MRR and R@10.

FOLDER holds the sets of `bench.sets` with their archives. Each lever adds something to the fused score of the first
100 passages: names, numbers or years of the question that stand in a passage or its date; how many of the passages
found are of its days; for the first 20 passages of --read questions, late interaction of MiniLM's token vectors
(ColBERT, Khattab & Zaharia 2020) and the reader's best span. Prints the gain in MRR of articles over the default, with
its 95 % interval, and what the models took for a question.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from indexer.archive import Archive
from indexer.chunk import CHUNKER
from indexer.embed import OnnxEncoder, load_embedder
from indexer.models.defaults import EMBEDDER, READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.types import Embedder, Filters, Floats
from indexer.views import View
from reader.loading import load_reader
from reader.model import Reader
from retriever.evaluate import Half, Judged, chosen, mean, means, measured, read_judged
from retriever.search import LEG_DEPTH, fused, in_order, legs

_READ, _SHOWN = 20, 100
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w’'-]*(?: (?:of |the |and )?[A-Z][\w’'-]*)*|[“\"][^”\"]{3,}[”\"]")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


class Passage(NamedTuple):
    """A fused passage: its article, score, text with title, and day of publication, None if unknown."""

    article: str
    score: float
    text: str
    day: date | None


class Found(NamedTuple):
    """A question and its first 100 passages, best first. near, read: what models say of the first 20."""

    judged: Judged
    passages: list[Passage]
    near: list[float]
    read: list[float]


Lever = Callable[[Found], Sequence[float]]  # what each passage's score gains; a shorter list: nothing for the rest


def find(view: View, embedder: Embedder, judged: Judged) -> Found:
    """Search, without reading."""
    both = legs(judged.question, view, embedder, LEG_DEPTH, "hybrid", Filters())
    ranking = in_order(view, fused(both, "hybrid"))[:_SHOWN]
    passages = []
    for ranked, place in zip(ranking, view.passages([one.passage for one in ranking]), strict=True):
        article = view.article_at(place.article)
        day = date.fromisoformat(article.published_at[:10]) if article.published_at else None
        text = f"{article.title or ''}\n{article.text[place.start : place.end]}"
        passages.append(Passage(article.id, ranked.score, text, day))
    return Found(judged, passages, [], [])


def share_of(pattern: re.Pattern[str], weight: float) -> Lever:
    """The share of the question's names or numbers that a passage has, word for word."""

    def lever(found: Found) -> Sequence[float]:
        wanted = {match.strip('“”"').casefold() for match in pattern.findall(found.judged.question)}
        texts = [one.text.casefold() for one in found.passages]
        return [weight * sum(name in text for name in wanted) / len(wanted) if wanted else 0.0 for text in texts]

    return lever


def years(weight: float) -> Lever:
    """Published in a year that the question names."""

    def lever(found: Found) -> Sequence[float]:
        wanted = {int(year) for year in _YEAR.findall(found.judged.question)}
        return [weight * float(one.day is not None and one.day.year in wanted) for one in found.passages]

    return lever


def cluster(weight: float, days: float) -> Lever:
    """How much of what was found, by its score, was published around the same day, other articles alone."""

    def lever(found: Found) -> Sequence[float]:
        dated = [(one.day.toordinal(), one.score, one.article) for one in found.passages if one.day is not None]
        if len(dated) < 2:
            return []
        at, score, articles = (np.array(column) for column in zip(*dated, strict=True))
        worth = np.exp((score - score.max()) / 0.05)
        gains = []
        for one in found.passages:
            if one.day is None:
                gains.append(0.0)
                continue
            others = worth * (articles != one.article)
            close = np.exp(-np.abs(at - one.day.toordinal()) / days)
            gains.append(weight * float((others * close).sum() / max(others.sum(), 1e-9)))
        return gains

    return lever


def late(weight: float) -> Lever:
    """Mean over the question's tokens of the best cosine with a token of the passage."""
    return lambda found: [weight * one for one in found.near]


def reading(weight: float) -> Lever:
    """The reader's best span in the passage, squashed to 0..1 around its threshold."""
    return lambda found: [weight / (1 + np.exp(-(one - 2.4) / 2)) for one in found.read]


LEVERS: dict[str, Lever] = {
    **{f"names, {w}": share_of(_NAME, w) for w in (0.02, 0.05, 0.1)},
    **{f"numbers, {w}": share_of(_NUMBER, w) for w in (0.02, 0.05)},
    **{f"year named, {w}": years(w) for w in (0.02, 0.05)},
    **{f"cluster of {d} days, {w}": cluster(w, d) for d in (3, 30, 180) for w in (0.02, 0.05)},
}
MODELS: dict[str, Lever] = {
    **{f"late interaction, {w}": late(w) for w in (0.25, 0.5, 1.0)},
    **{f"reader, {w}": reading(w) for w in (0.02, 0.05, 0.1, 0.2)},
}


def marks(found: Found, lever: Lever | None = None) -> dict[str, float]:
    """The measures of the ranking of articles, each by its best passage."""
    gains = list(lever(found)) if lever else []
    gains += [0.0] * (len(found.passages) - len(gains))
    order = sorted(zip(found.passages, gains, strict=True), key=lambda pair: -(pair[0].score + pair[1]))
    ranking = list(dict.fromkeys(one.article for one, _ in order))
    return measured(ranking, found.judged.articles)


def with_models(found: Found, encoder: OnnxEncoder, reader: Reader, laps: dict[str, list[float]]) -> Found:
    """The same with the first 20 passages looked at by both models."""
    texts = [one.text for one in found.passages[:_READ]]
    begun = time.perf_counter()
    asked, *tokens = (_unit(rows) for rows in _token_vectors(encoder, [found.judged.question, *texts]))
    near = [float((asked @ rows.T).max(axis=1).mean()) for rows in tokens]
    laps.setdefault("late interaction", []).append(time.perf_counter() - begun)
    begun = time.perf_counter()
    plain = [text.split("\n", 1)[1] for text in texts]
    best = dict.fromkeys(range(len(plain)), -10.0)
    for span in reader.read(found.judged.question, plain, 200):
        best[span.passage] = max(best[span.passage], span.score)
    laps.setdefault("reader", []).append(time.perf_counter() - begun)
    return found._replace(near=near, read=list(best.values()))


def _token_vectors(encoder: OnnxEncoder, texts: Sequence[str]) -> Iterator[Floats]:
    tokens = [encoder._tokens(text) for text in texts]
    return (outputs[0] for outputs in encoder._network.run_each(tokens))


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def lines(rows: Sequence[Found], levers: dict[str, Lever]) -> Iterator[str]:
    """A line of a table for each lever: the gain over the default."""
    base = [marks(row)["MRR"] for row in rows]
    yield f"| default | {np.mean(base):.3f} |"
    for name, lever in levers.items():
        gain = mean([marks(row, lever)["MRR"] - before for row, before in zip(rows, base, strict=True)])
        yield f"| {name} | {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) |"


def standing(rows: Sequence[Found], levers: dict[str, Lever]) -> Iterator[str]:
    """A line of a table for the default and each lever: what they come to."""
    for name, lever in {"default": None, **levers}.items():
        found = means([marks(row, lever) for row in rows])
        cells = [f"{one.mean:.3f} ({one.low:.3f}–{one.high:.3f})" for one in (found["R@10"], found["MRR"])]
        yield f"| {name} | {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="*", default=["news", "snippets"])
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--read", type=int, default=0, help="questions that both models look at")
    parser.add_argument("--half", choices=get_args(Half), default="tune")
    given = parser.parse_args(arguments)
    embedder = load_embedder(load_registry().model(EMBEDDER), default_folder(), CHUNKER)
    for name in given.sets:
        questions = [one for one in read_judged(given.folder / name / "questions.jsonl") if one.articles]
        archive = Archive(given.folder / name / "archive", embedder)
        view = archive.view()
        rows = list(map(partial(find, view, embedder), chosen(questions, given.half, given.sample)))
        if given.half == "tune":
            print(
                f"\n| {name}: {len(rows)} questions | MRR |\n|---|---|\n" + "\n".join(lines(rows, LEVERS)), flush=True
            )
        if given.read:
            reader, laps = load_reader(default_folder(), None, READER), dict[str, list[float]]()
            encoder = embedder._encoder  # type: ignore[attr-defined]
            read = [with_models(row, encoder, reader, laps) for row in rows[: given.read]]
            head, told = (
                ("MRR |\n|---|---|", lines) if given.half == "tune" else ("R@10 | MRR |\n|---|---|---|", standing)
            )
            print(f"\n| {name}: {len(read)} questions | {head}\n" + "\n".join(told(read, MODELS)))
            print("\n".join(f"{what}: {1000 * np.median(took):.0f} ms" for what, took in laps.items()), flush=True)
        archive.close()


if __name__ == "__main__":
    main()
