"""What is minimised: how surprising the right spans are among all spans of all passages, and "no answer"."""

from __future__ import annotations

import torch

_NEVER = -1e4  # finite: the gradient of a masked minus infinity would be not a number


def shared_loss(
    start: torch.Tensor,
    end: torch.Tensor,
    allowed: torch.Tensor,
    starts: torch.Tensor,
    ends: torch.Tensor,
    group: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """Negative log-likelihood, normalised over all windows of a question: Clark & Gardner 2018, 3.2 (shared-norm),
    https://arxiv.org/abs/1710.10723, with the sum over right spans of 3.3.

    A token's logit counts relative to that of the window's first token ("no answer", Devlin et al. 2019, 4.3), which is
    how spans are scored when serving; "no answer" itself has logit 0. With one window this is the usual loss of BERT.

    start, end: (n_windows, n_tokens) float, logits. allowed, starts, ends: the same shape, bool: passage tokens, and
    where a right answer begins, ends. group: (n_windows,) int64, in 0..n_groups. weight: (n_groups,) float.
    Returns a scalar: the weighted mean over groups of the mean over start and end. A group without a right answer is
    one that has none.
    """
    members = group[None, :] == torch.arange(len(weight), device=group.device)[:, None]  # (n_groups, n_windows)
    losses = [
        _surprise(logits.float() - logits[:, :1].float(), allowed, right, members)
        for logits, right in ((start, starts), (end, ends))
    ]
    return (weight * (losses[0] + losses[1]) / 2).sum() / weight.sum()


def taught_loss(
    student: tuple[torch.Tensor, torch.Tensor],
    teacher: tuple[torch.Tensor, torch.Tensor],
    allowed: torch.Tensor,
    group: torch.Tensor,
    weight: torch.Tensor,
    temperature: float,
) -> torch.Tensor:
    """How far the student's distributions over starts and ends are from the teacher's: Hinton et al. 2015,
    https://arxiv.org/abs/1503.02531, over all passages of a question and "no answer", as in `shared_loss`.

    student, teacher: start and end logits, (n_windows, n_tokens) float each, of the same tokens. temperature divides
    both. Returns a scalar: the weighted mean over groups of the Kullback-Leibler divergence, times temperature squared.
    """
    members = group[None, :] == torch.arange(len(weight), device=group.device)[:, None]
    total = torch.zeros((), device=group.device)
    for ours, theirs in zip(student, teacher, strict=True):
        told = [(logits.float() - logits[:, :1].float()) / temperature for logits in (ours, theirs)]
        alls = [_with_none(_pooled(margins, allowed, members)) for margins in told]
        log_ours, log_theirs = (margins - all_[group][:, None] for margins, all_ in zip(told, alls, strict=True))
        spans = torch.where(allowed, log_theirs.exp() * (log_theirs - log_ours), 0.0).sum(dim=1)
        none = (-alls[1]).exp() * (alls[0] - alls[1])
        divergence = none.index_add(0, group, spans)
        total = total + (weight * divergence).sum() / weight.sum()
    return total / 2 * temperature**2


def alone(group: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Groups and weights for training each window by itself, without shared normalisation."""
    return torch.arange(len(group), device=group.device), weight[group]


def _with_none(pooled: torch.Tensor) -> torch.Tensor:
    return torch.logaddexp(pooled, torch.zeros_like(pooled))


def _surprise(margins: torch.Tensor, allowed: torch.Tensor, right: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """(n_groups,): minus the log of the probability of the right tokens, or of "no answer" where there are none."""
    everything = _pooled(margins, allowed, members)
    all_and_none = _with_none(everything)
    answered = (members & right.any(dim=1)[None, :]).any(dim=1)
    return all_and_none - torch.where(answered, _pooled(margins, right, members), 0.0)


def _pooled(margins: torch.Tensor, kept: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
    """(n_groups,): log of the sum of exp over the kept tokens of a group's windows."""
    by_window = torch.logsumexp(margins.masked_fill(~kept, _NEVER), dim=1)
    return torch.logsumexp(by_window[None, :].masked_fill(~members, _NEVER), dim=1)
