"""Articles like a given one: their passages lie near the mean of its passages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from indexer.chunk import chunk
from indexer.clean import clean
from indexer.errors import InvalidInput, SourceUnreadable
from indexer.shares import share
from indexer.stories import story_of
from indexer.types import Article, Block, Embedder, Filters, Floats, Hit, HitList, Page, Ranked, ScoreParts
from indexer.views import View
from retriever.filter import unknown_dates
from retriever.requests import MAX_TEXT, check_text
from retriever.search import hits_of, in_order


def similar(view: View, vectors: Floats, k: int, filters: Filters, but: int | None = None) -> list[Hit]:
    """Return the nearest passage of each of the k most similar articles, one of each story, best first.

    vectors: (n_passages, width) float32 of the article asked about. but: the row of an article to leave out.
    Raises InvalidInput: there is nothing to compare.
    """
    if not len(vectors):
        raise InvalidInput("article", "it has no text to compare: give one with a body")
    centre = vectors.mean(axis=0, dtype=np.float32)
    query = (centre / max(float(np.linalg.norm(centre)), 1e-12)).astype(np.float32)
    return hits_of(view, _best_of_each(view, query, k, filters, but))


def similar_list(view: View, article_id: str | None, vectors: Floats | None, k: int, filters: Filters) -> HitList:
    """What is like the article of that id, which is left out itself, or else like the text of these vectors.

    Raises ArticleNotFound, InvalidInput.
    """
    row = None if article_id is None else view.row_of(article_id)
    compared = vectors if row is None else view.vectors(row)
    assert compared is not None
    hits = similar(view, compared, k, filters, but=row)
    return HitList(tuple(hits), None, view.info, unknown_dates(view, filters))


def vectors_of(text: str, embedder: Embedder) -> Floats:
    """(n_passages, width) float32 of a text to compare with. Raises InvalidInput: it is empty, too long or no text."""
    check_text("text", text, MAX_TEXT)
    if "\0" in text:
        raise InvalidInput("text", "it holds NUL characters: remove them")
    article = _compared(text)
    passages = chunk(article, lambda passage: embedder.fits(article.title, passage))
    return embedder.encode([(article.title, text[p.start : p.end]) for p in passages])


def _compared(text: str) -> Article:
    """A text to compare with, its furniture marked; where it is nothing else (an address, say), all of it counts."""
    page = Page(origin="text:", source_sha256="", extractor="", text=text)
    try:
        return clean(page)
    except SourceUnreadable:
        return clean(replace(page, marked=(Block(0, len(text), "body"),)))


def _best_of_each(view: View, query: Floats, k: int, filters: Filters, but: int | None) -> list[Ranked]:
    """Look deeper until k stories are found or no passage is left (invariant 7: collapsing refills)."""
    depth = 4 * k
    while True:
        with share("dense"):
            found = view.dense.search(query, depth, filters)
        ranking = in_order(view, [Ranked(passage, score, ScoreParts(dense=score)) for passage, score in found])
        places = view.passages([ranked.passage for ranked in ranking])
        stories = story_of(view, [place.article for place in places])
        best: dict[int, Ranked] = {}
        for ranked, place in zip(ranking, places, strict=True):
            if place.article != but:
                best.setdefault(stories[place.article], ranked)
        if len(best) >= k or len(found) < depth:
            return list(best.values())[:k]
        depth *= 4
