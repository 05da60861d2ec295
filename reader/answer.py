"""Answering: view -> search -> read -> group -> cite -> check -> Reply (design §1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple

from indexer.articles import Located
from indexer.shares import share
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
from reader.calibrate import least_confidence
from reader.cite import check_reply, cite, context_of
from reader.group import Group, Occurrence, group, names_something
from reader.model import Candidate, Reader
from reader.stopwatch import Stopwatch
from reader.weigh import Standing, standings
from retriever.collapse import Kept
from retriever.filter import unknown_dates
from retriever.recency import freshness, time_of
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
    watch, reader = Stopwatch(), reader.over(question.mode)
    found = find(question.text, view, embedder, question.depth, question.mode, question.filters)
    hits = tuple(hits_of(view, [kept.ranked for kept in found[: question.top_k]], question.text))
    excluded = unknown_dates(view, question.filters)
    if on_passages is not None:
        on_passages(HitList(hits, None, view.info, excluded))
    watch.lap("search")
    texts = [text_of(view, kept.place) for kept in found]
    with share("reader"):
        candidates = reader.read(question.text, texts, SPANS)
    watch.lap("read")
    articles = _articles(view, found)
    groups = weigh(question, view, found, candidates, reader)
    answers = tuple(_answer(one, articles) for one in _sure(question, groups, reader))
    reply = Reply(
        question=question.text,
        answered=bool(answers),
        reason=None if answers else _reason(view, hits),
        answers=answers,
        passages=hits,
        excluded=excluded,
        timings_ms={},
        view=view.info,
        models=ModelNames(embedder.name, reader.model.name, reader.model.runtime),
    )
    check_reply(articles, reply)
    watch.lap("cite")
    return replace(reply, timings_ms=watch.laps)


def text_of(view: View, place: Located) -> str:
    """The text of a passage."""
    return view.article_at(place.article).text[place.start : place.end]


def weigh(
    question: Question, view: View, found: Sequence[Kept], candidates: Iterable[Candidate], reader: Reader
) -> list[Group]:
    """The answers that the reader's spans come to, with all that speaks for each of them, best first.

    candidates: spans of `found`, by its order.
    """
    stand = standings(raw_standings(question, view, found))
    return reader.weigh(question.text, group(grounds(view, found, candidates)), stand)


def raw_standings(question: Question, view: View, found: Sequence[Kept]) -> list[Standing]:
    """What is known of the passages that were found, with scores as they are: what `standings` starts from."""
    time = time_of(question.text, question.filters)
    fresh = freshness(view, question.filters, [kept.ranked.passage for kept in found]) if time else {}
    unknown = fmean(fresh.values()) if fresh else 0.0  # of an article without a date: neither new nor old
    return [
        Standing(
            retrieval=ranked.score,
            cosine=ranked.parts.dense,
            title=view.article_at(place.article).title or "",
            latest=fresh.get(ranked.passage, unknown) if time == "present" else 0.0,
            asked=fresh.get(ranked.passage, unknown) if time == "asked" else 0.0,
        )
        for ranked, place in ((kept.ranked, kept.place) for kept in found)
    ]


def grounds(view: View, found: Sequence[Kept], candidates: Iterable[Candidate]) -> Iterator[Occurrence]:
    """Where the reader's spans stand: in the passages that were read, and in the copies of those, which were not.

    candidates: spans of `found`, by its order. Those that name nothing ("her") are left out: in an archive nobody knows
    whom they mean.
    """
    stories = story_of(view, [place.article for kept in found for place in (kept.place, *kept.copies)])
    for span in candidates:
        kept = found[span.passage]
        article = view.article_at(kept.place.article)
        start, end = kept.place.start + span.start, kept.place.start + span.end
        quote, story = article.text[start:end], str(stories[kept.place.article])
        if not names_something(article.text, start, end):
            continue
        yield Occurrence(article.id, story, start, end, quote, span.score, span.passage)
        for place in kept.copies:
            copy = view.article_at(place.article)
            at = _whole_words(copy.text, quote, place.start, place.end)
            if at >= 0:
                yield Occurrence(copy.id, story, at, at + len(quote), quote, span.score, span.passage, repeats=True)


def _whole_words(text: str, quote: str, start: int, end: int) -> int:
    """Where in text[start:end] a quotation begins that is no part of other words; -1: nowhere."""
    at = text.find(quote, start, end)
    while at >= 0:
        before, after = text[at - 1 : at] if at > start else "", text[at + len(quote) : min(at + len(quote) + 1, end)]
        if not (before.isalnum() and quote[0].isalnum()) and not (after.isalnum() and quote[-1].isalnum()):
            return at
        at = text.find(quote, at + 1, end)
    return -1


def _articles(view: View, found: Sequence[Kept]) -> dict[str, Article]:
    rows = dict.fromkeys(place.article for kept in found for place in (kept.place, *kept.copies))
    return {article.id: article for article in map(view.article_at, rows)}


def _sure(question: Question, groups: Sequence[Group], reader: Reader) -> list[Group]:
    """The answers to give, best first: those at or above the threshold; one alone where an error is promised of it.

    Raises InvalidInput: the calibration promises no such error, or there is none.
    """
    first = groups[: question.top_k]
    if question.max_error is None:
        return [one for one in first if one.score >= reader.threshold]
    least = least_confidence(reader.calibration, question.max_error, reader.model.name, question.depth)
    return [one for one in first[:1] if one.confidence is not None and one.confidence >= least]


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
        score=found.score,
        confidence=found.confidence,
        range=citation.range,
        context=context_of(article, best.start, best.end),
        article=head(article),
        citation=citation,
        support=Support(found.articles, found.independent, others),
    )


def _reason(view: View, hits: Sequence[Hit]) -> Reason:
    if hits:
        return "low_confidence"
    return "no_match" if view.info.articles else "empty_archive"
