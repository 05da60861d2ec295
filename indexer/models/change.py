"""A model told as what was learnt since another one that can be fetched: a few bits a weight, small enough to ship.

What fine-tuning changes is small beside the weights and needs few bits (Liu et al. 2024, https://arxiv.org/abs/2402.10193).
Each row of a matrix has a step of its own, and its differences are rounded to the middles between multiples of it: the
uniform quantiser of Max (1960, https://doi.org/10.1109/TIT.1960.1057548). docs/reader.md says what that loses.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from indexer.types import Floats

_WEIGHTS = "model.safetensors"
_STEPS = {1: 1.596, 2: 0.9957, 4: 0.3352}  # of the standard deviation of a row: Max, table II
_SMALL = 4_096  # numbers; what has fewer is told whole

Weights = dict[str, npt.NDArray[Any]]


def difference(base: Path, trained: Path, target: Path, bits: int) -> None:
    """Write what `trained` is beyond `base` to `target`; all three are safetensors files.

    bits: of a number of a large matrix, 1, 2 or 4; what is small or not in `base` is told whole, in float32. Names in
    `trained` are those of `base` with something before them ("mpnet.") or without. Raises ValueError: nothing of
    `base` is in `trained`.
    """
    old, new = _read(base), _read(trained)
    prefix = _prefix(old, new)
    told: Weights = {}
    for name, weights in sorted(new.items()):
        before = old.get(name.removeprefix(prefix))
        if before is None or before.shape != weights.shape:
            told[name] = weights.astype(np.float32)
        elif not np.array_equal(before.astype(weights.dtype), weights):
            if weights.ndim == 2 and weights.size >= _SMALL and weights.shape[1] * bits % 8 == 0:
                told[f"{name}.levels"], told[f"{name}.step"] = _rounded(weights - before.astype(np.float32), bits)
            else:
                told[name] = weights.astype(np.float32)
    without = sorted(name for name in old if prefix + name not in new)
    save_file(told, target, {"prefix": prefix, "without": json.dumps(without), "bits": str(bits)})


def apply(folder: Path, change: Path) -> None:
    """Make the weights of `folder` those that `change` tells of, in float16.

    Raises ValueError: it tells of other weights than these; its message says of which.
    """
    old, told = _read(folder / _WEIGHTS), _read(change)
    with _opened(change) as file:
        about = file.metadata() or {}
    prefix, without, bits = about["prefix"], set(json.loads(about["without"])), int(about["bits"])
    new: Weights = {prefix + name: weights for name, weights in old.items() if name not in without}
    for name, value in told.items():
        whole, _, part = name.rpartition(".")
        if part == "levels":
            if whole not in new or new[whole].shape != (len(value), value.shape[1] * 8 // bits):
                raise ValueError(f"the weights have no {whole} of this shape")
            new[whole] = new[whole] + _middles(value, bits) * told[f"{whole}.step"][:, None]
        elif part != "step":
            new[name] = value
    save_file({name: weights.astype(np.float16) for name, weights in new.items()}, folder / _WEIGHTS, {"format": "pt"})


def _rounded(change: Floats, bits: int) -> tuple[npt.NDArray[np.uint8], Floats]:
    """A matrix as (n, m * bits / 8) levels, the first number in the lowest bits, and (n,) steps."""
    most, spread = 2**bits - 1, np.sqrt(np.mean(change**2, axis=1))
    step = np.where(spread > 0, spread, 1) * np.float32(_STEPS[bits])
    levels = np.clip(np.round(change / step[:, None] + most / 2), 0, most).astype(np.uint8)
    middle = levels - np.float32(most / 2)
    step = np.sum(change * middle, axis=1) / np.sum(middle**2, axis=1)  # the best one for these levels
    parts = levels.reshape(len(levels), -1, 8 // bits)
    packed = np.bitwise_or.reduce(parts << (np.arange(8 // bits) * bits).astype(np.uint8), axis=2)
    return np.asarray(packed, np.uint8), np.asarray(step, np.float32)


def _middles(packed: npt.NDArray[np.uint8], bits: int) -> Floats:
    """The (n, m) numbers of levels, in steps."""
    most = 2**bits - 1
    levels = packed[:, :, None] >> (np.arange(8 // bits) * bits).astype(np.uint8) & np.uint8(most)
    return levels.reshape(len(packed), -1).astype(np.float32) - np.float32(most / 2)


def _prefix(old: Weights, new: Weights) -> str:
    """What stands before a name of the old weights in the new ones."""
    for name in sorted(new):
        for start in range(len(name)):
            if name[start:] in old and (start == 0 or name[start - 1] == "."):
                return name[:start]
    raise ValueError("the trained weights have none of the base's names")


def _read(file: Path) -> Weights:
    with _opened(file) as stored:
        return {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # no mapping


def _opened(file: Path) -> Any:  # noqa: ANN401  # no types there
    try:
        return safe_open(file, framework="numpy")
    except (OSError, SafetensorError) as problem:
        raise ValueError(f"{file} cannot be read ({problem})") from problem
