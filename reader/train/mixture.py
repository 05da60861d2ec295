"""The endless stream of what is learnt next: sources by their shares, with wrong passages and wrong questions."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from indexer.types import Span
from reader.train.manifest import Choice, Source
from reader.train.negatives import Passages
from reader.train.squad import Example
from reader.train.stitch import Neighbours
from reader.train.wording import unanswerable

_SHORT = re.compile(r"\b(who|whom|whose|when|how (many|much|long|old|often))\b", re.I)
_STITCHED_WORDS = 90


class Text(NamedTuple):
    """A passage and where in it the answers to a question are; none: it does not answer it."""

    context: str
    answers: tuple[Span, ...]


class Task(NamedTuple):
    """A question with all the passages that compete for it; `weight` is the factor of its loss."""

    question: str
    texts: tuple[Text, ...]
    weight: float


@dataclass
class _Deck:
    """The questions of one source in random order, dealt without repeats until all were seen."""

    source: Source
    examples: Sequence[Example]
    seed: int
    position: int = 0

    def __post_init__(self) -> None:
        self._round, self._order = -1, list(range(len(self.examples)))

    def deal(self) -> Example:
        turn, index = divmod(self.position, len(self.examples))
        if turn != self._round:  # the order is a function of seed and round: the position is all the state there is
            self._round, self._order = turn, list(range(len(self.examples)))
            random.Random(f"{self.seed}/{self.source.name}/{turn}").shuffle(self._order)
        self.position += 1
        return self.examples[self._order[index]]


class Mixture:
    """Draws tasks. Two mixtures of one seed and state draw the same ones."""

    def __init__(self, sources: Sequence[tuple[Source, Sequence[Example]]], pool: Passages, seed: int) -> None:
        self._decks = [_Deck(source, examples, seed) for source, examples in sources if examples]
        self._rng = random.Random(seed)
        self._pool = pool
        self._neighbours = Neighbours(e for source, found in sources if source.sentences for e in found)
        self._articles: dict[str, list[str]] = {}
        for _, examples in sources:
            for example in examples:
                self._articles.setdefault(example.article, []).append(example.context)

    def draw(self, progress: float) -> Task:
        """The next task. progress: 0 at the start of the run, 1 at its end."""
        shares = [(1 - progress) * deck.source.share[0] + progress * deck.source.share[1] for deck in self._decks]
        deck = self._rng.choices(self._decks, shares)[0]
        return self._task(deck.source, deck.deal())

    def state(self) -> dict[str, Any]:
        """All that the next draws depend on, as JSON."""
        version, internal, gauss = self._rng.getstate()
        return {"rng": [version, list(internal), gauss], "decks": {d.source.name: d.position for d in self._decks}}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        version, internal, gauss = state["rng"]
        self._rng.setstate((version, tuple(internal), gauss))
        for deck in self._decks:
            deck.position = state["decks"][deck.source.name]

    def _task(self, source: Source, example: Example) -> Task:
        chosen = example._replace(answers=choose(example, source.answers))
        if source.sentences and self._rng.random() < 0.5:
            chosen = self._neighbours.around(chosen, _STITCHED_WORDS, self._rng)
        own = Text(chosen.context, chosen.answers)
        luck = self._rng.random()
        if not example.answers or luck >= source.unanswerable + source.contested:
            return Task(chosen.question, (own,), source.weight)
        if luck < source.contested:
            wrong = self._wrong(example)
            return Task(chosen.question, (own, *(Text(text, ()) for text in wrong)), source.weight)
        if self._rng.random() < 0.6:
            changed = self._reworded(chosen)
            if changed is not None:
                return Task(changed, (Text(chosen.context, ()),), source.weight)
        wrong = self._wrong(example)
        return Task(chosen.question, tuple(Text(text, ()) for text in wrong) or (own,), source.weight)

    def _wrong(self, example: Example) -> list[str]:
        """One passage without the answer: one of the three closest of all, or another one of the same article."""
        answers = [example.context[slice(*span)] for span in example.answers]
        others = [
            text for text in self._articles[example.article] if not any(a.lower() in text.lower() for a in answers)
        ]
        if others and self._rng.random() < 0.4:
            return [self._rng.choice(others)]
        found = self._pool.closest_wrong(example.question, answers, n=3)
        return [self._rng.choice(found)] if found else []

    def _reworded(self, example: Example) -> str | None:
        answers = [example.context[slice(*span)] for span in example.answers]
        elsewhere = self._rng.choice(self._articles[example.article])
        return unanswerable(example.question, example.context, elsewhere, answers, self._rng)


def choose(example: Example, choice: Choice) -> tuple[Span, ...]:
    """Which of several answers to learn: a person, time or number is asked for shortly, all else in whole phrases."""
    if choice == "all" or len(example.answers) < 2:
        return example.answers
    if choice == "first":
        return example.answers[:1]
    best = min if _SHORT.search(example.question) else max
    return (best(example.answers, key=lambda span: span.end - span.start),)
