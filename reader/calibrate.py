"""From a score to a probability that the answer is right, and to a threshold that keeps errors below a bound.

Needs numpy alone. What was fitted is a small JSON file, with the data it was fitted on and the figures it reached.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from indexer.errors import InvalidInput
from indexer.types import Bools, Floats

CALIBRATION = Path(__file__).parent / "weights" / "calibration.json"  # of the reader that comes with Pullquote
_NO_RIVAL = 20.0  # logits: the lead of a span that has no runner-up, and the most that any lead counts
_KINDS = ("who", "when", "where", "why", "how", "how many")
FEATURES = ("margin", "lead", "support", "retrieval", "words", *_KINDS)
_SURE = 0.9  # of the bounds on the error
_ERRORS = tuple(round(0.01 * step, 2) for step in range(1, 51))  # the bounds that are offered
_GRID = tuple(round(1 - 0.005 * step, 3) for step in range(1, 200))  # thresholds, tried in this order


class Evidence(NamedTuple):
    """What is known of an answer when it is given.

    score: its span less "no answer", logits. runner_up: the score of the second best span, None without one.
    support: how many passages hold it. retrieval: lead of its passage in the ranking, 0 for a text that was given.
    """

    question: str
    answer: str
    score: float
    runner_up: float | None = None
    support: int = 1
    retrieval: float = 0.0


def features(found: Sequence[Evidence]) -> Floats:
    """(n, len(FEATURES)) float32, a row each, in the order of FEATURES; kinds of question are 0 or 1."""
    rows = [
        (
            one.score,
            _NO_RIVAL if one.runner_up is None else min(_NO_RIVAL, one.score - one.runner_up),
            math.log(one.support),
            one.retrieval,
            math.log1p(len(one.answer.split())),
            *(float(_kind(one.question) == kind) for kind in _KINDS),
        )
        for one in found
    ]
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))


def _kind(question: str) -> str:
    words = re.findall(r"\w+", question.lower())
    word = next((w for w in words if w in (*_KINDS, "what", "which", "whom", "whose")), "what")
    following = words[words.index(word) + 1 :][:1] if word in words else []
    if word == "how" and following in (["many"], ["much"]):
        return "how many"
    return "who" if word in ("whom", "whose") else word


class Bound(NamedTuple):
    """Answers with a confidence of at least `threshold` are wrong at most so often: `max_error`, with 90 % certainty.

    threshold: None where the data could not show it for any. answered, wrong: counts on the data it was shown with.
    """

    max_error: float
    threshold: float | None
    answered: int
    wrong: int


@dataclass(frozen=True)
class Calibration:
    """A logistic model of "the answer is right", for one reader and one runtime.

    weights, intercept: of the features, each less its `centre` and divided by its `spread`. bounds: by max_error.
    data: what it was fitted on, and how many questions. figures: what it reached there, cross-fitted.
    """

    reader: str
    runtime: str
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    bounds: tuple[Bound, ...]
    data: dict[str, int]
    figures: dict[str, float]

    def confidence(self, found: Sequence[Evidence]) -> Floats:
        """(n,) float32: the probability that each answer is right, in (0, 1)."""
        return _probability(features(found), *self._model)

    def threshold(self, max_error: float) -> float | None:
        """The least confidence to answer with, so that at most so many answers are wrong; None: no such promise.

        max_error: in [0.01, 1); between two bounds that were shown, the stricter counts. Raises InvalidInput.
        """
        if not _ERRORS[0] <= max_error < 1:
            raise InvalidInput("max_error", f"{max_error:g} is not in [{_ERRORS[0]:g}, 1)")
        fitting = [bound for bound in self.bounds if bound.max_error <= max_error + 1e-9]
        return max(fitting, key=lambda bound: bound.max_error).threshold if fitting else None

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")

    @property
    def _model(self) -> _Model:
        centre, spread, weights = (np.array(part, np.float64) for part in (self.centre, self.spread, self.weights))
        return _Model(centre, spread, weights, self.intercept)


def load_calibration(file: Path, reader: str, runtime: str) -> Calibration | None:
    """Read what `save` wrote; None where there is no file, or one for another reader or runtime.

    Raises InvalidInput: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        raw = json.loads(file.read_text("utf-8"))
        parts = {name: tuple(raw[name]) for name in ("centre", "spread", "weights")}
        made = Calibration(**{**raw, **parts, "bounds": tuple(Bound(*bound) for bound in raw["bounds"])})
    except (ValueError, LookupError, TypeError) as error:
        raise InvalidInput("calibration", f"{file} cannot be read ({error}): fit it again") from error
    return made if (made.reader, made.runtime) == (reader, runtime) else None


