"""The mean of the weights at several points of a run: Izmailov et al. 2018, https://arxiv.org/abs/1803.05407"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def snapshot(folder: Path, model: torch.nn.Module, before: float, done: float, tail: float, n: int) -> None:
    """Save the weights when `done` passes one of n even points in the last `tail` of a run; the last one is its end.

    before, done: progress in [0, 1] before and after an update. Files: snapshot-1.safetensors to snapshot-n.
    """
    for number in range(1, n + 1):
        point = 1 - tail * (n - number) / n
        if before < point <= done:
            state = {name: weights.detach().cpu().contiguous() for name, weights in model.state_dict().items()}
            save_file(state, folder / f"snapshot-{number}.safetensors")


def blend(new: dict[str, torch.Tensor], old: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """(1 - share) of the new weights and `share` of those that training went on from: Wortsman et al. 2022,
    https://arxiv.org/abs/2109.01903. What the old ones could do and the run did not ask for comes back.

    share: in [0, 1]. Raises KeyError where `old` lacks a weight: it was no reader.
    """
    return {name: (1 - share) * weights + share * old[name].float() for name, weights in new.items()}


def snapshots(folder: Path) -> list[Path]:
    """The files that `snapshot` wrote, oldest first."""
    return sorted(folder.glob("snapshot-*.safetensors"), key=lambda file: int(file.stem.partition("-")[2]))


def mean(files: Sequence[Path]) -> dict[str, torch.Tensor]:
    """The mean of each weight over the files, float32. Raises KeyError where one lacks a weight of the first."""
    loaded = [load_file(file) for file in files]
    return {name: torch.stack([state[name].float() for state in loaded]).mean(dim=0) for name in loaded[0]}
