"""Bounds against published values and their own promise; curves and scores by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from indexer.models.defaults import READER
from indexer.models.registry import load_registry
from indexer.types import Bools, Floats
from pullquote import Archive
from reader.calibrate import (
    Bound,
    Calibration,
    Curve,
    Fitted,
    bounds,
    fit_slope,
    highest_rate,
    least_confidence,
    load_calibration,
    weighed,
)
from reader.group import Occurrence, group
from reader.model import Reader
from reader.weigh import FEATURES, Standing
from retriever.search import fusion
from tests.reader.fakes import FakeSpanModel, by_word

WEIGHTS = dict.fromkeys(FEATURES, 0.0) | {"retrieval": 10.0, "echo": -4.0}
CURVE = Curve(0.5, -1.0, 0.3, (Bound(0.1, None, 0, 0), Bound(0.2, 0.8, 50, 5), Bound(0.3, 0.6, 90, 20)))
MADE = Calibration(
    "a-reader", "onnx-int8", WEIGHTS, -2.0, 0.4, CURVE, replace(CURVE, intercept=1.0), {"x": 9}, {"f": 0.5}
)
FITTED = replace(MADE, fitted=Fitted("all-minilm:1", "convex", 20))


def simulated(n: int, seed: int) -> tuple[Floats, Bools]:
    """Scores of answers that are right with chance 1 / (1 + exp(-score))."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(1.5, 3, n).astype(np.float32)
    return scores, rng.random(n) < 1 / (1 + np.exp(-scores))


def test_the_final_score_is_a_weighted_sum_and_ranks() -> None:
    near, far = Occurrence("a", "s", 5, 7, "Xi", 1.0, 0), Occurrence("b", "t", 0, 4, "Khan", 3.0, 1)
    groups = group([near, far])
    assert [one.best for one in groups] == [far, near]
    found = weighed("Who is Khan?", groups, [Standing(1.0), Standing(0.5)], MADE)
    assert [(one.best, one.score) for one in found] == [(near, 10 - 2), (far, 5 - 4 - 2)]
    assert [one.confidence for one in found] == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(1.5))])
    assert weighed("Who?", [], [], MADE) == []


def test_equal_scores_go_by_article_then_offset() -> None:
    places = [("b", 1, "x"), ("a", 9, "y"), ("a", 2, "z")]
    spans = [Occurrence(article, article, at, at + 1, quote, 1.0, 0) for article, at, quote in places]
    found = weighed("Who?", group(spans), [Standing()], MADE)
    assert [(one.best.article, one.best.start) for one in found] == [("a", 2), ("a", 9), ("b", 1)]


def test_every_answer_is_weighed() -> None:
    spans = [Occurrence("a", "s", 10 * at, 10 * at + 3, f"x{at}", float(-at), 0) for at in range(45)]
    assert len(weighed("Who?", group(spans), [Standing()], MADE)) == 45


def test_a_curve_and_its_least_score() -> None:
    assert CURVE.confidence(np.array([2.0, 4.0], np.float32)) == pytest.approx([0.5, 1 / (1 + math.exp(-1))])
    assert float(CURVE.confidence(np.array([CURVE.least_score], np.float32))[0]) == pytest.approx(0.3)
    values = CURVE.confidence(np.linspace(-1e4, 1e4, 50).astype(np.float32))
    assert (np.diff(values) >= 0).all()
    assert ((values > 0) & (values <= 1)).all()
    assert CURVE.confidence(np.zeros(0, np.float32)).shape == (0,)


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


def test_the_slope_finds_what_made_the_data() -> None:
    assert fit_slope(*simulated(4000, 0)) == pytest.approx((1.0, 0.0), abs=0.12)
    scores, right = simulated(400, 0)
    for truth in (np.ones(400, bool), np.zeros(400, bool), right[:19]):
        with pytest.raises(InvalidInput, match="20 or more"):
            fit_slope(scores[: len(truth)], truth)
    with pytest.raises(InvalidInput, match="the higher their score"):
        fit_slope(-scores, right)


def test_the_bound_holds_on_fresh_data_as_often_as_it_says() -> None:
    curve = Curve(1.0, 0.0, 0.5, ())
    fresh, right = simulated(5_000, seed=999)
    kept_word = []
    for seed in range(20):
        scores, truth = simulated(750, seed)
        made = replace(curve, bounds=bounds(curve.confidence(scores), truth))
        threshold = made.threshold(0.1)
        assert threshold is not None
        kept_word.append(bool((~right[curve.confidence(fresh) >= threshold]).mean() <= 0.1))
    assert np.mean(kept_word) >= 0.8  # 18 of 20 expected; 15 or fewer has a chance of 4 %


def test_a_bound_that_nothing_shows_is_no_bound() -> None:
    coin = np.random.default_rng(5).random(400) < 0.5
    made = bounds(np.linspace(0.01, 0.99, 400, dtype=np.float32), coin)
    assert made[4] == Bound(0.05, None, 0, 0)


