"""From a question and a passage to what the network sees: tokens in windows, and where the answers are in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from indexer.models.spans import slide
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Bools, Ints, Span
from reader.train.mixture import Task


class Window(NamedTuple):
    """One input of the network, all arrays (n_tokens,).

    ids, types: int64. allowed: bool, True on passage tokens. starts, ends: bool, True where an answer begins, ends.
    """

    ids: Ints
    types: Ints
    allowed: Bools
    starts: Bools
    ends: Bools


class Group(NamedTuple):
    """The windows of one task, and the factor of its loss."""

    windows: tuple[Window, ...]
    weight: float


class Cutter:
    """Cuts tasks as they are cut when serving (`slide`), but keeps few windows of a long text, to save time."""

    def __init__(
        self, tokenizer: Tokenizer, max_tokens: int = 256, stride: int = 128, question_tokens: int = 64
    ) -> None:
        self._tokenizer = tokenizer
        self._max_tokens, self._stride, self._question_tokens = max_tokens, stride, question_tokens

    def cut(self, task: Task, rng: random.Random) -> Group:
        """One window of each text: one that holds an answer where there is one, and another one of a long text."""
        asked = self._tokenizer.clip(task.question, self._question_tokens)
        kept: list[Window] = []
        for text in task.texts:
            found = self.windows(asked, text.context, text.answers)
            right = [window for window in found if window.starts.any()]
            kept.append(rng.choice(right or found))
            others = [window for window in found if not window.starts.any()]
            if right and others and len(task.texts) == 1:
                kept.append(rng.choice(others))
        return Group(tuple(kept), task.weight)

    def windows(self, question: str, context: str, answers: Sequence[Span]) -> list[Window]:
        """All windows of one text. An answer counts in a window that holds all of it."""
        tokens = self._tokenizer.encode(question, context)
        return [_window(cut, answers) for cut in slide(tokens, self._max_tokens, self._stride)]


def _window(tokens: Tokens, answers: Sequence[Span]) -> Window:
    allowed = tokens.part == 1
    starts, ends = np.zeros(len(allowed), bool), np.zeros(len(allowed), bool)
    for answer in answers:
        touched = np.flatnonzero(allowed & (tokens.offsets[:, 1] > answer.start) & (tokens.offsets[:, 0] < answer.end))
        if not len(touched):
            continue
        first, last = touched[0], touched[-1]
        if tokens.offsets[first, 0] <= answer.start and tokens.offsets[last, 1] >= answer.end:
            starts[first] = ends[last] = True
    return Window(tokens.ids, tokens.types, allowed, starts, ends)
