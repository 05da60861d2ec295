"""Articles like a given one: their passages lie near the mean of its passages."""

from __future__ import annotations

import numpy as np

from indexer.errors import InvalidInput
from indexer.shares import share
from indexer.stories import story_of
from indexer.types import Filters, Floats, Hit, Ranked, ScoreParts
from indexer.views import View
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
