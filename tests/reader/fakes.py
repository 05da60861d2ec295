"""A span model without weights: its logits come from a table of words, or at random from a seed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from indexer.models.spans import Window

Scores = Callable[[str], tuple[float, float]]  # a token -> its start and end logit


class FakeSpanModel:
    """Tokens are pieces of at most four letters, or one mark; a window holds `width` of them, half of it repeated.

    no_answer: the start logit of [CLS], whose end logit is 0. The tokens that are no passage would win, were they one.
    """

    name, fingerprint, runtime = "fake", "fake:1", "fake"

    def __init__(self, scores: Scores, no_answer: float = 0.0, threshold: float = 0.0, width: int = 60) -> None:
        self._scores, self._no_answer, self.threshold, self._width = scores, no_answer, threshold, width

    def logits(self, question: str, passages: Sequence[str]) -> list[Window]:
        return [window for index, passage in enumerate(passages) for window in self._windows(index, passage)]

    def _windows(self, index: int, passage: str) -> list[Window]:
        tokens = [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", passage)]
        starts = range(0, max(1, len(tokens) - self._width // 2), max(1, self._width // 2))
        return [self._window(index, passage, tokens[start : start + self._width]) for start in starts if tokens]

    def _window(self, index: int, passage: str, tokens: list[tuple[int, int]]) -> Window:
        pairs = [(self._no_answer, 0.0), (50.0, 50.0), *(self._scores(passage[s:e]) for s, e in tokens), (50.0, 50.0)]
        start, end = (np.array(column, np.float32) for column in zip(*pairs, strict=True))
        return Window(index, start, end, [None, None, *tokens, None])


def by_word(**scores: tuple[float, float]) -> Scores:
    """Logits from a table; a token that is not in it gets (-10, -10)."""
    return lambda token: scores.get(token, (-10.0, -10.0))


def at_random(seed: int) -> Scores:
    """Standard normal logits, the same for the same seed and order of calls."""
    random = np.random.default_rng(seed)
    return lambda token: (float(random.normal()), float(random.normal()))
