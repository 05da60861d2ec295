"""The endless stream of what is learnt next: sources by their shares, with wrong passages and wrong questions."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from indexer.types import Ints, Span
from reader.train.manifest import Choice, Source
from reader.train.negatives import Passages
from reader.train.squad import Example
from reader.train.stitch import Neighbours
from reader.train.wording import unanswerable

_SHORT = re.compile(r"\b(who|whom|whose|when|how (many|much|long|old|often))\b", re.I)
_STITCHED_WORDS = 90
_RIVALS = (1, 1, 2, 4)  # wrong passages beside the right one, each number as often


class Text(NamedTuple):
    """A passage and where in it the answers to a question are; none: it does not answer it."""

    context: str
    answers: tuple[Span, ...]


class Task(NamedTuple):
    """A question with all the passages that compete for it; `weight` is the factor of its loss."""

    question: str
    texts: tuple[Text, ...]
    weight: float


class Mixture:
    """The tasks of a run, 0 to n_tasks - 1. Each is a function of its number and the seed: any process can make any.

    Sources are drawn by their shares, which move from those of the start to those of the end; the questions of one come
    in random order, none twice before all were seen.
    """

    def __init__(
        self, sources: Sequence[tuple[Source, Sequence[Example]]], pool: Passages, seed: int, n_tasks: int
    ) -> None:
        self._sources = [(source, examples) for source, examples in sources if examples]
        self._seed, self._pool = seed, pool
        self._source, self._turn = _plan([source.share for source, _ in self._sources], seed, n_tasks)
        self._orders: dict[tuple[int, int], Ints] = {}
        self._neighbours = Neighbours(e for source, found in sources if source.sentences for e in found)
        self._articles: dict[str, list[str]] = {}
        for _, examples in sources:
            for example in examples:
                self._articles.setdefault(example.article, []).append(example.context)

    def __len__(self) -> int:
        return len(self._source)

    def task(self, number: int) -> Task:
        """One task. number: in 0..n_tasks."""
        which = int(self._source[number])
        source, examples = self._sources[which]
        turn, place = divmod(int(self._turn[number]), len(examples))
        if (which, turn) not in self._orders:
            shuffled = np.random.default_rng([self._seed, which, turn]).permutation(len(examples))
            self._orders[which, turn] = shuffled.astype(np.int64)
        example = examples[self._orders[which, turn][place]]
        return self._task(source, example, random.Random(f"{self._seed}/{number}"))

    def _task(self, source: Source, example: Example, rng: random.Random) -> Task:
        chosen = example._replace(answers=choose(example, source.answers))
        if source.sentences and rng.random() < 0.5:
            chosen = self._neighbours.around(chosen, _STITCHED_WORDS, rng)
        own = Text(chosen.context, chosen.answers)
        luck = rng.random()
        if not example.answers or luck >= source.unanswerable + source.contested:
            return Task(chosen.question, (own,), source.weight)
        if luck < source.contested:
            wrong = self._wrong(example, rng.choice(_RIVALS), rng)
            return Task(chosen.question, (own, *(Text(text, ()) for text in wrong)), source.weight)
        if rng.random() < 0.6:
            changed = self._reworded(chosen, rng)
            if changed is not None:
                return Task(changed, (Text(chosen.context, ()),), source.weight)
        wrong = self._wrong(example, 1, rng)
        return Task(chosen.question, tuple(Text(text, ()) for text in wrong) or (own,), source.weight)

    def _wrong(self, example: Example, n: int, rng: random.Random) -> list[str]:
        """So many passages without the answer: some of the closest of all, or one of the same article."""
        answers = [example.context[slice(*span)] for span in example.answers]
        own = self._of_the_same_article(example, answers, rng) if rng.random() < 0.4 else []
        if len(own) == n:
            return own
        found = self._pool.closest_wrong(example.question, answers, n=n + 2)
        return own + rng.sample(found, min(n - len(own), len(found)))

    def _of_the_same_article(self, example: Example, answers: list[str], rng: random.Random) -> list[str]:
        """One text of the article without any of the answers, if a few tries find one."""
        texts = self._articles[example.article]
        tries = (texts[rng.randrange(len(texts))] for _ in range(4))
        return next(([text] for text in tries if not any(a.lower() in text.lower() for a in answers)), [])

    def _reworded(self, example: Example, rng: random.Random) -> str | None:
        answers = [example.context[slice(*span)] for span in example.answers]
        elsewhere = rng.choice(self._articles[example.article])
        return unanswerable(example.question, example.context, elsewhere, answers, rng)


def choose(example: Example, choice: Choice) -> tuple[Span, ...]:
    """Which of several answers to learn: a person, time or number is asked for shortly, all else in whole phrases."""
    if choice == "all" or len(example.answers) < 2:
        return example.answers
    if choice == "first":
        return example.answers[:1]
    best = min if _SHORT.search(example.question) else max
    return (best(example.answers, key=lambda span: span.end - span.start),)


def _plan(shares: Sequence[tuple[float, float]], seed: int, n_tasks: int) -> tuple[Ints, Ints]:
    """For each task its source, and how many tasks of that source came before: both (n_tasks,) int64."""
    start, end = np.array(shares, np.float64).reshape(-1, 2).T
    done = np.linspace(0, 1, n_tasks)[:, None]
    reach = np.cumsum((1 - done) * start + done * end, axis=1)  # (n_tasks, n_sources)
    luck = np.random.default_rng(seed).random(n_tasks)[:, None] * reach[:, -1:]
    source = (luck >= reach).sum(axis=1).astype(np.int64)
    before = np.zeros(n_tasks, np.int64)
    for number in range(len(shares)):
        mine = np.flatnonzero(source == number)
        before[mine] = np.arange(len(mine))
    return source, before
