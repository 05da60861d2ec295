"""The nouns of Pullquote, without logic; where a noun leaves the program, its fields are its JSON (design §7).

Offsets are Unicode code points of `Article.text`, half-open: [start, end).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Halves = NDArray[np.float16]

BlockKind = Literal["headline", "byline", "dateline", "summary", "body", "caption", "furniture"]
Mode = Literal["hybrid", "dense", "lexical"]
Reason = Literal["no_match", "low_confidence", "empty_archive"]


class Span(NamedTuple):
    """A piece of one text. Invariant: 0 <= start < end <= len(text)."""

    start: int
    end: int


class Block(NamedTuple):
    """A piece of an article with its role. Blocks are in order and do not overlap; white space lies between them."""

    start: int
    end: int
    kind: BlockKind


@dataclass(frozen=True, slots=True)
class Utf16:
    """A Range's offsets in UTF-16 code units, as JavaScript counts."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Range:
    """Where a piece of `article.text` lies: code points, half-open, and the same in UTF-16 code units."""

    start: int
    end: int
    utf16: Utf16


@dataclass(frozen=True, slots=True)
class Page:
    """One source document as read, before `clean`. `text` is the decoded source of a plain text, character for
    character; of any other format it is what was extracted.

    origin: where it came from, the key under which a second run finds it again (`file:///…`, `file:///…#id`).
    source_sha256: of the original bytes (of the file, or of the record's line). published: the date as given.
    marked: pieces of the text whose kind the format tells, in order.
    """

    origin: str
    source_sha256: str
    extractor: str
    text: str
    id: str | None = None
    title: str | None = None
    source: str | None = None
    url: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    marked: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One published text. Invariant: `text` never changes once stored; a new text is a new version.

    sha256: of `text` as UTF-8. published_at: RFC 3339 in UTC, or a bare date; published_raw: as found.
    """

    id: str
    title: str | None
    source: str | None
    url: str | None
    author: str | None
    published_at: str | None
    published_raw: str | None
    language: str | None
    text: str
    sha256: str
    source_sha256: str
    blocks: tuple[Block, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Passage(NamedTuple):
    """[start, end) of consecutive sentences inside one body or summary block: what is embedded, searched and read."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ArticleHead:
    """What a list or a citation shows of an article."""

    id: str
    title: str | None
    source: str | None
    url: str | None
    author: str | None
    published_at: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may answer. Repeats mean or, fields mean and; since and until include the whole unit given.

    since, until: "2022", "2022-02", "2022-02-06" or RFC 3339. Articles without a date fail a date filter.
    as_of: what was published after it is not there yet; articles without a date are.
    """

    source: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """What one request saw: the archive at one sequence number. `layout` names the caches that were searched."""

    sequence: int
    articles: int
    passages: int
    layout: str


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """The parts of a hit's score; null where a part was not asked. No unit: compare within one query only."""

    dense: float | None = None
    lexical: float | None = None
    fused: float | None = None
    rerank: float | None = None


class Ranked(NamedTuple):
    """A passage (its row in the store) in a ranking, best first."""

    passage: int
    score: float
    parts: ScoreParts


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query."""

    text: str
    range: Range
    score: float
    parts: ScoreParts
    article: ArticleHead
    highlights: tuple[Range, ...] = ()


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
class Excluded:
    """Articles that a filter left out for want of data."""

    unknown_date: int = 0


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


class VectorSpace(NamedTuple):
    """Whose vectors, and how wide: what is needed of an embedder where nothing is embedded."""

    fingerprint: str
    width: int


class Embedder(Protocol):
    """Text to unit vectors. fingerprint: all that decides a vector (invariant 8); name: as in models.yaml."""

    name: str
    fingerprint: str
    runtime: str
    width: int

    def fits(self, title: str | None, passage: str) -> bool:
        """Whether title (clipped to 32 tokens) and passage fit the token limit uncut."""
        ...

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        """Embed (title, passage) pairs -> (n, width) float32, unit length, in the order given."""
        ...

    def encode_query(self, question: str) -> Floats:
        """Embed one question, clipped to 64 tokens -> (width,) float32, unit length."""
        ...


Stage = Literal[
    "not_in_archive", "filtered", "not_chunked", "not_retrieved", "fused_out", "not_read", "outscored", "abstained"
]


@dataclass(frozen=True, slots=True)
class Traced:
    """A passage on its way to an answer. Ranks count from 1 and are null where it was not reached.

    copies: articles whose passage only repeats this one. quote, quote_score: the reader's best span in it. expected:
    whether it holds what was expected; null where nothing was said to be.
    """

    text: str
    range: Range
    article: ArticleHead
    dense_rank: int | None
    lexical_rank: int | None
    fused_rank: int | None
    read_rank: int | None
    parts: ScoreParts
    copies: tuple[str, ...]
    quote: str | None
    quote_score: float | None
    expected: bool | None


@dataclass(frozen=True, slots=True)
class Weighed:
    """An answer that was weighed, whether or not it was sure enough. read_rank: of the passage it stands in."""

    answer: str
    score: float
    article: ArticleHead
    read_rank: int
    expected: bool | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a question: the passages that were read and those expected, and the answers that were weighed.

    lost: the stage at which the expected answer went missing; null where it is the answer, or nothing was expected and
    there is an answer. threshold: the least score that counts as an answer.
    """

    question: str
    lost: Stage | None
    detail: str
    threshold: float
    passages: tuple[Traced, ...]
    answers: tuple[Weighed, ...]
    timings_ms: Mapping[str, float]
    view: ViewInfo


@dataclass(frozen=True, slots=True)
class HitList:
    """A page of hits. next: the cursor of the page after it, null at the end."""

    items: tuple[Hit, ...]
    next: str | None
    view: ViewInfo
    excluded: Excluded = Excluded()


@dataclass(frozen=True, slots=True)
class ArticleList:
    """A page of articles. next: the cursor of the page after it, null at the end."""

    items: tuple[ArticleHead, ...]
    next: str | None
    view: ViewInfo


@dataclass(frozen=True, slots=True)
class Cluster:
    """Articles that tell one story in nearly the same words. id: of the first published, which comes first."""

    id: str
    articles: tuple[ArticleHead, ...]


@dataclass(frozen=True, slots=True)
class ClusterList:
    """A page of clusters. next: the cursor of the page after it, null at the end."""

    items: tuple[Cluster, ...]
    next: str | None
    view: ViewInfo


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


Verification = Literal["valid", "moved", "changed", "missing"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A citation checked. range: where the quote stands now (valid, moved), null otherwise."""

    status: Verification
    article_id: str
    range: Range | None
    detail: str


IndexStatus = Literal["added", "updated", "unchanged", "refused", "removed", "reembedded"]


@dataclass(frozen=True, slots=True)
class IndexEvent:
    """One article (or refused file) of an indexing run, told after its commit."""

    status: IndexStatus
    origin: str
    id: str | None
    reason: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """The counts of an indexing run."""

    added: int
    updated: int
    unchanged: int
    refused: int
    removed: int
    view: ViewInfo
    reembedded: int = 0


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model of models.yaml and whether it is ready on this machine."""

    name: str
    task: str
    runtime: str
    licence: str
    max_tokens: int
    ready: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Info:
    """What a service or archive is made of."""

    version: str
    archive: str
    view: ViewInfo
    models: ModelNames
    newest: str | None
    oldest: str | None
    sources: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Compaction:
    """What `compact` did: bytes of the archive's folder before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Check:
    """One check of `doctor`."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """All checks of `doctor`; ok when every one is."""

    ok: bool
    checks: tuple[Check, ...]
    bytes: Mapping[str, int]
