"""Text to tokens and back to offsets: the only module that imports tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tokenizers

from indexer.types import Ints


class Tokens(NamedTuple):
    """A text, or a question and a passage, as a model takes it. All of length n_tokens, special tokens included.

    offsets: (n, 2) code points, [start, end) in its own text. part: (n,) 0 or 1 for the first or second text, -1 for a
    special token.
    """

    ids: Ints
    types: Ints
    offsets: Ints
    part: Ints


class Tokenizer:
    """A tokenizer without truncation or padding: what is cut is cut by us, at a token we know. Safe between threads."""

    def __init__(self, engine: tokenizers.Tokenizer) -> None:
        engine.no_truncation()
        engine.no_padding()
        self._engine = engine

    @classmethod
    def load(cls, file: Path) -> Tokenizer:
        """Read a tokenizer.json."""
        return cls(tokenizers.Tokenizer.from_file(str(file)))

    @classmethod
    def copy_of(cls, engine: tokenizers.Tokenizer) -> Tokenizer:
        """Take over the tokenizer of another library, without a change to it."""
        return cls(tokenizers.Tokenizer.from_str(engine.to_str()))

    @property
    def vocabulary(self) -> dict[str, int]:
        """Every token with its number."""
        found: dict[str, int] = self._engine.get_vocab()
        return found

    def encode(self, text: str, pair: str | None = None) -> Tokens:
        """Tokens of one text, or of two, with special tokens."""
        found = self._engine.encode(_encodable(text), None if pair is None else _encodable(pair))
        part = [-1 if sequence is None else sequence for sequence in found.sequence_ids]
        return Tokens(
            np.array(found.ids, np.int64),
            np.array(found.type_ids, np.int64),
            np.array(found.offsets, np.int64).reshape(-1, 2),
            np.array(part, np.int64),
        )

    def count(self, text: str) -> int:
        """How many tokens a text has, special tokens included."""
        return len(self._engine.encode(_encodable(text)).ids)

    def clip(self, text: str, tokens: int) -> str:
        """Text as far as its first `tokens` tokens reach, special tokens not counted."""
        offsets = self._engine.encode(_encodable(text), add_special_tokens=False).offsets
        return text if len(offsets) <= tokens else text[: offsets[tokens - 1][1]]


def _encodable(text: str) -> str:
    """Text with a question mark for each lone surrogate, which no tokenizer takes: every offset stays."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
