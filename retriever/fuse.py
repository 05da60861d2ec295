"""Two rankings made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexer.types import Ranked, ScoreParts

# How much the dense leg counts. Fitted on the tune halves of four sets, where it beats either leg alone, and reciprocal
# rank fusion, on every one of them: docs/retrieval.md.
DENSE_SHARE = 0.78
_NO_LESS = 1e-3  # of a divisor: where the best vector points the other way (cosine -1), nothing is near
_BELOW = 0.999  # a passage that is not fused stays below those that are, at equal scores too


def convex(
    dense: Sequence[tuple[int, float]],
    lexical: Sequence[tuple[int, float]],
    cosines: Mapping[int, float],
    bonus: Mapping[int, float] | None = None,
) -> list[Ranked]:
    """Fuse two rankings by share * (1 + cosine) / (1 + best cosine) + (1 - share) * BM25 / best BM25.

    Bruch, Gai & Ingber 2023, ACM TOIS 42(1): each score against the least it can be and the best that was found.
    dense, lexical: (passage, score), best first, each passage at most once. cosines: of the passages that only
    `lexical` has. bonus: what is added to a passage's score. Ties by passage; the parts of each score are kept.
    """
    near, said = {**cosines, **dict(dense)}, dict(lexical)
    nearest = max(1.0 + max(near.values(), default=0.0), _NO_LESS)
    most = max(said.values(), default=1.0)
    fused = {
        passage: DENSE_SHARE * (1.0 + near.get(passage, -1.0)) / nearest
        + (1.0 - DENSE_SHARE) * said.get(passage, 0.0) / most
        + (bonus or {}).get(passage, 0.0)
        for passage in near.keys() | said.keys()
    }
    order = sorted(fused, key=lambda passage: (-fused[passage], passage))
    return [Ranked(p, fused[p], ScoreParts(dense=near.get(p), lexical=said.get(p), fused=fused[p])) for p in order]


def below(dense: Sequence[tuple[int, float]], fused: Sequence[Ranked]) -> list[Ranked]:
    """The rest of the dense ranking, for what comes after the fused passages: scored below the least of them."""
    known = {ranked.passage for ranked in fused}
    rest = [(passage, score) for passage, score in dense if passage not in known]
    if not rest or not fused:
        return []
    top, least = 1.0 + rest[0][1], min(ranked.score for ranked in fused)
    scores = {passage: _BELOW * least * (1.0 + score) / max(top, _NO_LESS) for passage, score in rest}
    return [Ranked(p, scores[p], ScoreParts(dense=score, fused=scores[p])) for p, score in rest]
