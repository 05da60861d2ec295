"""`python -m reader.train.confidence EVIDENCE …`: fit the final score and its calibration on tune halves, and show what
they come to on report halves.

EVIDENCE are what `bench.evidence` wrote; which answers in it count as right: reader/train/judged.py.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from indexer.errors import InvalidInput, PullquoteError
from indexer.models.registry import load_registry
from indexer.types import Bools, Floats
from reader.calibrate import Calibration, Curve, Fitted, Slope, bounds, fit_slope
from reader.evaluate import calibration_error, reliability
from reader.train.confidence_table import Crossed, table
from reader.train.judged import N_FOLDS, Asked, MadeBy, asked, fold_of, made_by, read_lines
from reader.weigh import FEATURES

_RIDGE = 1.0  # on weights of standardised features
_LEAST = np.arange(0.05, 0.96, 0.01)  # tried as thresholds


class _Linear(NamedTuple):
    weights: Floats
    intercept: float
    nearest: float

    def scores(self, rows: Floats) -> Floats:
        filled = np.where(np.isnan(rows), self.nearest, rows)
        return (filled @ self.weights + self.intercept).astype(np.float32)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: the calibration as a file, Markdown tables of what it comes to on standard output."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.confidence", description="Fit a calibration.")
    parser.add_argument("evidence", nargs="+", type=Path, help="files that bench.evidence wrote")
    parser.add_argument("--out", type=Path, help="the file to write (default: that of the reader in models.yaml)")
    parser.add_argument("--registry", type=Path, metavar="FILE", help="models of your own, in the form of models.yaml")
    given = parser.parse_args(arguments)
    try:
        lines = [line for file in given.evidence for line in read_lines(file)]
        by = made_by(lines)
        spec = load_registry(given.registry).of(by.reader)
        out = given.out or spec.calibration
        if out is None:
            raise InvalidInput("out", f"no calibration of {spec.name} is named in models.yaml: say where to write it")
        made, crossed = fit([asked(line) for line in lines if line["half"] == "tune"], by, spec.threshold)
        made.save(out)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = [asked(line) for line in lines if line["half"] == "report"]
    _tell("Tune halves, cross-fitted", table(crossed, made))
    _tell("Report halves", table([(one, *_told(made, one)) for one in report], made))
    return 0


def fit(tune: Sequence[Asked], by: MadeBy, threshold: float) -> tuple[Calibration, Crossed]:
    """Fit on everything, and cross-fit: each fifth of the questions by what the others say.

    Bounds, the least confidence to answer with and all figures come from the cross-fitted confidences. threshold: the
    reader's own, which goes on to decide over texts.
    Raises InvalidInput: too few questions, or all of them right, or all wrong.
    """
    tune = [one for one in tune if len(one.rows)]
    crossed: Crossed = []
    for fold in range(N_FOLDS):
        linear, slopes = _fitted([one for one in tune if fold_of(one) != fold])
        for one in tune:
            if fold_of(one) == fold:
                scores = linear.scores(one.rows) if one.archive else one.margins
                crossed.append((one, scores, _chance(slopes[one.archive], scores)))
    linear, slopes = _fitted(tune)
    curves = [
        _curve(slopes[archive], [part for part in crossed if part[0].archive == archive]) for archive in (True, False)
    ]
    made = Calibration(
        reader=by.reader,
        runtime=by.runtime,
        weights={name: float(weight) for name, weight in zip(FEATURES, linear.weights, strict=True)},
        intercept=float(linear.intercept),
        nearest=float(linear.nearest),
        archive=curves[0],
        text=replace(curves[1], least=float(curves[1].confidence(np.array([threshold]))[0])),
        data=dict(sorted(Counter(one.set for one in tune).items())),
        figures=_figures(crossed),
        fitted=Fitted(by.embedder, by.fusion, by.depth),
    )
    return made, crossed


def _fitted(part: Sequence[Asked]) -> tuple[_Linear, dict[bool, Slope]]:
    archive = [one for one in part if one.archive]
    if len(archive) < 40 or len(part) - len(archive) < 40:
        raise InvalidInput(
            "evidence", "give 50 questions or more over archives, and as many over texts, on tune halves"
        )
    linear = fit_weights([one.rows for one in archive], [one.right for one in archive])
    slopes = {}
    for kind in (True, False):
        best = [(linear.scores(one.rows) if kind else one.margins, one.right) for one in part if one.archive == kind]
        top = np.array([scores.max() for scores, _ in best])
        slopes[kind] = fit_slope(top, np.array([right[scores.argmax()] for scores, right in best]))
    return linear, slopes


def fit_weights(rows: Sequence[Floats], right: Sequence[Bools]) -> _Linear:
    """Fit a linear score so that softmax over a question's answers and "none", whose score is 0, falls on the right
    ones, or on "none": the objective of the reader (Clark & Gardner 2018), over answers. An L2 penalty on the weights.
    """
    every = np.concatenate(rows).astype(np.float64)
    nearest = float(np.nanmean(every[:, FEATURES.index("nearest")]))
    filled = np.where(np.isnan(every), nearest, every)
    centre, spread = filled.mean(axis=0), filled.std(axis=0)
    spread[spread == 0] = 1.0
    designs = [(np.where(np.isnan(one), nearest, one) - centre) / spread for one in rows]

    def loss(values: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros_like(values)
        for design, truth in zip(designs, right, strict=True):
            scores = np.append(design @ values[:-1] + values[-1], 0.0)
            wanted = np.append(truth, not truth.any())
            chance = np.exp(scores - np.logaddexp.reduce(scores))
            held = chance[wanted].sum() + 1e-12
            total -= float(np.log(held))
            step = (chance - np.where(wanted, chance / held, 0.0))[:-1]
            slope += np.append(step @ design, step.sum())
        slope[:-1] += _RIDGE * values[:-1]
        return total + 0.5 * _RIDGE * float((values[:-1] ** 2).sum()), slope

    found = minimize(loss, np.zeros(every.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    return _Linear(weights, float(found[-1] - weights @ centre), nearest)


def _chance(slope: Slope, scores: Floats) -> Floats:
    return Curve(*slope, 0.5, ()).confidence(scores)


def _curve(slope: Slope, crossed: Crossed) -> Curve:
    best = [(float(confidence.max()), bool(one.right[confidence.argmax()]), one) for one, _, confidence in crossed]
    confidence, right = np.array([value for value, *_ in best]), np.array([good for _, good, _ in best])
    silent = np.array([not one.right.any() for *_, one in best])
    return Curve(*slope, _least(confidence, right, silent), bounds(confidence, right))


def _least(confidence: Floats, right: Bools, silent: Bools) -> float:
    """The confidence from which answers are given: the lowest that does as much good as any on the tune halves, but
    for a standard error. Good is to answer a question rightly, or not to answer where nothing weighed is right.
    """
    good = [float(((right & (confidence >= least)) | (silent & (confidence < least))).mean()) for least in _LEAST]
    best = max(good)
    error = (best * (1 - best) / len(confidence)) ** 0.5
    return round(next(float(least) for least, done in zip(_LEAST, good, strict=True) if done >= best - error), 2)


def _figures(crossed: Crossed) -> dict[str, float]:
    """Of the best answers, over archives and over texts: how many are right, mean confidence, Brier score, ECE."""
    found = {}
    for name, kind in (("archive", True), ("text", False)):
        part = [
            (confidence.max(), one.right[confidence.argmax()]) for one, _, confidence in crossed if one.archive == kind
        ]
        confidence, right = np.array(part, np.float64).T
        found[f"{name}: right"] = round(float(right.mean()), 4)
        found[f"{name}: confidence"] = round(float(confidence.mean()), 4)
        found[f"{name}: Brier"] = round(float(((confidence - right) ** 2).mean()), 4)
        found[f"{name}: ECE"] = round(calibration_error(reliability(confidence, right)), 4)
    return found


def _told(made: Calibration, one: Asked) -> tuple[Floats, Floats]:
    if not one.archive:
        return one.margins, made.text.confidence(one.margins)
    scores = scores_of(made, one)
    return scores, made.archive.confidence(scores)


def scores_of(made: Calibration, one: Asked) -> Floats:
    """(n,) float32: the final score of the answers weighed for a question to an archive."""
    weights = np.array([made.weights[name] for name in FEATURES])
    return _Linear(weights, made.intercept, made.nearest).scores(one.rows)


def _tell(title: str, rows: Iterator[list[str]]) -> None:
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    sys.stdout.write(f"{title}\n\n{lines}\n")


if __name__ == "__main__":
    sys.exit(main())
