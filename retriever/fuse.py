"""Two rankings made one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from indexer.types import Ranked, ScoreParts

# How much the dense leg counts, at least and at most. Chosen on the tune halves of five sets, where the fusion beats
# either leg alone, reciprocal rank fusion, and one share for all questions: docs/retrieval.md.
_LEAST_SHARE, _MOST_SHARE = 0.72, 0.95
_NEXT = 9  # passages that the nearest one is compared with
_NO_LESS = 1e-3  # of a divisor: where the best vector points the other way (cosine -1), nothing is near
_BELOW = 0.999  # a passage that is not fused stays below those that are, at equal scores too


def convex(
    dense: Sequence[tuple[int, float]],
    lexical: Sequence[tuple[int, float]],
    cosines: Mapping[int, float],
    bonus: Mapping[int, float] | None = None,
) -> list[Ranked]:
    """Fuse two rankings by share * (1 + cosine) / (1 + best cosine) + (1 - share) * (BM25 / best BM25) ** 2.

    Bruch, Gai & Ingber 2023, ACM TOIS 42(1): each score against the least it can be and the best that was found. The
    square sets passages with all the words apart from those with some; the share is `dense_share`.
    dense, lexical: (passage, score), best first, each passage at most once. cosines: of the passages that only
    `lexical` has. bonus: what is added to a passage's score. Ties by passage; the parts of each score are kept.
    """
    near, said = {**cosines, **dict(dense)}, dict(lexical)
    nearest = max(1.0 + max(near.values(), default=0.0), _NO_LESS)
    most, share = max(said.values(), default=1.0), dense_share(near.values())
    fused = {
        passage: share * (1.0 + near.get(passage, -1.0)) / nearest
        + (1.0 - share) * (said.get(passage, 0.0) / most) ** 2
        + (bonus or {}).get(passage, 0.0)
        for passage in near.keys() | said.keys()
    }
    order = sorted(fused, key=lambda passage: (-fused[passage], passage))
    return [Ranked(p, fused[p], ScoreParts(dense=near.get(p), lexical=said.get(p), fused=fused[p])) for p in order]


def dense_share(cosines: Iterable[float]) -> float:
    """How much the dense leg counts for one question: the more, the further the nearest passage is from the next nine.

    0.72 + the best cosine less the mean of the nine that follow, at most 0.95.
    """
    best, *following = sorted(cosines, reverse=True)[: 1 + _NEXT] or [0.0]
    lead = best - fmean(following) if following else 0.0
    return min(_LEAST_SHARE + lead, _MOST_SHARE)


def below(dense: Sequence[tuple[int, float]], fused: Sequence[Ranked]) -> list[Ranked]:
    """The rest of the dense ranking, for what comes after the fused passages: scored below the least of them."""
    known = {ranked.passage for ranked in fused}
    rest = [(passage, score) for passage, score in dense if passage not in known]
    if not rest or not fused:
        return []
    top, least = 1.0 + rest[0][1], min(ranked.score for ranked in fused)
    scores = {passage: _BELOW * least * (1.0 + score) / max(top, _NO_LESS) for passage, score in rest}
    return [Ranked(p, scores[p], ScoreParts(dense=score, fused=scores[p])) for p, score in rest]
