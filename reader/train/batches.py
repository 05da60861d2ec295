"""Groups of windows of about one length, padded to one tensor each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from reader.train.windows import Group, Window

_MULTIPLE = 32  # lengths are padded to multiples of it: few shapes, and whole vector registers


Arrays = tuple[np.ndarray[Any, Any], ...]


class Batch(NamedTuple):
    """What one pass sees. ids, types, mask: (n_windows, n_tokens) int64; allowed, starts, ends: the same, bool.

    group: (n_windows,) int64, which task a window belongs to, from 0. weight: (n_groups,) float32.
    """

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    allowed: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    group: torch.Tensor
    weight: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))

    def arrays(self) -> Arrays:
        """The same batch as arrays, to be sent to another process; token ids in 32 bits."""
        short = (tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor for tensor in self)
        return tuple(tensor.numpy() for tensor in short)

    @classmethod
    def of(cls, arrays: Arrays) -> Batch:
        """A batch from its arrays."""
        tensors = (torch.from_numpy(array) for array in arrays)
        return cls(*(tensor.to(torch.int64) if tensor.dtype == torch.int32 else tensor for tensor in tensors))


def plan(groups: Sequence[Group], max_tokens: int) -> list[list[Group]]:
    """Split groups into batches of at most `max_tokens` padded tokens, short ones with short ones.

    A group is never split; one that is over the budget by itself is a batch of its own.
    """
    batches: list[list[Group]] = []
    longest = n_windows = 0
    for group in sorted(groups, key=_length):
        longest, n_windows = max(longest, _length(group)), n_windows + len(group.windows)
        if not batches or longest * n_windows > max_tokens:
            batches.append([])
            longest, n_windows = _length(group), len(group.windows)
        batches[-1].append(group)
    return batches


def collate(groups: Sequence[Group]) -> Batch:
    """One tensor a field, filled up with zeros and False."""
    windows = [window for group in groups for window in group.windows]
    length = max(_length(group) for group in groups)
    mask = np.zeros((len(windows), length), np.int64)
    for row, window in zip(mask, windows, strict=True):
        row[: len(window.ids)] = 1
    ids, types, allowed, starts, ends = (
        _padded(windows, name, length) for name in ("ids", "types", "allowed", "starts", "ends")
    )
    group = torch.tensor([number for number, group in enumerate(groups) for _ in group.windows])
    weight = torch.tensor([group.weight for group in groups], dtype=torch.float32)
    return Batch(ids, types, torch.from_numpy(mask), allowed, starts, ends, group, weight)


def _length(group: Group) -> int:
    return -(-max(len(window.ids) for window in group.windows) // _MULTIPLE) * _MULTIPLE


def _padded(windows: Sequence[Window], name: str, length: int) -> torch.Tensor:
    rows = [getattr(window, name) for window in windows]
    full = np.zeros((len(rows), length), rows[0].dtype)
    for target, row in zip(full, rows, strict=True):
        target[: len(row)] = row
    return torch.from_numpy(full)
