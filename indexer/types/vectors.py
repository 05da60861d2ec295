"""Numbers, and what makes vectors of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Halves = NDArray[np.float16]


class VectorSpace(NamedTuple):
    """Whose vectors, and how wide: what is needed of an embedder where nothing is embedded."""

    fingerprint: str
    width: int


class Embedder(Protocol):
    """Text to unit vectors. fingerprint: all that decides a vector (invariant 8); name: as in models.yaml."""

    name: str
    fingerprint: str
    runtime: str
    width: int

    def fits(self, title: str | None, passage: str) -> bool:
        """Whether title (clipped to 32 tokens) and passage fit the token limit uncut."""
        ...

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        """Embed (title, passage) pairs -> (n, width) float32, unit length, in the order given."""
        ...

    def encode_query(self, question: str) -> Floats:
        """Embed one question, clipped to 64 tokens -> (width,) float32, unit length."""
        ...
