"""A small article and the nouns made of it, worked out by hand, for the tests of the terminal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from indexer.types import (
    Answer,
    Article,
    ArticleHead,
    Block,
    Citation,
    Context,
    Excluded,
    Hit,
    ModelNames,
    Range,
    Reason,
    Reply,
    ScoreParts,
    Support,
    SupportingQuote,
    TextPositionSelector,
    TextQuoteSelector,
    Utf16,
    ViewInfo,
)

TEXT = "Mayor opens bridge 🌉\n\nThe mayor, Ana\r\nLópez, opened the new bridge on Monday. It cost 3 million euros.\n"
VIEW = ViewInfo(sequence=3, articles=1, passages=1, layout="memory")
HEAD = ArticleHead(
    "bridge-1", "Mayor opens bridge 🌉", "The Daily", "https://example.org/bridge", "R. Eporter", "2022-02-06T11:56:00Z"
)


def at(start: int, end: int, text: str = TEXT) -> Range:
    """The Range of text[start:end]."""
    before, inside = (len(piece.encode("utf-16-le")) // 2 for piece in (text[:start], text[start:end]))
    return Range(start, end, Utf16(before, before + inside))


def place_of(piece: str, text: str = TEXT) -> Range:
    """The Range of the first place where `piece` stands."""
    return at(text.index(piece), text.index(piece) + len(piece), text)


def article(text: str = TEXT) -> Article:
    return Article(
        id=HEAD.id,
        title=HEAD.title,
        source=HEAD.source,
        url=HEAD.url,
        author=HEAD.author,
        published_at=HEAD.published_at,
        published_raw="Feb 06, 2022, 05:26 PM IST",
        language="en",
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        source_sha256=hashlib.sha256(b"source").hexdigest(),
        blocks=(Block(0, 20, "headline"), Block(22, 102, "body")),
    )


def citation(quote: str) -> Citation:
    where = place_of(quote)
    selectors = TextQuoteSelector(quote, "", ""), TextPositionSelector(where.start, where.end)
    whole = article()
    return Citation(HEAD.id, whole.sha256, whole.source_sha256, None, where, selectors)


def answer(quote: str, sentence: str, others: Sequence[str] = (), confidence: float | None = None) -> Answer:
    return Answer(
        answer=quote,
        score=7.25,
        confidence=confidence,
        range=place_of(quote),
        context=Context(sentence, place_of(sentence)),
        article=HEAD,
        citation=citation(quote),
        support=Support(1 + len(others), 1, tuple(SupportingQuote(other, HEAD, citation(other)) for other in others)),
    )


def hit(text: str, *highlights: str) -> Hit:
    whole = place_of(text)
    return Hit(text, whole, 0.5, ScoreParts(dense=0.5), HEAD, tuple(place_of(piece) for piece in highlights))


def reply(
    question: str,
    answers: Sequence[Answer] = (),
    reason: Reason | None = None,
    passages: Sequence[Hit] = (),
    unknown_date: int = 0,
) -> Reply:
    models = ModelNames("all-minilm-l6-v2", "minilm-l6-reader", "onnx")
    found = tuple(answers), tuple(passages), Excluded(unknown_date)
    return Reply(question, bool(answers), reason, *found, {"search": 1.5}, VIEW, models)
