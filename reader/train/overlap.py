"""Keep what is tested out of what is learnt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from reader.train.squad import Example

_RUN = 16  # words in a row that two texts share by quotation of each other only


class HeldOut:
    """Knows the contexts of the evaluation sets, by every run of 16 words (all of a shorter text)."""

    def __init__(self, contexts: Iterable[str]) -> None:
        self._runs = {run for context in contexts for run in _runs(context)}

    def touches(self, context: str) -> bool:
        """Whether a text shares 16 words in a row with a held-out one, or is, but for case and marks, the same."""
        return any(run in self._runs for run in _runs(context))

    def without(self, examples: Iterable[Example]) -> list[Example]:
        """The examples whose context touches nothing held out."""
        verdict: dict[str, bool] = {}
        kept = []
        for example in examples:
            if example.context not in verdict:
                verdict[example.context] = self.touches(example.context)
            if not verdict[example.context]:
                kept.append(example)
        return kept


def _runs(text: str) -> set[bytes]:
    words = re.findall(r"\w+", text.lower())
    starts = range(max(1, len(words) - _RUN + 1)) if words else ()
    return {hashlib.blake2b(" ".join(words[i : i + _RUN]).encode(), digest_size=8).digest() for i in starts}
