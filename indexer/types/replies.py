"""Quotations, the replies they are given in, and checks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from indexer.types.articles import ArticleHead, Range
from indexer.types.hits import Excluded, Hit, ViewInfo

Reason = Literal["no_match", "low_confidence", "empty_archive"]
Verification = Literal["valid", "moved", "changed", "missing"]


@dataclass(frozen=True, slots=True)
class TextQuoteSelector:
    """W3C Web Annotation, 4.2.4: the quote with the text around it."""

    exact: str
    prefix: str
    suffix: str
    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"


@dataclass(frozen=True, slots=True)
class TextPositionSelector:
    """W3C Web Annotation, 4.2.5: code points of `article.text`, half-open."""

    start: int
    end: int
    type: Literal["TextPositionSelector"] = "TextPositionSelector"


@dataclass(frozen=True, slots=True)
class Citation:
    """Enough to check a quote without us. Made by `reader.cite` alone.

    sha256: of the article's text as UTF-8. link: the URL with a text fragment, null without a URL.
    """

    article_id: str
    sha256: str
    source_sha256: str
    link: str | None
    range: Range
    selectors: tuple[TextQuoteSelector | TextPositionSelector, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The sentence or sentences around an answer."""

    text: str
    range: Range


@dataclass(frozen=True, slots=True)
class SupportingQuote:
    """The same answer, quoted from another place."""

    answer: str
    article: ArticleHead
    citation: Citation


@dataclass(frozen=True, slots=True)
class Support:
    """Who else says so. independent: copies of one text count once."""

    articles: int
    independent: int
    others: tuple[SupportingQuote, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A quotation. Invariant: article.text[range.start:range.end] == answer."""

    answer: str
    score: float
    confidence: float | None
    range: Range
    context: Context
    article: ArticleHead
    citation: Citation
    support: Support


@dataclass(frozen=True, slots=True)
class ModelNames:
    """Which models made a reply."""

    embedder: str
    reader: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one question: quotations, or none and a reason; `passages` is what was found, best first."""

    question: str
    answered: bool
    reason: Reason | None
    answers: tuple[Answer, ...]
    passages: tuple[Hit, ...]
    excluded: Excluded
    timings_ms: Mapping[str, float]
    view: ViewInfo
    models: ModelNames


@dataclass(frozen=True, slots=True)
class Best:
    """The reader's best span, whether or not it is sure enough to be an answer."""

    answer: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader alone finds in one context; answer, start and end are null when it abstains."""

    answer: str | None
    start: int | None
    end: int | None
    score: float
    confidence: float | None
    best: Best | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A citation checked. range: where the quote stands now (valid, moved), null otherwise."""

    status: Verification
    article_id: str
    range: Range | None
    detail: str
