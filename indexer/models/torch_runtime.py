"""Any model of the hub, as its makers run it. Together with `export`, the only module that imports torch.

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
from transformers.utils import logging

from indexer.errors import ModelUnavailable
from indexer.models.registry import ModelSpec
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.types import Floats


class TorchEncoder:
    """Texts to vectors through sentence-transformers, with the pooling that the model's own files name."""

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._model = sentence_transformers.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
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
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        load = transformers.AutoModelForQuestionAnswering.from_pretrained
        self._model = load(folder, local_files_only=True, dtype=torch.float32).eval()
        self._inputs = set(inspect.signature(self._model.forward).parameters)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.tokenizer = _tokenizer(spec, tokenizer)

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
