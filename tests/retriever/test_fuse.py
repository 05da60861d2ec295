from __future__ import annotations

import pytest

from indexer.types import ScoreParts
from retriever.fuse import reciprocal_rank_fusion


def test_fusion_by_hand() -> None:
    fused = reciprocal_rank_fusion(dense=[(1, 0.9), (2, 0.8)], lexical=[(2, 7.0), (3, 5.0)])
    assert [ranked.passage for ranked in fused] == [2, 1, 3]  # 1/62 + 1/61 > 1/61 > 1/62
    assert [ranked.score for ranked in fused] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62])
    assert fused[0].parts == ScoreParts(dense=0.8, lexical=7.0, fused=fused[0].score)
    assert fused[2].parts == ScoreParts(dense=None, lexical=5.0, fused=fused[2].score)


def test_equal_scores_come_in_order_of_passage() -> None:
    fused = reciprocal_rank_fusion(dense=[(9, 0.5)], lexical=[(4, 1.0)])
    assert [ranked.passage for ranked in fused] == [4, 9]


def test_nothing_found_is_nothing_fused() -> None:
    assert reciprocal_rank_fusion([], []) == []
