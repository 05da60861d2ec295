"""Small stand-ins with the shape of the real parts, for tests of what lies around them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from indexer.types import Article, Block, Floats, Page


class WordEmbedder:
    """An `Embedder` whose vector is the normalised sum of one random direction a word: same words, same vector."""

    runtime = "fake"

    def __init__(self, fingerprint: str = "words:1", width: int = 32) -> None:
        self.name, self.fingerprint, self.width = "words", fingerprint, width
        self.encoded: list[str] = []

    def fits(self, title: str | None, passage: str) -> bool:
        return len(passage.split()) <= 40

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        self.encoded += [text for _, text in passages]
        rows = [self.encode_query(f"{title or ''} {text}") for title, text in passages]
        return np.array(rows, np.float32).reshape(len(rows), self.width)

    def encode_query(self, question: str) -> Floats:
        total = sum((self._direction(word) for word in question.casefold().split()), np.full(self.width, 1e-3))
        return np.asarray(total / np.linalg.norm(total), np.float32)

    def _direction(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return np.random.default_rng(seed).standard_normal(self.width)


def page(text: str, **fields: str) -> Page:
    """A page as a source gives it; the origin is its id, else its text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    fields.setdefault("origin", f"test:{fields.get('id') or digest[:8]}")
    return Page(source_sha256=digest, extractor="test/1", text=text, **fields)  # type: ignore[arg-type]


def article(text: str, **fields: str | None) -> Article:
    """An article whose whole text is one body block."""
    names = ("title", "source", "url", "author", "published_at", "published_raw", "language")
    given: dict[str, str | None] = dict.fromkeys(names)
    digest = hashlib.sha256(text.encode()).hexdigest()
    blocks = (Block(0, len(text), "body"),) if text.strip() else ()
    values = {"id": "a", **given, **fields}
    return Article(**values, text=text, sha256=digest, source_sha256=digest, blocks=blocks)  # type: ignore[arg-type]
