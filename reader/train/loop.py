"""The training loop: the same code on a CPU and a GPU; cut it off at any time and start it again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from reader.train import average, checkpoint
from reader.train.batches import Batch
from reader.train.checkpoint import Position
from reader.train.feed import Feed
from reader.train.journal import Journal
from reader.train.network import scored
from reader.train.objective import alone, shared_loss, taught_loss
from reader.train.schedule import learning_rate
from reader.train.teacher import Teacher

Objective = Literal["shared", "alone"]


@dataclass(frozen=True)
class Settings:
    """How a run learns. Sizes of batches are in padded tokens, rates are those of AdamW.

    accumulate: batches an update. bf16: autocast to bfloat16. save_every: seconds between checkpoints.
    log_every: updates between lines of the log. tail: last part of a run of whose weights `snapshots` are kept, for the
    average. objective: "shared": all passages of a question compete; "alone": each is a question of its own.
    taught: share of the teacher's word in the loss, where there is one; temperature: how much it is softened.
    """

    peak_rate: float = 2e-4
    warmup: float = 0.05
    accumulate: int = 1
    clip: float = 1.0
    decay: float = 0.01
    seed: int = 0
    bf16: bool = False
    save_every: float = 180.0
    log_every: int = 10
    tail: float = 0.3
    snapshots: int = 4
    objective: Objective = "shared"
    taught: float = 0.5
    temperature: float = 2.0
    workers: int = 0

    def fixed(self) -> str:
        """What a resumed run must not change."""
        taught = f"taught {self.taught:g} at {self.temperature:g}"
        return f"peak {self.peak_rate:g}, accumulate {self.accumulate}, seed {self.seed}, {self.objective}, {taught}"


def train(
    model: torch.nn.Module,
    feed: Feed,
    settings: Settings,
    folder: Path,
    journal: Journal,
    options: str,
    teacher: Teacher | None = None,
) -> None:
    """Train `model` in place on all that `feed` has, or go on from the checkpoint in `folder`.

    options: what the run is, in words; a checkpoint of another one is refused (CheckpointMismatch).
    Snapshots for the average lie in `folder` afterwards.
    """
    device = next(model.parameters()).device
    optimiser = torch.optim.AdamW(
        _parameter_groups(model, settings.decay), lr=0.0, fused=device.type in ("cpu", "cuda") or None
    )
    total = len(feed.mixture)
    options = f"{options}, {total} questions, batches {feed.batch_tokens}, {settings.fixed()}"
    position = checkpoint.load(folder, options, model, optimiser)
    if position is None:
        checkpoint.reseed(settings.seed)
        position = Position()
    journal.write("start", step=position.step, options=options, device=str(device))
    model.train()
    saved, shown, losses = time.monotonic(), position.step, []
    done, began = position.questions / total, time.monotonic()
    for batches in _updates(feed, position, settings):
        rate = learning_rate(settings.peak_rate, settings.warmup, max(done, 1e-6))
        losses.append(_update(model, optimiser, [batch.to(device) for batch in batches], rate, settings, teacher))
        position.step += 1
        position.questions += sum(len(batch.weight) for batch in batches)
        position.sequences += sum(len(batch.ids) for batch in batches)
        position.tokens += sum(int(batch.mask.sum()) for batch in batches)
        before, done = done, position.questions / total
        position.seconds += time.monotonic() - began
        began = time.monotonic()
        if position.step - shown >= settings.log_every or done == 1:
            _report(journal, position, losses, rate, done)
            shown, losses = position.step, []
        average.snapshot(folder, model, before, done, settings.tail, settings.snapshots)
        if done == 1 or time.monotonic() - saved >= settings.save_every:
            checkpoint.save(folder, options, model, optimiser, position)
            saved = time.monotonic()


def _updates(feed: Feed, position: Position, settings: Settings) -> Iterator[list[Batch]]:
    """The batches of each update. Keeps `position` such that a run that is cut off goes on at the same update."""
    if position.questions == len(feed.mixture):
        return
    for pool in feed.pools(position.pool, settings.workers):
        for first in range(position.used, len(pool), settings.accumulate):
            chosen = pool[first : first + settings.accumulate]
            position.used = first + len(chosen)  # before the update: a checkpoint is only taken after it
            if position.used == len(pool):
                position.pool, position.used = position.pool + 1, 0
            yield chosen


def _update(
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    batches: Sequence[Batch],
    rate: float,
    settings: Settings,
    teacher: Teacher | None,
) -> torch.Tensor:
    """One step of the optimiser over all batches, each weighing by its groups. Returns the loss before it."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    n_groups = sum(len(batch.weight) for batch in batches)
    total = torch.zeros((), device=batches[0].ids.device)
    for batch in batches:
        loss = _loss(model, batch, settings, teacher) * (len(batch.weight) / n_groups)
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return total


def _loss(model: torch.nn.Module, batch: Batch, settings: Settings, teacher: Teacher | None) -> torch.Tensor:
    start, end = scored(model, batch.ids, batch.types, batch.mask, settings.bf16)
    group, weight = (batch.group, batch.weight) if settings.objective == "shared" else alone(batch.group, batch.weight)
    loss = shared_loss(start, end, batch.allowed, batch.starts, batch.ends, group, weight)
    if teacher is None:
        return loss
    soft = taught_loss((start, end), teacher.logits(batch), batch.allowed, group, weight, settings.temperature)
    return (1 - settings.taught) * loss + settings.taught * soft


def _parameter_groups(model: torch.nn.Module, decay: float) -> list[dict[str, object]]:
    """Matrices decay; biases and the scales of layer norms do not."""
    learnt = [weights for weights in model.parameters() if weights.requires_grad]
    matrices = [weights for weights in learnt if weights.ndim > 1]
    vectors = [weights for weights in learnt if weights.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def _report(journal: Journal, position: Position, losses: Sequence[torch.Tensor], rate: float, done: float) -> None:
    journal.write(
        "step",
        step=position.step,
        loss=float(torch.stack(list(losses)).mean()),
        rate=rate,
        done=done,
        seconds=position.seconds,
        questions=position.questions,
        sequences=position.sequences,
        tokens=position.tokens,
    )
