"""From start and end logits to the best spans of tokens that do not overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from indexer.types import Bools, Floats, Ints


class Price(NamedTuple):
    """What a span costs where one text is read, in logits; why: docs/reader.md, decoding.

    token: each token after the first. late: times log(1 + characters before it / 200): news tells first what matters.
    """

    token: float
    late: float

    def of_start(self, offsets: Ints) -> Floats:
        """What it costs to begin at each of these characters, (n,) float32."""
        return (self.late * np.log1p(offsets / 200)).astype(np.float32)


# Out of an archive neither ranks answers better.
FREE, OF_TEXT = Price(0.0, 0.0), Price(0.05, 0.8)
_MOST_EMPTY = 200  # spans that name nothing which are looked at


class TokenSpan(NamedTuple):
    """Tokens first..last, `last` inclusive."""

    first: int
    last: int
    score: float


def best_spans(
    start: Floats,
    end: Floats,
    first: Bools,
    last: Bools,
    max_tokens: int,
    n: int,
    parts: Ints | None = None,
    is_empty: Callable[[int, int], bool] = lambda first, last: False,
    *,
    token_cost: float = 0.0,
) -> list[TokenSpan]:
    """Decode the n best spans by start[i] + end[j], i <= j: Devlin et al. 2019, 4.2, https://arxiv.org/abs/1810.04805,
    less `token_cost` for each token after the first.

    start, end: (n_tokens,) float32 logits, no unit. first, last: (n_tokens,) bool, True where a span may begin, end.
    max_tokens: longest span, in tokens. parts: (n_tokens,) numbers, the same ones within a part that no span may leave.
    is_empty: whether tokens first..last name nothing; such a span keeps none that does from its tokens. After 200 of
    them it is asked no more, so that a text of nothing else is decoded as soon as others. token_cost: in logits.
    Returns at most n, best first, no two of which share a token, but for that; of equal scores the one that begins
    first, then the shorter one.
    Raises ValueError: the shapes differ, or a logit is not finite.
    """
    if not (start.shape == end.shape == first.shape == last.shape and np.isfinite((start, end)).all()):
        raise ValueError(
            f"want finite logits of one shape, got {start.shape}, {end.shape}, {first.shape}, {last.shape}"
        )
    width = min(max_tokens, len(start))
    reach = np.arange(len(start))[:, None] + np.arange(width)  # (n_tokens, width): the last token of each span
    padded = np.append(np.where(last, end, -np.inf), np.full(width, -np.inf))
    scores = np.where(first, start, -np.inf)[:, None] + padded[reach] - token_cost * np.arange(width)
    if parts is not None:
        scores[np.append(parts, np.full(width, parts[-1:]))[reach] != parts[:, None]] = -np.inf
    spans, empty, n_empty = list[TokenSpan](), list[tuple[int, int]](), 0
    while scores.size and len(spans) < n:
        i, k = divmod(int(scores.argmax()), width)
        j, score = i + k, float(scores[i, k])
        if score == -np.inf:
            break
        if n_empty < _MOST_EMPTY and is_empty(i, j):
            n_empty += 1
            scores[i, k] = -np.inf
            if all(j < head or tail < i for head, tail in empty):
                empty.append((i, j))
                spans.append(TokenSpan(i, j, score))
            continue
        spans.append(TokenSpan(i, j, score))
        near = slice(max(0, i - width + 1), j + 1)
        scores[near][reach[near] >= i] = -np.inf  # all that begin at or before j and end at or after i
    return spans
