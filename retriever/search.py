"""Searching a view: filter -> dense + lexical -> fuse -> hits (design §1)."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.archive import Located, View
from indexer.offsets import ranges_of
from indexer.types import Article, ArticleHead, Embedder, Filters, Hit, Mode, Ranked, ScoreParts
from retriever.filter import allowed
from retriever.fuse import reciprocal_rank_fusion
from retriever.highlight import highlight

_LEG_DEPTH = 100  # passages each leg ranks before fusion, at least


def search(
    query: str, view: View, embedder: Embedder, k: int, mode: Mode = "hybrid", filters: Filters | None = None
) -> list[Hit]:
    """Return the k best passages for a query, best first; ties by article id, then offset."""
    ranking = rank(query, view, embedder, k, mode, filters or Filters())
    return hits_of(view, ranking, query)


def rank(query: str, view: View, embedder: Embedder, k: int, mode: Mode, filters: Filters) -> list[Ranked]:
    """Rank the passages that pass the filters. dense and hybrid give min(k, n allowed), lexical those with a term."""
    depth = max(k, _LEG_DEPTH)
    dense, lexical = [], []
    if mode != "lexical":
        dense = view.dense.search(embedder.encode_query(query), depth, allowed(view, filters))
    if mode != "dense":
        lexical = view.lexical.search(query, depth, filters)
    if mode == "hybrid":
        ranking = reciprocal_rank_fusion(dense, lexical)
    elif mode == "dense":
        ranking = [Ranked(passage, score, ScoreParts(dense=score)) for passage, score in dense]
    else:
        ranking = [Ranked(passage, score, ScoreParts(lexical=score)) for passage, score in lexical]
    return in_order(view, ranking)[:k]


def in_order(view: View, ranking: Sequence[Ranked]) -> list[Ranked]:
    """Sort by score; ties by article id, then offset, so that the order does not hang on the layout of the caches."""
    located = view.passages([ranked.passage for ranked in ranking])
    ids = view.ids([place.article for place in located])
    keyed = [
        ((-ranked.score, ids[place.article], place.start), ranked)
        for ranked, place in zip(ranking, located, strict=True)
    ]
    return [ranked for _, ranked in sorted(keyed, key=lambda pair: pair[0])]


def hits_of(view: View, ranking: Sequence[Ranked], query: str = "") -> list[Hit]:
    """Show ranked passages, with the words of the query marked."""
    places = view.passages([ranked.passage for ranked in ranking])
    return [_hit(view.article_at(p.article), p, ranked, query) for ranked, p in zip(ranking, places, strict=True)]


def _hit(article: Article, place: Located, ranked: Ranked, query: str) -> Hit:
    text = article.text[place.start : place.end]
    marks = [(place.start + start, place.start + end) for start, end in highlight(query, text)]
    whole, *highlights = ranges_of(article.text, [(place.start, place.end), *marks])
    return Hit(text, whole, ranked.score, ranked.parts, head(article), tuple(highlights))


def head(article: Article) -> ArticleHead:
    """What a list or a citation shows of an article."""
    return ArticleHead(article.id, article.title, article.source, article.url, article.author, article.published_at)
