"""Bounds against published values and their own promise; a calibration against what made the data."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from reader.calibrate import FEATURES, Calibration, Evidence, features, fit, highest_rate, load_calibration


def simulated(n: int, seed: int) -> tuple[list[Evidence], list[bool]]:
    """Answers that are right with chance 1 / (1 + exp(-score))."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(1.5, 3, n)
    right = rng.random(n) < 1 / (1 + np.exp(-scores))
    return [Evidence("What?", "it", float(score)) for score in scores], right.tolist()


def made(seed: int = 0, n: int = 4000) -> Calibration:
    return fit("a-reader", "onnx-int8", *simulated(n, seed), data={"simulated": n})


def test_features_by_hand() -> None:
    found = [
        Evidence("How many died?", "39", 2.0, 1.5, support=3, retrieval=0.25),
        Evidence("By whom was it said?", "the two men", -1.0),
    ]
    kinds = {"who": [0, 1], "how many": [1, 0]}
    expected = {
        "margin": [2, -1],
        "lead": [0.5, 20],
        "support": [math.log(3), 0],
        "retrieval": [0.25, 0],
        "words": [math.log(2), math.log(4)],
        **{kind: kinds.get(kind, [0, 0]) for kind in ("who", "when", "where", "why", "how", "how many")},
    }
    np.testing.assert_allclose(features(found), np.array([expected[name] for name in FEATURES]).T, rtol=1e-6)
    assert features([]).shape == (0, len(FEATURES))


@pytest.mark.parametrize(
    ("wrong", "n", "sure", "bound"),
    [
        (0, 10, 0.95, 0.2589),  # 1 - .05 ** (1 / 10)
        (0, 22, 0.9, 0.0994),
        (1, 10, 0.95, 0.3942),  # table of Clopper & Pearson 1934
        (2, 20, 0.975, 0.3170),
        (10, 10, 0.9, 1.0),
        (0, 0, 0.9, 1.0),
    ],
)
def test_highest_rate_is_that_of_the_tables(wrong: int, n: int, sure: float, bound: float) -> None:
    assert highest_rate(wrong, n, sure) == pytest.approx(bound, abs=5e-5)


@given(n=st.integers(1, 300), data=st.data())
def test_highest_rate_is_above_what_was_seen_and_rises_with_it(n: int, data: st.DataObject) -> None:
    wrong = data.draw(st.integers(0, n - 1))
    assert wrong / n < highest_rate(wrong, n) < highest_rate(wrong + 1, n) or wrong + 1 == n


def test_no_observation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="5 of 4"):
        highest_rate(5, 4)


def test_the_model_finds_what_made_the_data() -> None:
    probes = [Evidence("What?", "it", score) for score in (-3.0, -1.0, 0.0, 1.0, 3.0)]
    expected = [1 / (1 + math.exp(-probe.score)) for probe in probes]
    np.testing.assert_allclose(made().confidence(probes), expected, atol=0.05)


def test_the_bound_holds_on_fresh_data_as_often_as_it_says() -> None:
    fresh, right = simulated(5_000, seed=999)
    kept_word, promised = 0, 0
    for seed in range(20):
        calibration = made(seed, n=1500)
        threshold = calibration.threshold(0.1)
        assert threshold is not None
        answered = calibration.confidence(fresh) >= threshold
        promised += 1
        kept_word += bool((~np.array(right)[answered]).mean() <= 0.1)
    assert kept_word / promised >= 0.8  # 18 of 20 expected; 15 or fewer has a chance of 4 %


def test_a_bound_that_nothing_shows_is_no_bound() -> None:
    found, _ = simulated(400, seed=1)
    coin = [bool(value) for value in np.random.default_rng(5).random(400) < 0.5]
    calibration = fit("a-reader", "onnx", found, coin, {"coin": 400})
    assert calibration.threshold(0.05) is None
    assert np.abs(calibration.confidence(found) - 0.5).max() < 0.25


def test_a_stricter_bound_answers_less() -> None:
    bounds = made().bounds
    thresholds = [math.inf if bound.threshold is None else bound.threshold for bound in bounds]
    assert thresholds == sorted(thresholds, reverse=True)
    shown = [bound for bound in bounds if bound.threshold is not None]
    assert shown
    assert all(highest_rate(bound.wrong, bound.answered) <= bound.max_error for bound in shown)


def test_between_two_bounds_the_stricter_counts() -> None:
    calibration = made()
    assert calibration.threshold(0.105) == calibration.threshold(0.1)
    assert calibration.threshold(0.9) == calibration.threshold(0.5)
    for outside in (0.0, 0.009, 1.0, math.nan):
        with pytest.raises(InvalidInput, match="max_error"):
            calibration.threshold(outside)


def test_what_is_saved_is_read_again_for_the_same_reader_only(tmp_path: Path) -> None:
    calibration, file = made(), tmp_path / "calibration.json"
    assert load_calibration(file, "a-reader", "onnx-int8") is None
    calibration.save(file)
    assert load_calibration(file, "a-reader", "onnx-int8") == calibration
    assert load_calibration(file, "a-reader", "torch") is None
    assert load_calibration(file, "another", "onnx-int8") is None
    assert json.loads(file.read_text())["data"] == {"simulated": 4000}
    file.write_text(file.read_text()[:-50])
    with pytest.raises(InvalidInput, match=r"calibration\.json cannot be read"):
        load_calibration(file, "a-reader", "onnx-int8")


def test_too_little_to_fit_on_is_refused() -> None:
    found, right = simulated(39, seed=0)
    with pytest.raises(InvalidInput, match="40 or more"):
        fit("a", "b", found, right, {})
    found, _ = simulated(100, seed=0)
    with pytest.raises(InvalidInput, match="right and wrong"):
        fit("a", "b", found, [True] * 100, {})


def test_confidence_rises_with_the_score_and_is_a_probability() -> None:
    probes = [Evidence("What?", "it", score) for score in np.linspace(-1e4, 1e4, 50).tolist()]
    values = made().confidence(probes)
    assert (np.diff(values) >= 0).all()
    assert ((values > 0) & (values <= 1)).all()
    assert replace(made(), intercept=0.0).confidence([]).shape == (0,)


def test_serving_loads_numpy_alone() -> None:
    code = (
        "import sys, reader.calibrate; print(sorted({'sklearn', 'scipy', 'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
