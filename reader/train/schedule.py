"""How fast a run learns where it is."""

from __future__ import annotations


def learning_rate(peak: float, warmup: float, progress: float) -> float:
    """Linear from 0 to `peak` over the first `warmup` part of a run, then linear to 0: Devlin et al. 2019, A.2."""
    if progress < warmup:
        return peak * progress / warmup
    return peak * (1 - progress) / (1 - warmup)
