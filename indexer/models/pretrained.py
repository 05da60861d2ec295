"""Loading what transformers understands from a folder, and a sentence where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from indexer.errors import ModelUnavailable
from indexer.models.registry import ModelSpec


def load(spec: ModelSpec, kind: Callable[..., Any], folder: Path, **options: object) -> Any:  # noqa: ANN401 - no types there
    """Call a loader of transformers on local files alone, as float32. Raises ModelUnavailable: it cannot load them."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return kind(str(folder), local_files_only=True, **options)
    except Exception as problem:  # it names no common class for what can be wrong with a model's files
        raise ModelUnavailable(spec.name, f"transformers cannot load it: {' '.join(str(problem).split())}") from problem


def load_network(spec: ModelSpec, kind: Callable[..., Any], folder: Path, **options: object) -> torch.nn.Module:
    """The same for a network: float32, ready to infer."""
    network: torch.nn.Module = load(spec, kind, folder, dtype=torch.float32, **options)
    return network.eval()
