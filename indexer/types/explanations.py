"""How a question came to its answers, or did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from indexer.types.articles import ArticleHead, Range
from indexer.types.hits import ScoreParts, ViewInfo

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
