"""Passages that look as if they held the answer, and do not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from indexer.types import Floats, Ints

_K1, _B = 0.9, 0.4  # Anserini's defaults, Yang et al. 2017


class Passages:
    """A pool of passages that is searched by BM25: Robertson & Zaragoza 2009, https://doi.org/10.1561/1500000019"""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(dict.fromkeys(texts))
        self._words = CountVectorizer(token_pattern=r"(?u)\b\w+\b", dtype=np.float32)  # noqa: S106  # no password
        self._weights = _bm25(self._words.fit_transform(self.texts)).tocsc()
        self._lowered = [text.lower() for text in self.texts]

    def closest_wrong(self, question: str, answers: Sequence[str], n: int, deepest: int = 20) -> list[str]:
        """The n best passages for a question that hold none of its answers as words, out of the best `deepest`.

        Best first. Fewer than n where the pool has no more.
        """
        query = self._words.transform([question])
        found = np.unique(query.indices)
        scores = np.asarray(self._weights[:, found].sum(axis=1)).ravel()
        ranked = _best(scores, deepest)
        tests = [re.compile(rf"(?<!\w){re.escape(answer.lower())}(?!\w)") for answer in answers]
        fair = (
            i for i in ranked.tolist() if scores[i] > 0 and not any(test.search(self._lowered[i]) for test in tests)
        )
        return [self.texts[i] for i, _ in zip(fair, range(n), strict=False)]


def _best(scores: Floats, n: int) -> Ints:
    """Indices of the n highest scores, highest first, of equal ones the lower index first; without sorting the rest."""
    if n < len(scores):
        least = np.partition(scores, len(scores) - n)[len(scores) - n]
        kept = np.flatnonzero(scores >= least)
    else:
        kept = np.arange(len(scores))
    return kept[np.argsort(-scores[kept], kind="stable")][:n].astype(np.int64)


def _bm25(counts: csr_matrix) -> csr_matrix:
    n_texts = counts.shape[0]
    holders = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity: Floats = np.log1p((n_texts - holders + 0.5) / (holders + 0.5)).astype(np.float32)
    lengths = np.asarray(counts.sum(axis=1), np.float32).ravel()
    damping = _K1 * (1 - _B + _B * lengths / max(1.0, float(lengths.mean())))
    rows = np.repeat(np.arange(n_texts), np.diff(counts.indptr))
    weights = rarity[counts.indices] * counts.data * (_K1 + 1) / (counts.data + damping[rows])
    return csr_matrix((weights, counts.indices, counts.indptr), shape=counts.shape)
