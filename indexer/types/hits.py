"""What is asked of an archive, and the passages and articles that are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from indexer.types.articles import ArticleHead, Range

Mode = Literal["hybrid", "dense", "lexical"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may answer. Repeats mean or, fields mean and; since and until include the whole unit given.

    since, until: "2022", "2022-02", "2022-02-06" or RFC 3339. Articles without a date fail a date filter.
    as_of: the day a question is asked: what was published after it is not there yet (articles without a date are), and
    what was news then counts more (`retriever.recency`).
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
class Excluded:
    """Articles that a filter left out for want of data."""

    unknown_date: int = 0


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
