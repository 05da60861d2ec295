"""Retrieval and answers over an archive, measured on a file of questions: `pullquote eval`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from indexer.types import Embedder, Filters, Mode
from indexer.views import View
from reader.answer import Question
from reader.evaluate import exact_match, f1
from reader.explain import Expected, Trace, is_right, lost_at, trace
from reader.model import Reader
from reader.stopwatch import Stopwatch
from retriever.evaluate import ANSWER_CUTS, Judged, Mean, holds, means, measured, question_word
from retriever.search import LEG_DEPTH, Legs, fused, in_order, legs

Told = Callable[[int], None]


class Options(NamedTuple):
    """How the questions are asked. top_k: answers that count for right@k; depth: passages read."""

    mode: Mode = "hybrid"
    top_k: int = 5
    depth: int = 20
    filters: Filters = Filters()


def question_of(judged: Judged, options: Options) -> Question:
    """The question as `ask` puts it."""
    filters = replace(options.filters, as_of=judged.as_of) if judged.as_of else options.filters
    return Question(judged.question, options.top_k, options.depth, options.mode, filters)


def expected_of(judged: Judged) -> Expected:
    """What a question should find: its answer wherever it stands, or, where it has none, its articles."""
    relevant = tuple(article for article, grade in judged.articles.items() if grade > 0)
    return Expected(judged.answers, () if judged.answers else relevant)


def evaluate(
    questions: Sequence[Judged],
    options: Options,
    view: View,
    embedder: Embedder,
    reader: Reader | None,
    told: Told | None = None,
) -> dict[str, Any]:
    """Measure every question; without a reader, retrieval alone. told: of each question done, its number.

    "retrieval": of each leg and of the mode asked for, over the questions with judged articles; Answer@k over those
    with answers. "answers": right is equal to or containing a gold answer; "…_answered" counts only answers at or above
    the threshold, and abstaining as wrong. "lost": the stage at which the answer went missing, for the wrong ones.
    """
    rows = []
    for number, judged in enumerate(questions, start=1):
        rows.append(_one(judged, options, view, embedder, reader))
        if told is not None:
            told(number)
    words = sorted({row.word for row in rows})
    return {
        "questions": len(rows),
        "mode": options.mode,
        "depth": options.depth,
        "view": {"sequence": view.info.sequence, "articles": view.info.articles, "passages": view.info.passages},
        "retrieval": _retrieval(rows),
        "answers": _figures([row.answers for row in rows if row.answers]),
        "by_question_word": {word: _of_word([row for row in rows if row.word == word], options.mode) for word in words},
        "lost": dict(Counter(row.lost for row in rows if row.lost).most_common()),
        "median_ms": {lap: round(median(row.laps[lap] for row in rows), 1) for lap in (rows[0].laps if rows else ())},
    }


class _Row(NamedTuple):
    word: str
    retrieval: Mapping[str, Mapping[str, float]]  # leg or mode -> measure -> value
    held: Mapping[str, Mapping[str, float]]
    answers: Mapping[str, float]
    lost: str | None
    laps: Mapping[str, float]


def _one(judged: Judged, options: Options, view: View, embedder: Embedder, reader: Reader | None) -> _Row:
    question = question_of(judged, options)
    word = question_word(judged.question)
    if reader is None:
        watch = Stopwatch()
        both = legs(question.text, view, embedder, LEG_DEPTH, options.mode, question.filters)
        watch.lap("search")
        return _Row(word, *_ranked(judged, both, options.mode, view), {}, None, watch.laps)
    reader = reader.over(options.mode)
    made = trace(question, view, embedder, reader)
    lost = lost_at(question, expected_of(judged), view, made, reader.threshold) if any(expected_of(judged)) else None
    answers = _answers(judged, made, options.top_k, reader.threshold) if judged.answers else {}
    return _Row(word, *_ranked(judged, made.legs, options.mode, view), answers, lost, made.timings_ms)


def _ranked(
    judged: Judged, both: Legs, mode: Mode, view: View
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    retrieval: dict[str, dict[str, float]] = {}
    held: dict[str, dict[str, float]] = {}
    modes: tuple[Mode, ...] = ("lexical", "dense", "hybrid") if mode == "hybrid" else (mode,)
    for name in modes:
        places = view.passages([ranked.passage for ranked in in_order(view, fused(both, name))])
        if any(grade > 0 for grade in judged.articles.values()):
            ids = view.ids([place.article for place in places])
            ranking = list(dict.fromkeys(ids[place.article] for place in places))
            retrieval[name] = measured(ranking, judged.articles)
        if judged.answers:
            first = places[: max(ANSWER_CUTS)]
            right = [holds(view.article_at(p.article).text[p.start : p.end], judged.answers) for p in first]
            held[name] = {f"Answer@{k}": float(any(right[:k])) for k in ANSWER_CUTS}
    return retrieval, held


def _answers(judged: Judged, made: Trace, top_k: int, threshold: float) -> dict[str, float]:
    expected = expected_of(judged)
    right = [is_right(one.best.quote, one.best.article, expected) for one in made.groups]
    best = made.groups[0] if made.groups else None
    quote, sure = (best.best.quote, best.score >= threshold) if best is not None else ("", False)
    sure_right = [ok for ok, one in zip(right[:top_k], made.groups, strict=False) if one.score >= threshold]
    return {
        "right@1": float(any(right[:1])),
        f"right@{top_k}": float(any(right[:top_k])),
        "MRR": 1 / (1 + right.index(True)) if any(right) else 0.0,
        "EM": max(exact_match(quote, answer) for answer in judged.answers),
        "F1": max(f1(quote, answer) for answer in judged.answers),
        "answered": float(sure),
        "right@1_answered": float(any(sure_right[:1])),
        f"right@{top_k}_answered": float(any(sure_right)),
        "words": float(len(quote.split())),
    }


def _retrieval(rows: Sequence[_Row]) -> dict[str, dict[str, dict[str, float]]]:
    names = list(dict.fromkeys(name for row in rows for name in (*row.retrieval, *row.held)))
    return {
        name: {
            **_figures([row.retrieval[name] for row in rows if name in row.retrieval]),
            **_figures([row.held[name] for row in rows if name in row.held]),
        }
        for name in names
    }


def _of_word(rows: Sequence[_Row], mode: str) -> dict[str, Any]:
    return {
        "questions": len(rows),
        **_figures([{"MRR": row.retrieval[mode]["MRR"]} for row in rows if row.retrieval]),
        **_figures([{"right@1": row.answers["right@1"], "F1": row.answers["F1"]} for row in rows if row.answers]),
    }


def _figures(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {name: _rounded(found) for name, found in means(rows).items()}


def _rounded(found: Mean) -> dict[str, float]:
    return {"n": found.n, **{name: round(value, 4) for name, value in found._asdict().items() if name != "n"}}
