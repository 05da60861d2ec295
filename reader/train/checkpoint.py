"""All that a run needs to go on after it was cut off, in one file that is either whole or absent."""

from __future__ import annotations

import os
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from reader.train.errors import CheckpointMismatch

_NAME = "checkpoint.pt"


@dataclass
class Position:
    """Where a run is: `used` batches of pool number `pool` are done.

    seconds: of training so far. questions, sequences, tokens: seen so far (tokens without padding).
    """

    step: int = 0
    seconds: float = 0.0
    questions: int = 0
    sequences: int = 0
    tokens: int = 0
    pool: int = 0
    used: int = 0


def save(
    folder: Path, options: str, model: torch.nn.Module, optimiser: torch.optim.Optimizer, position: Position
) -> None:
    """Write model, optimiser, position and the random state of torch and Python. A crash leaves the old file."""
    state = {
        "options": options,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "position": asdict(position),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
    }
    draft = folder / f"{_NAME}.part"
    with draft.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / _NAME)


def load(folder: Path, options: str, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> Position | None:
    """Put everything back, and say where the run is; None where there is no checkpoint yet.

    options: must equal what was saved. Raises CheckpointMismatch.
    """
    file = folder / _NAME
    if not file.is_file():
        return None
    state = torch.load(file, map_location="cpu", weights_only=True)
    if state["options"] != options:
        raise CheckpointMismatch(folder, state["options"], options)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])
    random.setstate(state["python"])
    return Position(**state["position"])


def reseed(seed: int) -> None:
    """Start every random generator at a known place."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # libraries that use numpy's own global state
    torch.manual_seed(seed)
