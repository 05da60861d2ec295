"""Searching a view: filter -> dense + lexical -> fuse -> collapse -> hits (design §1)."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import NamedTuple

from indexer.articles import Located
from indexer.offsets import ranges_of
from indexer.shares import share
from indexer.types import Article, ArticleHead, Embedder, Filters, Hit, HitList, Mode, Ranked, ScoreParts
from indexer.views import View
from retriever.collapse import Kept, collapse
from retriever.filter import unknown_dates
from retriever.fuse import below, convex
from retriever.highlight import highlight
from retriever.recency import ASKED, HALVED, PRESENT, bonus
from retriever.requests import next_cursor

LEG_DEPTH = 100  # passages of each leg that are fused
_TIED = 28  # more than are wanted, so that most ties end among them: looking once more takes as long again


def search(
    query: str,
    view: View,
    embedder: Embedder,
    k: int,
    mode: Mode = "hybrid",
    filters: Filters | None = None,
    copies: bool = False,
) -> list[Hit]:
    """Return the k best passages for a query, best first; ties by article id, then offset.

    copies: also those that only repeat, in another article of the same story, what stands above them.
    """
    if copies:
        return hits_of(view, rank(query, view, embedder, k, mode, filters or Filters())[:k], query)
    found = find(query, view, embedder, k, mode, filters or Filters(), copies=False)
    return hits_of(view, [kept.ranked for kept in found], query)


def hit_list(
    query: str, view: View, embedder: Embedder, top_k: int, skip: int, mode: Mode, filters: Filters, copies: bool
) -> HitList:
    """A page of what `search` finds: `top_k` hits after the first `skip`."""
    hits = search(query, view, embedder, skip + top_k + 1, mode, filters, copies)[skip:]
    following = next_cursor(skip, top_k, len(hits))
    return HitList(tuple(hits[:top_k]), following, view.info, unknown_dates(view, filters))


def find(
    query: str, view: View, embedder: Embedder, k: int, mode: Mode, filters: Filters, copies: bool = True
) -> list[Kept]:
    """Return the k best passages that say something new, each with its copies; looks deeper until there are k.

    copies: all that were found; else those that stand among the first, which takes less time.
    """
    depth = k
    while True:
        ranking = rank(query, view, embedder, depth, mode, filters)
        kept = [] if copies else collapse(view, ranking[: 2 * k], k)
        if len(kept) < k:
            kept = collapse(view, ranking, k)
        if len(kept) >= k or len(ranking) < depth:
            return kept
        depth = 2 * max(depth, len(ranking))


class Legs(NamedTuple):
    """The two rankings of passages (row, score), best first; a leg that was not asked is empty.

    cosines: of the passages that only the lexical leg has. bonus: what the time of the question adds, by row.
    """

    dense: list[tuple[int, float]]
    lexical: list[tuple[int, float]]
    cosines: dict[int, float]
    bonus: dict[int, float]


def rank(query: str, view: View, embedder: Embedder, k: int, mode: Mode, filters: Filters) -> list[Ranked]:
    """Rank the passages that pass the filters, all that were found: at least k, if there are so many.

    dense and hybrid find every passage that is allowed, if k is large enough, lexical those with a term. Hybrid fuses
    the same 100 of each leg whatever k is, and lists the dense ones below them after, so that pages of one ranking
    follow each other.
    """
    return in_order(view, fused(legs(query, view, embedder, k, mode, filters), mode))


def legs(query: str, view: View, embedder: Embedder, k: int, mode: Mode, filters: Filters) -> Legs:
    """Search by meaning, by words, or both, at least k deep; the lexical leg of hybrid, 100."""
    deep = max(k, LEG_DEPTH)
    dense: list[tuple[int, float]] = []
    cosines: dict[int, float] = {}
    by_words = _beside(lambda: _by_words(query, view, deep, mode, filters)) if mode == "hybrid" else None
    if mode != "lexical":
        with share("embedder"):
            vector = embedder.encode_query(query)
        with share("dense"):
            dense = _whole_ties(lambda n: view.dense.search(vector, n, filters), deep)
    lexical = by_words.result() if by_words else _by_words(query, view, deep, mode, filters)
    if mode != "lexical":
        missing = {row for row, _ in lexical[:LEG_DEPTH]} - {row for row, _ in dense[:LEG_DEPTH]}
        if missing:
            with share("dense"):
                cosines = view.dense.cosines(vector, missing)
    rows = [row for leg in (dense, lexical) for row, _ in leg[:LEG_DEPTH]] if mode == "hybrid" else []
    return Legs(dense, lexical, cosines, bonus(view, query, filters, rows))


def _by_words(query: str, view: View, deep: int, mode: Mode, filters: Filters) -> list[tuple[int, float]]:
    if mode == "dense":
        return []
    depth = LEG_DEPTH if mode == "hybrid" else deep
    with share("lexical"):
        return _whole_ties(lambda n: view.lexical.search(query, n, filters), depth)


def _beside(work: Callable[[], list[tuple[int, float]]]) -> Future[list[tuple[int, float]]]:
    """Do some work in another thread. The engines let go of the interpreter while they search."""
    return _threads().submit(copy_context().run, work)


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads for the lexical legs of several questions at once: made at the first one."""
    return ThreadPoolExecutor(max(4, os.cpu_count() or 1), "pullquote-lexical")


