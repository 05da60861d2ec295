"""A larger reader whose judgement of every token a smaller one learns."""

from __future__ import annotations

from pathlib import Path

import torch

from indexer.models.tokenizer import Tokenizer
from reader.train.batches import Batch
from reader.train.errors import TrainingDataError
from reader.train.network import load_network, pad_token, scored

_PROBE = ("Who said what?", "Nothing but words, in 2024.")


class Teacher:
    """A trained reader with the student's tokens, perhaps under other numbers. Its weights stay as they are."""

    def __init__(self, folder: Path, student: Path, device: torch.device, bf16: bool) -> None:
        kept = torch.bfloat16 if bf16 else torch.float32  # autocast would round the same weights at every batch
        self._model = load_network(folder, device).eval().requires_grad_(False).to(kept)
        self._ids = _same_tokens(folder, student).to(device)

    @torch.no_grad()
    def logits(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Start and end logits of a batch of the student: (n_windows, n_tokens) each, no unit."""
        ids = torch.where(batch.mask.bool(), self._ids[batch.ids], pad_token(self._model))
        start, end = scored(self._model, ids, batch.types, batch.mask)
        return start.float(), end.float()


def _same_tokens(teacher: Path, student: Path) -> torch.Tensor:
    """The teacher's number of each of the student's tokens. Raises TrainingDataError: they cut texts otherwise."""
    ours, theirs = (Tokenizer.load(folder / "tokenizer.json") for folder in (student, teacher))
    known = theirs.vocabulary
    table = torch.zeros(max(ours.vocabulary.values()) + 1, dtype=torch.int64)
    for token, number in ours.vocabulary.items():
        table[number] = known.get(token, 0)
    a, b = ours.encode(*_PROBE), theirs.encode(*_PROBE)
    if a.part.tolist() != b.part.tolist():
        raise TrainingDataError(teacher, f"does not put a question and a text together as {student} does")
    for special in (a.part == -1).nonzero()[0].tolist():
        table[int(a.ids[special])] = int(b.ids[special])
    if table[torch.from_numpy(a.ids)].tolist() != b.ids.tolist():
        raise TrainingDataError(teacher, f"has other tokens than {student}")
    return table
