"""Text to vectors: what is embedded, how it is clipped, and the fingerprint that keeps vectors apart (invariant 8)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from indexer.models import manifest
from indexer.models.manifest import Manifest
from indexer.models.registry import ModelSpec
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Embedder, Floats

_TITLE_RULE = "title clipped, new line, passage"
_REPORTED = 64  # texts between two words to `report`
_REMEMBERED = 512  # questions: pages of one search, and `ask` after `search`, want the same vector; 1 MB


class Encoder(Protocol):
    """What turns texts into vectors: an exported network or sentence-transformers."""

    def vectors(self, texts: Sequence[str]) -> Iterator[Floats]:
        """The vector of each text, (width,) float32, in order."""
        ...


class TextEmbedder:
    """An embedder of models.yaml, ready to run: types.Embedder says what it does. Safe to share between threads.

    Every text is a run of its own: its vector depends on it alone, bit for bit.
    """

    def __init__(self, spec: ModelSpec, fingerprint: str, tokenizer: Tokenizer, encoder: Encoder) -> None:
        self.name, self.fingerprint = spec.name, fingerprint
        self.runtime: str = spec.runtime
        self._spec, self._tokenizer, self._encoder = spec, tokenizer, encoder
        self.width = len(next(encoder.vectors(["width"])))
        self._asked = lru_cache(_REMEMBERED)(self._encode_query)

    def text(self, title: str | None, passage: str) -> str:
        """The very string that is embedded for a passage: its title, clipped, stands before it."""
        head = self._tokenizer.clip(title, self._spec.title_tokens) + "\n" if title else ""
        return f"{self._spec.passage_prefix}{head}{passage}"

    def fits(self, title: str | None, passage: str) -> bool:
        """Whether the string that is embedded for this passage has no more tokens than the model takes."""
        return self._tokenizer.count(self.text(title, passage)) <= self._spec.max_tokens

    def encode(self, passages: Sequence[tuple[str | None, str]], report: Callable[[int], None] | None = None) -> Floats:
        """Embed (title, passage) pairs -> (n, width) float32, unit length, in the order given.

        report: told the number of passages embedded since it was last told.
        """
        vectors = np.empty((len(passages), self.width), np.float32)
        for start in range(0, len(passages), _REPORTED):
            texts = [self.text(title, passage) for title, passage in passages[start : start + _REPORTED]]
            for row, vector in enumerate(self._encoder.vectors(texts), start):
                vectors[row] = vector
            if report is not None:
                report(len(texts))
        return vectors

    def encode_query(self, question: str) -> Floats:
        """Embed one question, clipped -> (width,) float32, unit length, not to be written to: it is remembered."""
        return self._asked(question)

    def _encode_query(self, question: str) -> Floats:
        asked = self._tokenizer.clip(question, self._spec.question_tokens)
        vector = next(self._encoder.vectors([self._spec.question_prefix + asked]))
        vector.flags.writeable = False
        return vector


class OnnxEncoder:
    """An exported network of token vectors, and the pooling that models.yaml names."""

    def __init__(self, spec: ModelSpec, folder: Path, tokenizer: Tokenizer) -> None:
        from indexer.models.onnx_runtime import OnnxNetwork

        self._spec, self._tokenizer = spec, tokenizer
        self._network = OnnxNetwork(folder / "model.onnx")

    def vectors(self, texts: Sequence[str]) -> Iterator[Floats]:
        """The vector of each text, in order; what a text has beyond max_tokens is not seen."""
        for outputs in self._network.run_each([self._tokens(text) for text in texts]):
            yield pool(outputs[0], self._spec)

    def _tokens(self, text: str) -> Tokens:
        tokens = self._tokenizer.encode(text)
        if len(tokens.ids) <= self._spec.max_tokens:
            return tokens
        special = int((tokens.part == -1).sum())
        return self._tokenizer.encode(self._tokenizer.clip(text, self._spec.max_tokens - special))


def pool(tokens: Floats, spec: ModelSpec) -> Floats:
    """Token vectors (n_tokens, width) -> one vector (width,), of unit length where the spec says so."""
    vector: Floats = tokens.mean(axis=0) if spec.pooling == "mean" else tokens[0]
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12)) if spec.normalise else vector


def load_embedder(spec: ModelSpec, folder: Path, chunker: str) -> Embedder:
    """Load a prepared embedder. chunker: name and version of what cuts the passages, for the fingerprint.

    Raises ModelMissing, ModelDamaged.
    """
    made = manifest.check(spec, folder)
    home = manifest.home(spec, folder)
    if spec.runtime == "torch":
        from indexer.models.torch_runtime import TorchEncoder  # loads torch, which serving otherwise never does

        encoder = TorchEncoder(spec, home)
        return TextEmbedder(spec, _fingerprint(spec, made, chunker), encoder.tokenizer, encoder)
    tokenizer = Tokenizer.load(home / "tokenizer.json")
    return TextEmbedder(spec, _fingerprint(spec, made, chunker), tokenizer, OnnxEncoder(spec, home, tokenizer))


def _fingerprint(spec: ModelSpec, made: Manifest, chunker: str) -> str:
    """Name and hash of all that decides a vector but the runtime (invariant 8)."""
    limits = [spec.max_tokens, spec.title_tokens, spec.question_tokens]
    rules = [spec.pooling, spec.question_prefix, spec.passage_prefix, _TITLE_RULE, spec.normalise]
    what = json.dumps([made.weights, made.tokenizer, limits, rules, chunker])
    return f"{spec.name}:{hashlib.sha256(what.encode()).hexdigest()[:12]}"
