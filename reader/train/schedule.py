"""How far a run is, and how fast it learns there."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.errors import InvalidInput


@dataclass(frozen=True)
class Budget:
    """When a run ends: after so many steps, or after so many seconds of training (waiting between resumes not counted).

    With seconds, the same seed does not give the same weights: the schedule follows the clock.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.steps, self.seconds) if value is not None]
        if len(given) != 1 or given[0] <= 0:
            raise InvalidInput("budget", "give a positive number of either steps or seconds")

    def progress(self, step: int, seconds: float) -> float:
        """Part of the run that is done, in [0, 1]."""
        done = step / self.steps if self.steps is not None else seconds / (self.seconds or 1)
        return min(1.0, done)


def learning_rate(peak: float, warmup: float, progress: float) -> float:
    """Linear from 0 to `peak` over the first `warmup` part of a run, then linear to 0: Devlin et al. 2019, A.2."""
    if progress < warmup:
        return peak * progress / warmup
    return peak * (1 - progress) / (1 - warmup)
