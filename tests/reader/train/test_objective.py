from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.train.objective import alone, shared_loss, taught_loss


def bools(*rows: str) -> torch.Tensor:
    return torch.tensor([[mark == "x" for mark in row] for row in rows])


def test_one_window_is_the_usual_loss_of_bert() -> None:
    torch.manual_seed(0)
    start, end = torch.randn(2, 4), torch.randn(2, 4)
    allowed = torch.tensor([[False, True, True, True]] * 2)
    starts, ends = bools(".x..", "...."), bools("..x.", "....")
    loss = shared_loss(start, end, allowed, starts, ends, torch.tensor([0, 1]), torch.ones(2))
    entropy = torch.nn.functional.cross_entropy
    expected = (entropy(start, torch.tensor([1, 0])) + entropy(end, torch.tensor([2, 0]))) / 2
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_passages_of_a_question_compete_by_hand() -> None:
    # margins over "no answer": 1 and 2 in window 0, 3 and 0 in window 1; e^0 for none. Right: token 2 of window 0
    start = torch.tensor([[5.0, 6, 7], [-1, 2, -1]])
    allowed = bools(".xx", ".xx")
    starts = bools("..x", "...")
    loss = shared_loss(start, start, allowed, starts, starts, torch.tensor([0, 0]), torch.ones(1))
    expected = math.log(1 + math.e + math.e**2 + math.e**3 + 1) - 2
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_several_right_answers_add_up_and_weights_count() -> None:
    start = torch.zeros(2, 3)
    allowed, starts = bools(".xx", ".xx"), bools(".xx", "...")
    loss = shared_loss(start, start, allowed, starts, starts, torch.tensor([0, 1]), torch.tensor([3.0, 1.0]))
    assert float(loss) == pytest.approx((3 * math.log(3 / 2) + math.log(3)) / 4, rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(shift=st.floats(-50, 50), seed=st.integers(0, 99))
def test_what_a_window_adds_to_all_its_tokens_changes_nothing(shift: float, seed: int) -> None:
    torch.manual_seed(seed)
    start = torch.randn(2, 5, dtype=torch.float64)
    allowed, starts = bools("..xxx", "..xxx"), bools("...x.", ".....")
    group, weight = torch.tensor([0, 0]), torch.ones(1)
    moved = start + torch.tensor([[shift], [0.0]], dtype=torch.float64)
    before, after = (shared_loss(s, s, allowed, starts, starts, group, weight) for s in (start, moved))
    assert float(before) == pytest.approx(float(after), rel=1e-3, abs=1e-4)
    assert float(before) >= 0


def test_padding_gets_no_gradient_and_no_gradient_is_lost() -> None:
    start = torch.randn(2, 4, requires_grad=True)
    allowed, starts = bools(".xx.", "...."), bools(".x..", "....")  # the second window has no passage token at all
    shared_loss(start, start, allowed, starts, starts, torch.tensor([0, 1]), torch.ones(2)).backward()  # type: ignore[no-untyped-call]
    assert start.grad is not None
    assert torch.isfinite(start.grad).all()
    assert float(start.grad[:, 3].abs().max()) == 0
    assert float(start.grad[0, 1]) < 0 < float(start.grad[0, 2])


def test_a_teacher_of_one_mind_costs_nothing() -> None:
    start, end = torch.randn(2, 4), torch.randn(2, 4)
    allowed = bools(".xxx", ".xx.")
    shifted = (start + 3, end - 2)  # the same margins
    loss = taught_loss((start, end), shifted, allowed, torch.tensor([0, 0]), torch.ones(1), 2.0)
    assert float(loss) == pytest.approx(0, abs=1e-5)


def test_the_divergence_from_a_teacher_by_hand() -> None:
    # one passage token of margin 0 for the student (1/2 it, 1/2 none), log 3 for the teacher (3/4, 1/4)
    ours, theirs = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0, math.log(3)]])
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    allowed, group = bools(".x"), torch.tensor([0])
    assert float(taught_loss((ours, ours), (theirs, theirs), allowed, group, torch.ones(1), 1.0)) == pytest.approx(
        divergence, rel=1e-5
    )
    # twice as soft: the teacher's margin is log 3 / 2, and the result counts four times
    soft = 3**0.5 / (1 + 3**0.5)
    divergence = 4 * (soft * math.log(soft / 0.5) + (1 - soft) * math.log((1 - soft) / 0.5))
    assert float(taught_loss((ours, ours), (theirs, theirs), allowed, group, torch.ones(1), 2.0)) == pytest.approx(
        divergence, rel=1e-5
    )


def test_alone_makes_each_window_a_question() -> None:
    group, weight = alone(torch.tensor([0, 0, 1]), torch.tensor([2.0, 3.0]))
    assert group.tolist() == [0, 1, 2]
    assert weight.tolist() == [2, 2, 3]