def least_confidence(calibration: Calibration | None, max_error: float, reader: str) -> float:
    """The confidence that an answer needs for `max_error`.

    Raises InvalidInput: nothing was calibrated, or no threshold was shown to keep that promise.
    """
    if calibration is None:
        raise InvalidInput("max_error", f"reader {reader} has no calibration: leave it out")
    least = calibration.threshold(max_error)
    if least is None:
        kept = min((bound.max_error for bound in calibration.bounds if bound.threshold is not None), default=None)
        advice = "leave it out" if kept is None else f"give {kept:g} or more, or leave it out"
        raise InvalidInput("max_error", f"no threshold of reader {reader} was shown to keep {max_error:g}: {advice}")
    return least


def fit(
    reader: str, runtime: str, found: Sequence[Evidence], right: Sequence[bool], data: dict[str, int]
) -> Calibration:
    """Fit on every second answer, and show the bounds on the others, which the model has not seen.

    found: in an order that has nothing to do with what is right. data: names of the sets and how many of each.
    Raises InvalidInput: fewer than 40 answers, or all of them right, or all wrong, in either half.
    """
    rows, truth = features(found), np.array(right, bool)
    odd = np.arange(len(rows)) % 2 == 1
    if len(rows) < 40 or any(truth[part].all() or not truth[part].any() for part in (odd, ~odd)):
        raise InvalidInput("answers", "give 40 or more, right and wrong ones among them")
    model = _fit(rows[~odd], truth[~odd])
    crossed = np.where(odd, _probability(rows, *model), _probability(rows, *_fit(rows[odd], truth[odd])))
    bounds = tuple(_bound(max_error, _probability(rows[odd], *model), truth[odd]) for max_error in _ERRORS)
    figures = {
        "brier": float(((crossed - truth) ** 2).mean()),
        "right": float(truth.mean()),
        "mean_confidence": float(crossed.mean()),
    }
    centre, spread, weights = (tuple(map(float, part.tolist())) for part in (model.centre, model.spread, model.weights))
    return Calibration(reader, runtime, centre, spread, weights, model.intercept, bounds, data, figures)


class _Model(NamedTuple):
    centre: np.ndarray[tuple[int], np.dtype[np.float64]]
    spread: np.ndarray[tuple[int], np.dtype[np.float64]]
    weights: np.ndarray[tuple[int], np.dtype[np.float64]]
    intercept: float


def _fit(rows: Floats, truth: Bools, ridge: float = 1.0) -> _Model:
    """Logistic regression by Newton's method, with an L2 penalty on weights of standardised features."""
    centre, spread = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    spread[spread == 0] = 1.0
    design = np.column_stack([(rows - centre) / spread, np.ones(len(rows))])
    penalty = np.append(np.full(rows.shape[1], ridge), 1e-6)
    weights = np.zeros(design.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (chance - truth) + penalty * weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return _Model(centre, spread, weights[:-1], float(weights[-1]))


def _probability(
    rows: Floats,
    centre: np.ndarray[tuple[int], np.dtype[np.float64]],
    spread: np.ndarray[tuple[int], np.dtype[np.float64]],
    weights: np.ndarray[tuple[int], np.dtype[np.float64]],
    intercept: float,
) -> Floats:
    logits = ((rows - centre) / spread) @ weights + intercept
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


def _bound(max_error: float, confidence: Floats, truth: Bools) -> Bound:
    """The lowest threshold whose error is shown to be small enough, by fixed-sequence testing: thresholds from high to
    low, each at full level, until one fails. Angelopoulos et al. 2021, https://arxiv.org/abs/2110.01052

    The sequence begins where enough is answered that one error could be borne; this depends on no truth.
    """
    shown = Bound(max_error, None, 0, 0)
    for threshold in _GRID:
        kept = confidence >= threshold
        answered, wrong = int(kept.sum()), int((kept & ~truth).sum())
        if not _below(min(1, answered), answered, max_error):
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
