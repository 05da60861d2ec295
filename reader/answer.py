"""Answering: view -> search -> read -> group -> cite -> check -> Reply (design §1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from indexer.types import (
    Answer,
    Article,
    Embedder,
    Filters,
    Hit,
    HitList,
    Mode,
    ModelNames,
    Reason,
    Reply,
    Support,
    SupportingQuote,
)
from indexer.views import View
from reader.cite import check_reply, cite, context_of
from reader.group import Group, Occurrence, group
from reader.model import Candidate, Reader
from reader.stopwatch import Stopwatch
from retriever.filter import unknown_dates
from retriever.search import head, search

_MOST_OTHERS = 10  # quotations shown beside the best one of an answer; `support` counts them all
_SPANS = 50  # the reader's best spans, of all passages, that are grouped


class Question(NamedTuple):
    """What is asked: how many answers (top_k), from how many passages (depth), found how, among which articles."""

    text: str
    top_k: int
    depth: int
    mode: Mode
    filters: Filters


def answer(
    question: Question,
    view: View,
    embedder: Embedder,
    reader: Reader,
    on_passages: Callable[[HitList], None] | None = None,
) -> Reply:
    """Quote the archive, or abstain: then `answers` is empty and `passages` says what to read instead.

    on_passages: told of the passages before they are read.
    """
    watch = Stopwatch()
    hits = search(question.text, view, embedder, question.depth, question.mode, question.filters)
    excluded = unknown_dates(view, question.filters)
    if on_passages is not None:
        on_passages(HitList(tuple(hits[: question.top_k]), None, view.info, excluded))
    watch.lap("search")
    articles = {hit.article.id: view.article(hit.article.id) for hit in hits}
    candidates = reader.read(question.text, [hit.text for hit in hits], _SPANS)
    watch.lap("read")
    groups = group(_occurrence(hits[candidate.passage], articles, candidate) for candidate in candidates)
    sure = [found for found in groups if found.best.score >= reader.threshold][: question.top_k]
    answers = tuple(_answer(found, articles) for found in sure)
    reply = Reply(
        question=question.text,
        answered=bool(answers),
        reason=None if answers else _reason(view, hits),
        answers=answers,
        passages=tuple(hits[: question.top_k]),
        excluded=excluded,
        timings_ms={},
        view=view.info,
        models=ModelNames(embedder.name, reader.model.name, reader.model.runtime),
    )
    check_reply(articles, reply)
    watch.lap("cite")
    return replace(reply, timings_ms=watch.laps)


def _occurrence(hit: Hit, articles: dict[str, Article], candidate: Candidate) -> Occurrence:
    article, offset = articles[hit.article.id], hit.range.start
    start, end = offset + candidate.start, offset + candidate.end
    return Occurrence(article.id, article.sha256, start, end, article.text[start:end], candidate.score)


def _answer(found: Group, articles: dict[str, Article]) -> Answer:
    best = found.best
    article = articles[best.article]
    citation = cite(article, best.start, best.end)
    others = tuple(
        SupportingQuote(
            other.quote, head(articles[other.article]), cite(articles[other.article], other.start, other.end)
        )
        for other in found.others[:_MOST_OTHERS]
    )
    return Answer(
        answer=best.quote,
        score=best.score,
        confidence=None,
        range=citation.range,
        context=context_of(article, best.start, best.end),
        article=head(article),
        citation=citation,
        support=Support(found.articles, found.independent, others),
    )


def _reason(view: View, hits: list[Hit]) -> Reason:
    if hits:
        return "low_confidence"
    return "no_match" if view.info.articles else "empty_archive"
