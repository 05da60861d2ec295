"""Give a question on one sentence the sentences around it, as a reader of an archive meets it."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable

from indexer.types import Span
from reader.train.squad import Example

_PLACE = re.compile(r"^Wiki1k:(\w+:\d+):(\d+):(\d+)")


class Neighbours:
    """The sentences of each article as far as any question is asked about them, in their order."""

    def __init__(self, examples: Iterable[Example]) -> None:
        articles: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
        for example in examples:
            place = _place(example)
            if place is not None:
                articles[place[0]][place[1]] = example.context
        self._articles = {name: sorted(found.items()) for name, found in articles.items()}

    def around(self, example: Example, max_words: int, rng: random.Random) -> Example:
        """The example with sentences before and after its own, up to `max_words` in all; else as it was.

        So is one without an answer: the sentences around may have it.
        """
        place = _place(example) if example.answers else None
        sentences = self._articles.get(place[0], []) if place is not None else []
        texts = [text for _, text in sentences]
        if place is None or example.context not in texts:
            return example
        first = last = texts.index(example.context)
        words = len(example.context.split())
        while sides := [side for side in (first - 1, last + 1) if 0 <= side < len(texts)]:
            side = rng.choice(sides)
            words += len(texts[side].split())
            if words > max_words:
                break
            first, last = min(first, side), max(last, side)
        shift = sum(len(text) + 1 for text in texts[first : texts.index(example.context)])
        answers = tuple(Span(start + shift, end + shift) for start, end in example.answers)
        return example._replace(context=" ".join(texts[first : last + 1]), answers=answers)


def _place(example: Example) -> tuple[str, tuple[int, int]] | None:
    match = _PLACE.match(example.id)
    return (match[1], (int(match[2]), int(match[3]))) if match else None
