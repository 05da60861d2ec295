from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from reader.train.schedule import Budget, learning_rate


def test_rates_by_hand() -> None:
    rates = [learning_rate(1.0, 0.2, progress) for progress in (0, 0.1, 0.2, 0.6, 1)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0])


@given(progress=st.floats(0, 1), warmup=st.floats(0.01, 0.5))
def test_no_rate_is_above_the_peak(progress: float, warmup: float) -> None:
    assert 0 <= learning_rate(3e-4, warmup, progress) <= 3e-4 * (1 + 1e-9)


def test_progress_follows_steps_or_seconds() -> None:
    assert Budget(steps=10).progress(5, 1e9) == 0.5
    assert Budget(seconds=60).progress(10**9, 15) == 0.25
    assert Budget(steps=10).progress(11, 0) == 1


@pytest.mark.parametrize(("steps", "seconds"), [(None, None), (1, 1.0), (0, None), (None, -1.0)])
def test_a_budget_is_one_positive_number(steps: int | None, seconds: float | None) -> None:
    with pytest.raises(InvalidInput, match="either steps or seconds"):
        Budget(steps, seconds)
