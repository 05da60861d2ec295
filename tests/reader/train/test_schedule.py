from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.train.schedule import learning_rate


def test_rates_by_hand() -> None:
    rates = [learning_rate(1.0, 0.2, progress) for progress in (0, 0.1, 0.2, 0.6, 1)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0])


@given(progress=st.floats(0, 1), warmup=st.floats(0.01, 0.5))
def test_no_rate_is_above_the_peak(progress: float, warmup: float) -> None:
    assert 0 <= learning_rate(3e-4, warmup, progress) <= 3e-4 * (1 + 1e-9)
