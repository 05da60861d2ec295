"""One small article, and an example of every noun made of it, as `/openapi.json` shows them."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any

from api.errors import problem_of
from api.schemas import BatchAnswer, BatchFault, BatchReply, IndexReport, VerdictList, dump
from indexer.errors import InvalidInput
from indexer.models.defaults import EMBEDDER, READER
from indexer.offsets import range_of
from indexer.types import (
    Answer,
    Article,
    ArticleHead,
    ArticleList,
    Block,
    BlockKind,
    Context,
    Excluded,
    Explanation,
    Hit,
    HitList,
    IndexEvent,
    IndexSummary,
    Info,
    ModelNames,
    Range,
    Reply,
    ScoreParts,
    Support,
    Traced,
    Verdict,
    ViewInfo,
    Weighed,
)
from reader.cite import cite

QUESTION = "How much did the bridge cost?"
TITLE = "Mayor opens new bridge"
BODY = "Ana López opened the new bridge on Monday. It cost 3 million euros."
TEXT = f"{TITLE}\n\n{BODY}\n"
SENT = {
    "id": "bridge-1",
    "text": TEXT,
    "title": TITLE,
    "source": "The Daily",
    "url": "https://daily.example/bridge",
    "author": "R. Eporter",
    "published_at": "2022-02-06",
    "metadata": {"section": "local"},
}

_NO_DATE = InvalidInput("as_of", "want a year, a month, a day or RFC 3339, got 'soon'")
_FAULT = InvalidInput("top_k", "it should be greater than or equal to 1")


def examples() -> dict[str, dict[str, Any]]:
    """Name of a noun -> an example of its JSON."""
    article = _article()
    head = ArticleHead(article.id, article.title, article.source, article.url, article.author, article.published_at)
    view = ViewInfo(sequence=1, articles=1, passages=1, layout="memory")
    models = ModelNames(EMBEDDER, READER, "onnx-int8")
    quote = _place("3 million euros")
    citation = cite(article, quote.start, quote.end)
    sentence = "It cost 3 million euros."
    answer = Answer(
        answer="3 million euros",
        score=7.5,
        confidence=None,
        range=quote,
        context=Context(sentence, _place(sentence)),
        article=head,
        citation=citation,
        support=Support(articles=1, independent=1),
    )
    parts = ScoreParts(dense=0.71, lexical=2.1, fused=0.9713)
    hit = Hit(BODY, _place(BODY), 0.9713, parts, head, (_place("bridge"), _place("cost")))
    timings = {"search": 9.1, "read": 41.7}
    reply = Reply(QUESTION, True, None, (answer,), (hit,), Excluded(), timings, view, models)
    event = IndexEvent("added", "http:bridge-1", "bridge-1")
    summary = IndexSummary(added=1, updated=0, unchanged=0, refused=0, removed=0, view=view)
    verdict = Verdict("valid", article.id, quote, "the text is unchanged")
    answered = BatchAnswer(**_fields(reply), id="q1")
    traced = Traced(BODY, _place(BODY), head, 1, 1, 1, 1, parts, (), answer.answer, answer.score, expected=True)
    weighed = Weighed(answer.answer, answer.score, head, 1, expected=True)
    explanation = Explanation(QUESTION, None, "it is the answer", 5.0, (traced,), (weighed,), timings, view)
    leaving = {
        "Reply": reply,
        "Explanation": explanation,
        "HitList": HitList((hit,), None, view),
        "Article": article,
        "ArticleList": ArticleList((head,), None, view),
        "IndexReport": IndexReport((event,), summary),
        "VerdictList": VerdictList((verdict,), None, view),
        "Info": Info("0.1.0", "archive", view, models, "2022-02-06", "2022-02-06", {"The Daily": 1}),
        "BatchReply": BatchReply(
            (answered, BatchFault(2, problem_of(_NO_DATE))),
            None,
            view,
        ),
        "Problem": problem_of(_FAULT, "5f0c" * 8),
    }
    entering: dict[str, dict[str, Any]] = {
        "AskRequest": {"question": QUESTION, "top_k": 3, "filters": {"source": ["The Daily"], "since": "2022-02"}},
        "ExplainRequest": {"question": QUESTION, "answers": ["3 million euros"]},
        "SearchRequest": {"query": "bridge cost", "mode": "lexical"},
        "SimilarRequest": {"text": "A bridge was opened."},
        "VerifyRequest": {"citations": [dump(citation)]},
        "BatchRequest": {
            "questions": [{"id": "q1", "question": QUESTION}, {"id": "q2", "question": QUESTION, "as_of": "soon"}]
        },
        "DocumentsIn": {"items": [SENT]},
        "ArticleIn": SENT,
        "ArticlesIn": {"items": [SENT]},
    }
    return {**{name: dump(noun) for name, noun in leaving.items()}, **entering}


def _fields(reply: Reply) -> dict[str, Any]:
    return {field.name: getattr(reply, field.name) for field in fields(reply)}


def _article() -> Article:
    blocks = (_block("headline", TITLE), _block("body", BODY))
    return Article(
        id="bridge-1",
        title=TITLE,
        source="The Daily",
        url="https://daily.example/bridge",
        author="R. Eporter",
        published_at="2022-02-06",
        published_raw="2022-02-06",
        language="en",
        text=TEXT,
        sha256=hashlib.sha256(TEXT.encode()).hexdigest(),
        source_sha256=hashlib.sha256(b"as it was sent").hexdigest(),
        blocks=blocks,
        metadata={"section": "local"},
    )


def _block(kind: BlockKind, text: str) -> Block:
    return Block(TEXT.index(text), TEXT.index(text) + len(text), kind)


def _place(text: str) -> Range:
    """Where these words first stand in the body."""
    start = TEXT.index(text, TEXT.index(BODY))
    return range_of(TEXT, start, start + len(text))
