"""The training loop: the same code on a CPU and a GPU; cut it off at any time and start it again."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from reader.train import average, checkpoint
from reader.train.batches import Batch, collate, plan
from reader.train.checkpoint import Position
from reader.train.journal import Journal
from reader.train.mixture import Mixture
from reader.train.objective import shared_loss
from reader.train.schedule import Budget, learning_rate
from reader.train.windows import Cutter, Group


@dataclass(frozen=True)
class Settings:
    """How a run learns. Sizes of batches are in padded tokens, rates are those of AdamW.

    accumulate: batches an update. pool: questions drawn at once and sorted by length. bf16: autocast to bfloat16.
    save_every: seconds between checkpoints. log_every: updates between lines of the log.
    tail: last part of a run of whose weights `snapshots` are kept, for the average.
    """

    budget: Budget
    peak_rate: float = 2e-4
    warmup: float = 0.05
    batch_tokens: int = 4096
    accumulate: int = 1
    pool: int = 256
    clip: float = 1.0
    decay: float = 0.01
    seed: int = 0
    bf16: bool = False
    save_every: float = 180.0
    log_every: int = 10
    tail: float = 0.3
    snapshots: int = 4

    def fixed(self) -> str:
        """What a resumed run must not change."""
        return f"peak {self.peak_rate:g}, batches {self.batch_tokens}x{self.accumulate}, seed {self.seed}"


class Feed:
    """Batches without end, from a mixture; where it is can be saved and found again."""

    def __init__(self, mixture: Mixture, cutter: Cutter, settings: Settings) -> None:
        self._mixture, self._cutter, self._settings = mixture, cutter, settings

    def refill(self, position: Position) -> list[list[Group]]:
        """Batches of the next pool of questions: those of `position.mixture` and `position.progress`, whatever ran."""
        self._mixture.restore(position.mixture)
        tasks = [self._mixture.draw(position.progress) for _ in range(self._settings.pool)]
        rng = random.Random(f"{self._settings.seed}/{position.mixture['decks']}")
        batches = plan([self._cutter.cut(task, rng) for task in tasks], self._settings.batch_tokens)
        rng.shuffle(batches)
        return batches

    def state(self) -> dict[str, object]:
        """Where the mixture is now."""
        return self._mixture.state()


def train(model: torch.nn.Module, feed: Feed, settings: Settings, folder: Path, journal: Journal, options: str) -> None:
    """Train `model` in place until the budget is spent, or go on from the checkpoint in `folder`.

    options: what the run is, in words; a checkpoint of another one is refused (CheckpointMismatch).
    Snapshots for the average lie in `folder` afterwards.
    """
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(_parameter_groups(model, settings.decay), lr=0.0)
    options = f"{options}, {settings.fixed()}"
    position = checkpoint.load(folder, options, model, optimiser)
    if position is None:
        checkpoint.reseed(settings.seed)
        position = Position(mixture=feed.state())
    journal.write("start", step=position.step, options=options, device=str(device))
    model.train()
    saved, shown, losses = time.monotonic(), position.step, []
    done = settings.budget.progress(position.step, position.seconds)
    for batches in _updates(feed, position, settings):
        began = time.monotonic()
        rate = learning_rate(settings.peak_rate, settings.warmup, max(done, 1e-6))
        losses.append(_update(model, optimiser, [batch.to(device) for batch in batches], rate, settings))
        position.step += 1
        position.sequences += sum(len(batch.ids) for batch in batches)
        position.tokens += sum(int(batch.mask.sum()) for batch in batches)
        position.seconds += time.monotonic() - began
        before, done = done, settings.budget.progress(position.step, position.seconds)
        if position.step - shown >= settings.log_every or done == 1:
            _report(journal, position, losses, rate, done)
            shown, losses = position.step, []
        average.snapshot(folder, model, before, done, settings.tail, settings.snapshots)
        if done == 1 or time.monotonic() - saved >= settings.save_every:
            checkpoint.save(folder, options, model, optimiser, position)
            saved = time.monotonic()
        if done == 1:
            return


def _updates(feed: Feed, position: Position, settings: Settings) -> Iterator[list[Batch]]:
    """The batches of each update. Keeps `position` such that a run that is cut off goes on at the same update."""
    if settings.budget.progress(position.step, position.seconds) == 1:
        return
    skip = position.used
    while True:
        pool = feed.refill(position)
        following = feed.state()
        for first in range(skip, len(pool), settings.accumulate):
            chosen = pool[first : first + settings.accumulate]
            position.used = first + len(chosen)  # before the update: a checkpoint is only taken after it
            yield [collate(groups) for groups in chosen]
        skip = position.used = 0
        position.mixture, position.progress = following, settings.budget.progress(position.step, position.seconds)


def _update(
    model: torch.nn.Module, optimiser: torch.optim.Optimizer, batches: Sequence[Batch], rate: float, settings: Settings
) -> float:
    """One step of the optimiser over all batches, each weighing by its groups. Returns the loss before it."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    n_groups = sum(len(batch.weight) for batch in batches)
    total = 0.0
    for batch in batches:
        with torch.autocast(batch.ids.device.type, torch.bfloat16, enabled=settings.bf16):
            found = model(input_ids=batch.ids, token_type_ids=batch.types, attention_mask=batch.mask)
        loss = shared_loss(
            found.start_logits, found.end_logits, batch.allowed, batch.starts, batch.ends, batch.group, batch.weight
        )
        part = loss * (len(batch.weight) / n_groups)
        part.backward()  # type: ignore[no-untyped-call]
        total += float(part.detach())
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return total


def _parameter_groups(model: torch.nn.Module, decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases and the scales of layer norms do not."""
    learnt = [weights for weights in model.parameters() if weights.requires_grad]
    matrices = [weights for weights in learnt if weights.ndim > 1]
    vectors = [weights for weights in learnt if weights.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def _report(journal: Journal, position: Position, losses: Sequence[float], rate: float, done: float) -> None:
    journal.write(
        "step",
        step=position.step,
        loss=sum(losses) / len(losses),
        rate=rate,
        done=done,
        seconds=position.seconds,
        sequences=position.sequences,
        tokens=position.tokens,
    )
