"""Several rankings made one."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.types import Ranked, ScoreParts

RANK_CONSTANT = 60  # the value of the paper, which found it not critical


def reciprocal_rank_fusion(dense: Sequence[tuple[int, float]], lexical: Sequence[tuple[int, float]]) -> list[Ranked]:
    """Fuse two rankings by the sum of 1 / (60 + rank): Cormack, Clarke & Buettcher 2009, SIGIR, p. 758.

    dense, lexical: (passage, score), best first, each passage at most once; rank counts from 1.
    Ties by passage. The parts of each score are kept; a leg that lacks a passage gives None.
    """
    fused: dict[int, float] = {}
    for ranking in (dense, lexical):
        for rank, (passage, _) in enumerate(ranking, start=1):
            fused[passage] = fused.get(passage, 0.0) + 1.0 / (RANK_CONSTANT + rank)
    by_dense, by_lexical = dict(dense), dict(lexical)
    order = sorted(fused, key=lambda passage: (-fused[passage], passage))
    return [
        Ranked(p, fused[p], ScoreParts(dense=by_dense.get(p), lexical=by_lexical.get(p), fused=fused[p])) for p in order
    ]


def below(dense: Sequence[tuple[int, float]], fused: Sequence[Ranked]) -> list[Ranked]:
    """The rest of the dense ranking, for what comes after the fused passages: each by its own 1 / (60 + rank)."""
    known = {ranked.passage for ranked in fused}
    rest = [(passage, score, rank) for rank, (passage, score) in enumerate(dense, start=1) if passage not in known]
    return [
        Ranked(passage, 1.0 / (RANK_CONSTANT + rank), ScoreParts(dense=score, fused=1.0 / (RANK_CONSTANT + rank)))
        for passage, score, rank in rest
    ]
