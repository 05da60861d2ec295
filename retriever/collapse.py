"""One passage for each thing that is said: copies in other articles of the same story are left out of a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from indexer.articles import Located
from indexer.duplicates import share, shingles
from indexer.stories import story_of
from indexer.types import Ranked
from indexer.views import View

_COPY = 0.5  # of a passage's shingles: passages of two versions are cut at other places, so that parts are shared


class Kept(NamedTuple):
    """A passage of a ranking that is shown, and the passages below it that only repeat it, best first."""

    ranked: Ranked
    place: Located
    copies: tuple[Located, ...]


def collapse(view: View, ranking: Sequence[Ranked], k: int) -> list[Kept]:
    """The first k passages of a ranking, less those half of which stand above in another article of the same story.

    What a later version adds stays. Whether a passage is kept hangs only on what stands above it, so that every
    ranking is the start of a longer one. Passages of one article never leave each other out.
    """
    places = view.passages([ranked.passage for ranked in ranking])
    stories = story_of(view, [place.article for place in places])
    several = _told_by_several(stories, places)
    kept: list[tuple[Ranked, Located, list[Located]]] = []
    said: dict[int, list[_Said]] = {}
    for ranked, place in zip(ranking, places, strict=True):
        story = stories[place.article]
        if story not in several:
            if len(kept) < k:
                kept.append((ranked, place, []))
            continue
        one = _Said(place.article, _words(view, place), len(kept))
        before = [other for other in said.get(story, []) if other.article != one.article]
        both = frozenset().union(*(other.words for other in before))
        if share(one.words, both) >= _COPY:
            nearest = max(before, key=lambda other: share(one.words, other.words))
            kept[nearest.at][2].append(place)
        elif len(kept) < k:
            kept.append((ranked, place, []))
            said.setdefault(story, []).append(one)
    return [Kept(ranked, place, tuple(copies)) for ranked, place, copies in kept]


class _Said(NamedTuple):
    article: int
    words: frozenset[str]
    at: int  # its place among those kept


def _told_by_several(stories: dict[int, int], places: Sequence[Located]) -> set[int]:
    first: dict[int, int] = {}
    return {stories[p.article] for p in places if first.setdefault(stories[p.article], p.article) != p.article}


def _words(view: View, place: Located) -> frozenset[str]:
    return shingles(view.article_at(place.article).text[place.start : place.end])