def test_a_stricter_bound_answers_less() -> None:
    scores, right = simulated(2000, 0)
    made = bounds(Curve(1.0, 0.0, 0.5, ()).confidence(scores), right)
    thresholds = [math.inf if bound.threshold is None else bound.threshold for bound in made]
    assert thresholds == sorted(thresholds, reverse=True)
    shown = [bound for bound in made if bound.threshold is not None]
    assert shown
    assert all(highest_rate(bound.wrong, bound.answered) <= bound.max_error for bound in shown)


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=200), st.integers(0, 200))
def test_a_larger_error_never_answers_less(answers: list[tuple[float, bool]], sure: int) -> None:
    answers = [(0.999, at % 7 > 0) for at in range(sure)] + answers  # so that some bounds are shown
    confidence, right = (np.array(part) for part in zip(*answers, strict=True))
    made = bounds(confidence, right)
    thresholds = [math.inf if bound.threshold is None else bound.threshold for bound in made]
    assert thresholds == sorted(thresholds, reverse=True)
    answered = [bound.answered for bound in made]
    assert answered == sorted(answered)


def test_a_larger_error_answers_though_the_very_surest_are_wrong() -> None:
    confidence = np.repeat([0.99, 0.9], [8, 400])  # 2 wrong of 8 show no .5, 2 of 408 show .05
    right = np.arange(408) > 1
    made = {bound.max_error: bound.threshold for bound in bounds(confidence, right)}
    assert made[0.5] is not None
    assert made[0.05] is not None
    assert made[0.5] <= made[0.05] <= 0.9


def test_between_two_bounds_the_stricter_counts() -> None:
    assert CURVE.threshold(0.25) == CURVE.threshold(0.2) == 0.8
    assert CURVE.threshold(0.9) == CURVE.threshold(0.3) == 0.6
    assert CURVE.threshold(0.15) is None
    for outside in (0.0, 0.009, 1.0, math.nan):
        with pytest.raises(InvalidInput, match="max_error"):
            CURVE.threshold(outside)


def test_what_cannot_be_promised_is_refused_with_what_can() -> None:
    assert least_confidence(MADE, 0.2, "a-reader", 20) == 0.8
    with pytest.raises(InvalidInput, match=r"give 0\.2 or more, or leave it out"):
        least_confidence(MADE, 0.1, "a-reader", 20)
    with pytest.raises(InvalidInput, match="has no calibration"):
        least_confidence(None, 0.1, "a-reader", 20)


def test_a_promise_holds_at_the_depth_that_it_was_shown_at() -> None:
    assert least_confidence(FITTED, 0.2, "a-reader", 20) == 0.8
    assert least_confidence(MADE, 0.2, "a-reader", 4) == 0.8  # nobody knows of which it was
    with pytest.raises(InvalidInput, match=r"^max_error: .* shown for a depth of 20, not 4: leave one of the two out$"):
        least_confidence(FITTED, 0.2, "a-reader", 4)


def test_what_finds_passages_in_another_way_is_named() -> None:
    assert FITTED.differs("all-minilm:1", "convex") == ""
    assert MADE.differs("another", "another") == ""  # as above
    assert FITTED.differs("all-minilm:2", "convex") == "embedder all-minilm:1, not all-minilm:2"
    assert FITTED.differs("e", "rrf") == "embedder all-minilm:1, not e and fusion convex, not rrf"


def test_a_reader_has_no_confidence_beside_what_it_was_not_fitted_with(caplog: pytest.LogCaptureFixture) -> None:
    reader = Reader(FakeSpanModel(by_word()), 9, replace(FITTED, fitted=Fitted("all-minilm:1", fusion(), 20)))
    assert reader.beside("all-minilm:1") is reader
    assert not caplog.records
    plain = reader.beside("all-minilm:2")
    assert (plain.calibration, plain.threshold, plain.max_tokens) == (None, reader.model.threshold, 9)
    (told,) = caplog.messages
    assert told.endswith("the calibration of fake is of embedder all-minilm:1, not all-minilm:2")
    assert Reader(reader.model).beside("all-minilm:2").calibration is None


def test_readers_that_ship_were_fitted_with_what_ships() -> None:
    files = {name: spec.calibration for name, spec in load_registry().items() if spec.calibration}
    assert READER in files
    for name, file in files.items():
        made = json.loads(file.read_text("utf-8"))
        fitted = made["fitted"]
        assert (fitted["fusion"], fitted["depth"]) == (fusion(), signature(Archive.ask).parameters["depth"].default)
        assert (made["reader"].partition(":")[0], made["runtime"]) == (name, load_registry()[name].runtime)


def test_what_is_saved_is_read_again_for_the_same_reader_only(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    with pytest.raises(InvalidInput, match=r"calibration\.json cannot be read .*No such file"):
        load_calibration(file, "a-reader", "onnx-int8")
    MADE.save(file)
    assert load_calibration(file, "a-reader", "onnx-int8") == MADE
    FITTED.save(file)
    assert load_calibration(file, "a-reader", "onnx-int8") == FITTED
    raw = json.loads(file.read_text())
    assert raw.pop("fitted") == {"embedder": "all-minilm:1", "fusion": "convex", "depth": 20}
    file.write_text(json.dumps(raw))
    assert load_calibration(file, "a-reader", "onnx-int8") == MADE  # as it was written before
    MADE.save(file)
    assert load_calibration(file, "a-reader", "torch") is None
    assert load_calibration(file, "another", "onnx-int8") is None
    whole = file.read_text()
    for damaged in (whole[:-50], whole.replace("kin", "size"), json.dumps({**json.loads(whole), "more": 1})):
        file.write_text(damaged)
        with pytest.raises(InvalidInput, match=r"calibration\.json cannot be read"):
            load_calibration(file, "a-reader", "onnx-int8")


def test_serving_loads_numpy_alone() -> None:
    code = (
        "import sys, reader.calibrate; print(sorted({'sklearn', 'scipy', 'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
