"""Answering: view -> search -> read -> group -> cite -> check -> Reply (design §1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from indexer.stories import story_of
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
from reader.calibrate import Evidence, least_confidence
from reader.cite import check_reply, cite, context_of
from reader.group import Group, Occurrence, group
from reader.model import Candidate, Reader
from reader.stopwatch import Stopwatch
from retriever.collapse import Kept
from retriever.filter import unknown_dates
from retriever.search import find, head, hits_of

_MOST_OTHERS = 10  # quotations shown beside the best one of an answer; `support` counts them all
SPANS = 50  # the reader's best spans, of all passages, that are grouped


class Question(NamedTuple):
    """What is asked: how many answers (top_k), from how many passages (depth), found how, among which articles.

    max_error: the share of wrong answers that is borne; None: whatever the reader's own threshold lets pass.
    """

    text: str
    top_k: int
    depth: int
    mode: Mode
    filters: Filters
    max_error: float | None = None


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
    found = find(question.text, view, embedder, question.depth, question.mode, question.filters)
    hits = hits_of(view, [kept.ranked for kept in found], question.text)
    excluded = unknown_dates(view, question.filters)
    if on_passages is not None:
        on_passages(HitList(tuple(hits[: question.top_k]), None, view.info, excluded))
    watch.lap("search")
    candidates = reader.read(question.text, [hit.text for hit in hits], SPANS)
    watch.lap("read")
    articles = _articles(view, found)
    groups = group(grounds(view, found, candidates))
    answers = tuple(_answer(one, confidence, articles) for one, confidence in _sure(question, groups, reader))
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


def grounds(view: View, found: Sequence[Kept], candidates: Iterable[Candidate]) -> Iterator[Occurrence]:
    """Where the reader's spans stand: in the passages that were read, and in the copies of those, which were not.

    candidates: spans of `found`, by its order.
    """
    stories = story_of(view, [place.article for kept in found for place in (kept.place, *kept.copies)])
    for span in candidates:
        kept = found[span.passage]
        article = view.article_at(kept.place.article)
        start, end = kept.place.start + span.start, kept.place.start + span.end
        quote, story = article.text[start:end], str(stories[kept.place.article])
        yield Occurrence(article.id, story, start, end, quote, span.score, span.passage)
        for place in kept.copies:
            copy = view.article_at(place.article)
            at = copy.text.find(quote, place.start, place.end)
            if at >= 0:
                yield Occurrence(copy.id, story, at, at + len(quote), quote, span.score, span.passage, repeats=True)


def _articles(view: View, found: Sequence[Kept]) -> dict[str, Article]:
    rows = dict.fromkeys(place.article for kept in found for place in (kept.place, *kept.copies))
    return {article.id: article for article in map(view.article_at, rows)}


def _sure(question: Question, groups: Sequence[Group], reader: Reader) -> list[tuple[Group, float | None]]:
    """The answers to give, best first, each with its confidence: those at or above the threshold.

    Raises InvalidInput: the calibration promises no such error, or there is none.
    """
    scores = [one.best.score for one in groups[:2]]
    weighed = [
        Evidence(question.text, one.best.quote, one.best.score, _best_other(scores, number), one.independent)
        for number, one in enumerate(groups[: question.top_k])
    ]
    rated = list(zip(groups, reader.confidences(weighed), strict=False))
    if question.max_error is None:
        return [(one, confidence) for one, confidence in rated if one.best.score >= reader.threshold]
    least = least_confidence(reader.calibration, question.max_error, reader.model.name)
    return [(one, confidence) for one, confidence in rated if confidence is not None and confidence >= least]


def _best_other(scores: list[float], number: int) -> float | None:
    """The best score but that of group `number`; None where it stands alone. scores: of the best two."""
    others = scores[:number] + scores[number + 1 :] if number < 2 else scores
    return max(others, default=None)


def _answer(found: Group, confidence: float | None, articles: dict[str, Article]) -> Answer:
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
        confidence=confidence,
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