def fused(found: Legs, mode: Mode) -> list[Ranked]:
    """One ranking of what the legs found."""
    if mode == "hybrid":
        ranking = convex(found.dense[:LEG_DEPTH], found.lexical[:LEG_DEPTH], found.cosines, found.bonus)
        return ranking + below(found.dense, ranking)
    if mode == "dense":
        return [Ranked(passage, score, ScoreParts(dense=score)) for passage, score in found.dense]
    return [Ranked(passage, score, ScoreParts(lexical=score)) for passage, score in found.lexical]


@cache
def fusion() -> str:
    """What tells one way of fusing from another: a digest of what it makes of two rankings that were made up, and of
    how much newer articles count.
    """
    dense = [(row, 0.8 - row / 400) for row in range(3 * LEG_DEPTH // 2)]
    lexical = [(row, 30.0 - row / 20) for row in range(1, 4 * LEG_DEPTH, 3)]
    cosines = {row: 0.3 - row / 2000 for row, _ in lexical if row >= len(dense)}
    ranking = fused(Legs(dense, lexical, cosines, {4: 0.1, 7: 0.05}), "hybrid")
    alone = fused(Legs([(0, 0.9), *((row, 0.2) for row in range(1, 20))], lexical, {}, {}), "hybrid")  # far in the lead
    told = [(one.passage, round(one.score, 6)) for one in ranking + alone], (PRESENT, ASKED, HALVED)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def _whole_ties(find: Callable[[int], list[tuple[int, float]]], k: int) -> list[tuple[int, float]]:
    """More than k, and all that score as the kth: a cut inside a tie would hang on the layout of the caches."""
    depth = k + _TIED
    while len(found := find(depth)) == depth and found[k - 1][1] == found[-1][1]:
        depth *= 2
    end = next((place for place in range(k, len(found)) if found[place][1] != found[k - 1][1]), len(found))
    return found[: max(end, k + 1)]


def in_order(view: View, ranking: Sequence[Ranked]) -> list[Ranked]:
    """Sort by score; ties by article id, then offset, so that the order does not hang on the layout of the caches."""
    times = Counter(ranked.score for ranked in ranking)
    tied = [ranked.passage for ranked in ranking if times[ranked.score] > 1]  # the others need not be looked up
    places = dict(zip(tied, view.passages(tied), strict=True))
    ids = view.ids([place.article for place in places.values()])
    after = {passage: (ids[place.article], place.start) for passage, place in places.items()}
    return sorted(ranking, key=lambda ranked: (-ranked.score, after.get(ranked.passage, ("", 0))))


def hits_of(view: View, ranking: Sequence[Ranked], query: str = "") -> list[Hit]:
    """Show ranked passages, with the words of the query marked."""
    places = view.passages([ranked.passage for ranked in ranking])
    articles = view.articles_at([place.article for place in places])
    return [_hit(articles[p.article], p, ranked, query) for ranked, p in zip(ranking, places, strict=True)]


def _hit(article: Article, place: Located, ranked: Ranked, query: str) -> Hit:
    text = article.text[place.start : place.end]
    marks = [(place.start + start, place.start + end) for start, end in highlight(query, text)]
    whole, *highlights = ranges_of(article.text, [(place.start, place.end), *marks])
    return Hit(text, whole, ranked.score, ranked.parts, head(article), tuple(highlights))


def head(article: Article) -> ArticleHead:
    """What a list or a citation shows of an article."""
    return ArticleHead(article.id, article.title, article.source, article.url, article.author, article.published_at)
