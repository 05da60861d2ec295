"""Running an exported model. Together with `export`, the only module that imports onnxruntime.

Every text is a run of its own, on one thread; threads take texts side by side. A dynamically quantised model scales its
activations by the largest value of the whole batch, so that a text's numbers would depend on its batch mates and its
padding. Alone it has neither: the same text gives the same bits, whatever else is asked and however many cores there
are. It is not slower: each core multiplies matrices without waiting for the others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime

from indexer.models.tokenizer import Tokens
from indexer.types import Floats


class OnnxNetwork:
    """An exported network. Safe to share between threads."""

    def __init__(self, file: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(file),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=[
                "SkipLayerNormFusion"
            ],  # a norm joined with the sum before it takes three times as long
        )
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._cores = physical_cores()

    def run(self, tokens: Tokens) -> list[Floats]:
        """The outputs for one text: (n_tokens, …) float32 each."""
        feeds = {"input_ids": tokens.ids, "token_type_ids": tokens.types, "attention_mask": np.ones_like(tokens.ids)}
        outputs = self._session.run(None, {name: feeds[name][None] for name in self._inputs})
        return [np.asarray(output[0], np.float32) for output in outputs]

    def run_each(self, texts: Sequence[Tokens]) -> Iterator[list[Floats]]:
        """The outputs for each text, in order, on all cores; the longest are begun first, so that all end together."""
        if len(texts) == 1:  # a question: no thread is worth its start
            yield self.run(texts[0])
            return
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i].ids))
        with ThreadPoolExecutor(self._cores, "onnx") as pool:
            begun = {i: pool.submit(self.run, texts[i]) for i in order}
            yield from (begun[i].result() for i in range(len(texts)))


def physical_cores() -> int:
    """How many physical cores this process may use: a second thread of the same core multiplies no faster."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = os.sched_getaffinity(0)
    return len({_siblings(cpu) for cpu in allowed})


def _siblings(cpu: int) -> str:
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text("ascii")
    except OSError:
        return str(cpu)
