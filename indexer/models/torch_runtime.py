"""Any model of the hub, as its makers run it. With `export` and `pretrained`, the only module that imports torch.

Slower than the exported models and seconds to import: for models that were not exported, and to check those that were.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import sentence_transformers
import torch
import transformers

from indexer.errors import ModelUnavailable
from indexer.models.pretrained import load, load_network
from indexer.models.registry import ModelSpec
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Floats


class TorchEncoder:
    """Texts to vectors through sentence-transformers, with the pooling that the model's own files name."""

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        self._model = load(spec, sentence_transformers.SentenceTransformer, folder, device="cpu")
        self._model.max_seq_length = spec.max_tokens
        self._normalise = spec.normalise
        self.tokenizer = _tokenizer(spec, self._model.tokenizer)

    def vectors(self, texts: Sequence[str]) -> Iterator[Floats]:
        """The vector of each text, (width,) float32, one text a run: batch mates would move the last bits."""
        for text in texts:
            vector = self._model.encode([text], normalize_embeddings=self._normalise, show_progress_bar=False)
            yield np.asarray(vector[0], np.float32)


class TorchSpanNetwork:
    """A network of AutoModelForQuestionAnswering. Safe to share between threads."""

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        self._model = load_network(spec, transformers.AutoModelForQuestionAnswering.from_pretrained, folder)
        self._inputs = set(inspect.signature(self._model.forward).parameters)
        self.tokenizer = _tokenizer(spec, load(spec, transformers.AutoTokenizer.from_pretrained, folder))

    def run_each(self, texts: Sequence[Tokens]) -> Iterator[list[Floats]]:
        """Start and end logits for each text, (n_tokens,) float32."""
        for tokens in texts:
            feeds = {
                "input_ids": tokens.ids,
                "token_type_ids": tokens.types,
                "attention_mask": np.ones_like(tokens.ids),
            }
            given = {name: torch.from_numpy(feeds[name])[None] for name in feeds if name in self._inputs}
            with torch.inference_mode():
                found = self._model(**given)
            yield [found.start_logits[0].numpy(), found.end_logits[0].numpy()]


def _tokenizer(spec: ModelSpec, tokenizer: object) -> Tokenizer:
    engine = getattr(tokenizer, "backend_tokenizer", None)
    if engine is None:
        raise ModelUnavailable(spec.name, "its tokenizer gives no offsets (it has no tokenizer.json)")
    return Tokenizer.copy_of(engine)
