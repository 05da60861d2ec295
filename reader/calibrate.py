"""From what speaks for an answer to one score, from the score to a probability, and to thresholds that bound errors.

Needs numpy alone. What was fitted is a small JSON file, with the data it was fitted on and the figures it reached.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from indexer.errors import InvalidInput
from indexer.types import Bools, Floats
from reader.group import Group
from reader.weigh import FEATURES, Standing, features

_SURE = 0.9  # of the bounds on the error
_ERRORS = tuple(round(0.01 * step, 2) for step in range(1, 51))  # the bounds that are offered
_FIRST = 0.05  # the bound by which sequences of thresholds begin
_GRID = tuple(round(1 - 0.005 * step, 3) for step in range(1, 200))  # thresholds, tried in this order


class Bound(NamedTuple):
    """Answers with a confidence of at least `threshold` are wrong at most so often: `max_error`, with 90 % certainty.

    threshold: None where the data could not show it for any. answered, wrong: counts on the data it was shown with.
    """

    max_error: float
    threshold: float | None
    answered: int
    wrong: int


@dataclass(frozen=True)
class Curve:
    """The probability that an answer of this score is right: 1 / (1 + exp(-(slope * score + intercept))), slope > 0.

    least: the confidence from which answers are given. bounds: by max_error.
    """

    slope: float
    intercept: float
    least: float
    bounds: tuple[Bound, ...]

    def confidence(self, scores: Floats) -> Floats:
        """(n,) float32 in (0, 1), for (n,) scores."""
        logits = np.clip(self.slope * np.asarray(scores, np.float64) + self.intercept, -30, 30)
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    @property
    def least_score(self) -> float:
        """The score from which answers are given: that of the confidence `least`."""
        return (math.log(self.least / (1 - self.least)) - self.intercept) / self.slope

    def threshold(self, max_error: float) -> float | None:
        """The least confidence to answer with, so that at most so many answers are wrong; None: no such promise.

        max_error: in [0.01, 1); between two bounds that were shown, the stricter counts. Raises InvalidInput.
        """
        if not _ERRORS[0] <= max_error < 1:
            raise InvalidInput("max_error", f"{max_error:g} is not in [{_ERRORS[0]:g}, 1)")
        fitting = [bound for bound in self.bounds if bound.max_error <= max_error + 1e-9]
        return max(fitting, key=lambda bound: bound.max_error).threshold if fitting else None


@dataclass(frozen=True)
class Fitted:
    """How the passages were found that a calibration was fitted on: what its scores hang on besides the reader.

    embedder: its fingerprint. fusion: as `retriever.search.fusion` has it. depth: how many passages were read.
    """

    embedder: str
    fusion: str
    depth: int


@dataclass(frozen=True)
class Calibration:
    """The final score of one reader in one runtime, and what it is worth.

    weights, intercept: of FEATURES; a score of 0 is as likely as no answer. nearest: stands for cosines that were not
    taken. archive: of the final score of answers out of an archive. text: of the reader's own score of answers out of
    one text that was given. data: what it was fitted on, and how many questions. figures: reached there, cross-fitted.
    fitted: how passages were found then; None: nobody knows.
    """

    reader: str
    runtime: str
    weights: Mapping[str, float]
    intercept: float
    nearest: float
    archive: Curve
    text: Curve
    data: Mapping[str, int]
    figures: Mapping[str, float]
    fitted: Fitted | None = None

    def differs(self, embedder: str, fusion: str) -> str:
        """What finds passages in another way than when it was fitted, in words; "" where nothing does.

        The depth is not compared: confidences hold at lesser ones (docs/reader.md).
        """
        if self.fitted is None:
            return ""
        pairs = {"embedder": (self.fitted.embedder, embedder), "fusion": (self.fitted.fusion, fusion)}
        return " and ".join(f"{name} {was}, not {now}" for name, (was, now) in pairs.items() if was != now)

    def scores(self, question: str, groups: Sequence[Group], standings: Sequence[Standing]) -> Floats:
        """(n,) float32: the final score of each answer."""
        rows = features(question, groups, standings, self.nearest)
        weights = np.array([self.weights[name] for name in FEATURES], np.float64)
        return np.asarray(rows @ weights + self.intercept, np.float32)

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")


def weighed(
    question: str, groups: Sequence[Group], standings: Sequence[Standing], calibration: Calibration
) -> list[Group]:
    """Answers out of an archive with their final score and confidence, best first; ties by article id, then offset."""
    scores = calibration.scores(question, groups, standings)
    pairs = zip(groups, scores.tolist(), calibration.archive.confidence(scores).tolist(), strict=True)
    made = [one._replace(score=score, confidence=confidence) for one, score, confidence in pairs]
    return sorted(made, key=lambda one: (-one.score, one.best.article, one.best.start, one.best.end))


def load_calibration(file: Path | None, reader: str, runtime: str) -> Calibration | None:
    """Read what `save` wrote; None where no file is named, or it is for another reader or runtime.

    reader: a fingerprint. Raises InvalidInput: there is no such file, or it is damaged.
    """
    if file is None:
        return None
    try:
        raw = json.loads(file.read_text("utf-8"))
        curves = {name: _curve(raw[name]) for name in ("archive", "text")}
        fitted = Fitted(**raw["fitted"]) if raw.get("fitted") else None
        made = Calibration(**{**raw, **curves, "fitted": fitted})
        if set(made.weights) != set(FEATURES):
            raise ValueError(f"weights of {', '.join(sorted(made.weights))}")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput("calibration", f"{file} cannot be read ({error}): fit it again") from error
    return made if (made.reader, made.runtime) == (reader, runtime) else None


def _curve(raw: Mapping[str, object]) -> Curve:
    bounds: object = raw["bounds"]
    if not isinstance(bounds, list):
        raise TypeError("bounds are no list")
    return Curve(**{**raw, "bounds": tuple(Bound(*bound) for bound in bounds)})  # type: ignore[arg-type]


def least_confidence(calibration: Calibration | None, max_error: float, reader: str, depth: int) -> float:
    """The confidence that an answer out of an archive needs for `max_error`. depth: how many passages are read.

    Raises InvalidInput: nothing was calibrated, or no threshold was shown to keep that promise, at this depth.
    """
    if calibration is None:
        raise InvalidInput("max_error", f"reader {reader} has no calibration: leave it out")
    if calibration.fitted is not None and depth != calibration.fitted.depth:
        shown = f"bounds of reader {reader} were shown for a depth of {calibration.fitted.depth}, not {depth}"
        raise InvalidInput("max_error", f"{shown}: leave one of the two out")
    least = calibration.archive.threshold(max_error)
    if least is None:
        offered = (bound.max_error for bound in calibration.archive.bounds if bound.threshold is not None)
        kept = min(offered, default=None)
        advice = "leave it out" if kept is None else f"give {kept:g} or more, or leave it out"
        raise InvalidInput("max_error", f"no threshold of reader {reader} was shown to keep {max_error:g}: {advice}")
    return least


class Slope(NamedTuple):
    """A logistic regression on one number."""

    slope: float
    intercept: float


def fit_slope(scores: Floats, right: Bools, ridge: float = 1e-3) -> Slope:
    """Logistic regression of `right` on the scores, by Newton's method: Platt 1999, with a small L2 penalty.

    Raises InvalidInput: all are right, or all wrong, or the higher the score, the less is right.
    """
    truth = np.asarray(right, np.float64)
    if len(truth) < 20 or truth.all() or not truth.any():
        raise InvalidInput("answers", "give 20 or more, right and wrong ones among them")
    design = np.column_stack([np.asarray(scores, np.float64), np.ones(len(truth))])
    penalty, weights = np.array([ridge, 1e-6]), np.zeros(2)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (chance - truth) + penalty * weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    slope, intercept = weights.tolist()
    if slope <= 0:
        raise InvalidInput("answers", "the higher their score, the fewer of them are right")
    return Slope(slope, intercept)


def bounds(confidence: Floats, right: Bools) -> tuple[Bound, ...]:
    """What thresholds can promise, for each error that is offered. confidence: of a model that has not seen `right`.

    A larger error never answers less: what keeps a smaller one keeps it too.
    """
    truth = np.asarray(right, bool)
    found: list[Bound] = []
    for max_error in _ERRORS:
        own = _bound(max_error, np.asarray(confidence), truth)
        stricter = found[-1] if found else own
        found.append(min(own, stricter._replace(max_error=max_error), key=_least_threshold))
    return tuple(found)


def _least_threshold(bound: Bound) -> float:
    return math.inf if bound.threshold is None else bound.threshold


def _bound(max_error: float, confidence: Floats, truth: Bools) -> Bound:
    """The lowest threshold whose error is shown to be small enough, by fixed-sequence testing: thresholds from high to
    low, each at full level, until one fails. Angelopoulos et al. 2021, https://arxiv.org/abs/2110.01052

    The sequence begins where enough is answered that one error could be borne by a bound of a twentieth, or by this one
    if it is stricter: this depends on no truth, and from a twentieth on all bounds look at the same thresholds.
    """
    shown, first = Bound(max_error, None, 0, 0), min(max_error, _FIRST)
    for threshold in _GRID:
        kept = confidence >= threshold
        answered, wrong = int(kept.sum()), int((kept & ~truth).sum())
        if not _below(min(1, answered), answered, first):
            continue
        if not _below(wrong, answered, max_error):
            break
        shown = Bound(max_error, threshold, answered, wrong)
    return shown


def _below(wrong: int, n: int, rate: float) -> bool:
    """Whether `highest_rate` of what was seen is at most `rate`, without searching for it."""
    return wrong < n * rate and _at_most(wrong, n, rate) <= 1 - _SURE


def highest_rate(wrong: int, n: int, sure: float = _SURE) -> float:
    """Upper bound of a rate of which `wrong` in n were seen, one-sided: Clopper & Pearson 1934. 1 where n is 0.

    The largest p at which seeing `wrong` or fewer still has a chance of 1 - sure.
    """
    if not 0 <= wrong <= n or not 0 < sure < 1:
        raise InvalidInput("wrong", f"{wrong} of {n} at {sure:g} is no observation")
    if wrong == n:
        return 1.0
    low, high = wrong / n, 1.0  # never reached: rates in between are in (0, 1)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, n, middle) > 1 - sure else (low, middle)
    return high


def _at_most(wrong: int, n: int, rate: float) -> float:
    """Chance of at most `wrong` in n, for a rate in (0, 1): the distribution function of the binomial."""
    k = np.arange(1, wrong + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((n - k + 1) / k))])  # logs of n over 0, 1, ... wrong
    tries = np.arange(wrong + 1)
    return float(np.exp(ways + tries * math.log(rate) + (n - tries) * math.log1p(-rate)).sum())
