"""A reader model: a question and passages in, start and end logits of every window of every passage out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from indexer.models import manifest
from indexer.models.manifest import Manifest
from indexer.models.registry import ModelSpec
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Floats, Ints


class Window(NamedTuple):
    """What the model saw at once of one passage.

    passage: its index. start, end: (n_tokens,) float32 logits, no unit; those of "no answer" at index 0.
    offsets: n_tokens times the [start, end) of a token in its passage, code points; None for all that is no passage.
    """

    passage: int
    start: Floats
    end: Floats
    offsets: list[tuple[int, int] | None]


class Network(Protocol):
    """What scores tokens: an exported network or torch."""

    def run_each(self, texts: Sequence[Tokens]) -> Iterator[list[Floats]]:
        """For each text, start and end logits, (n_tokens,) float32."""
        ...


class SpanModel:
    """A reader of models.yaml, ready to run. Safe to share between threads.

    Every window is a run of its own: a passage's logits depend on it and the question alone, bit for bit.
    """

    def __init__(self, spec: ModelSpec, fingerprint: str, tokenizer: Tokenizer, network: Network) -> None:
        self.name, self.fingerprint, self.runtime = spec.name, fingerprint, spec.runtime
        self.max_tokens, self.threshold = spec.max_tokens, float(spec.threshold)
        self._spec, self._tokenizer, self._network = spec, tokenizer, network

    def logits(self, question: str, passages: Sequence[str]) -> list[Window]:
        """Score every token of every passage, in the order of the passages; a long passage has several windows.

        The question is clipped to the spec's question_tokens. Passages are never cut: every token is in some window.
        """
        asked = self._tokenizer.clip(question, self._spec.question_tokens)
        windows = [
            (index, window)
            for index, passage in enumerate(passages)
            for window in slide(self._tokenizer.encode(asked, passage), self.max_tokens, self._spec.stride)
        ]
        scores = self._network.run_each([window for _, window in windows])
        return [
            Window(index, start, end, _offsets(window))
            for (index, window), (start, end) in zip(windows, scores, strict=True)
        ]


def slide(tokens: Tokens, max_tokens: int, stride: int) -> list[Tokens]:
    """Cut a question and a passage into windows of at most max_tokens, each with the whole question.

    A window begins `stride` tokens of the passage after the one before it; the last ends with the passage.
    """
    inside = np.flatnonzero(tokens.part == 1)
    if len(tokens.ids) <= max_tokens or not len(inside):
        return [tokens]
    first, last = int(inside[0]), int(inside[-1]) + 1
    room = max(1, max_tokens - (len(tokens.ids) - len(inside)))
    starts = range(first, max(first + 1, last - room + min(stride, room)), min(stride, room))
    kept = (np.r_[0:first, start : min(start + room, last), last : len(tokens.ids)] for start in starts)
    return [_pick(tokens, index) for index in kept]


def _pick(tokens: Tokens, index: Ints) -> Tokens:
    return Tokens(tokens.ids[index], tokens.types[index], tokens.offsets[index], tokens.part[index])


def _offsets(tokens: Tokens) -> list[tuple[int, int] | None]:
    pairs = zip(tokens.offsets.tolist(), tokens.part.tolist(), strict=True)
    return [(start, end) if part == 1 else None for (start, end), part in pairs]


def load_span_model(spec: ModelSpec, folder: Path) -> SpanModel:
    """Load a prepared reader. Raises ModelMissing, ModelDamaged."""
    made = manifest.check(spec, folder)
    home = manifest.home(spec, folder)
    if spec.runtime == "torch":
        from indexer.models.torch_runtime import TorchSpanNetwork  # loads torch, which serving otherwise never does

        network = TorchSpanNetwork(spec, home)
        return SpanModel(spec, _fingerprint(spec, made), network.tokenizer, network)
    from indexer.models.onnx_runtime import OnnxNetwork

    return SpanModel(
        spec, _fingerprint(spec, made), Tokenizer.load(home / "tokenizer.json"), OnnxNetwork(home / "model.onnx")
    )


def _fingerprint(spec: ModelSpec, made: Manifest) -> str:
    """Name and hash of all that decides a logit but the runtime: the way of exporting too."""
    what = [made.weights, made.tokenizer, spec.max_tokens, spec.stride, spec.question_tokens, *spec.way]
    return f"{spec.name}:{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]}"
