"""`python -m reader.train.confidence EVIDENCE …`: fit the final score and its calibration on tune halves, and show what
they come to on report halves.

EVIDENCE are what `bench.evidence` wrote. An answer counts as right where it holds a gold answer, or shares half of its
words with one (F1 of 0.5): it says what was asked for, though its edges may be others. "Four" is as good as "4".
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from indexer.errors import InvalidInput, PullquoteError
from indexer.models.registry import load_registry
from indexer.types import Bools, Floats
from reader.calibrate import Calibration, Curve, Fitted, Slope, bounds, fit_slope
from reader.evaluate import RIGHT_FROM, calibration_error, f1, in_digits, reliability
from reader.group import Group, Occurrence, group, names_something
from reader.train.errors import TrainingDataError
from reader.weigh import FEATURES, Standing, features, standings
from retriever.evaluate import holds

_FOLDS = 5
_SHOWN = (0.05, 0.1, 0.2)
_RIDGE = 1.0  # on weights of standardised features
_LEAST = np.arange(0.05, 0.96, 0.01)  # tried as thresholds


class Asked(NamedTuple):
    """One question with the answers weighed for it, the best margin first.

    over: which set's articles were asked. margins: (n,), the reader's own scores. rows: (n, len(FEATURES)), nan for
    cosines that were not taken. right: (n,). answerable: whether it has an answer.
    """

    set: str
    id: str
    half: str
    archive: bool
    margins: Floats
    rows: Floats
    right: Bools
    answerable: bool
    over: str


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
    parser.add_argument("--out", type=Path, required=True, help="calibration.json to write")
    given = parser.parse_args(arguments)
    try:
        lines = [line for file in given.evidence for line in read_lines(file)]
        by = _made_by(lines)
        threshold = load_registry().model(by.reader.split(":")[0]).threshold
        made, crossed = fit([asked(line) for line in lines if line["half"] == "tune"], by, threshold)
        made.save(given.out)
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = [asked(line) for line in lines if line["half"] == "report"]
    _tell("Tune halves, cross-fitted", _table(crossed, made))
    _tell("Report halves", _table([(one, *_told(made, one)) for one in report], made))
    return 0


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a file of evidence. Raises TrainingDataError."""
    try:
        with file.open(encoding="utf-8") as lines:  # not splitlines: quoted texts hold U+2028 and U+0085 as they are
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TrainingDataError(file, f"holds no evidence ({error})") from error


class _By(NamedTuple):
    """What made the evidence."""

    reader: str
    runtime: str
    embedder: str
    fusion: str
    depth: int


def _made_by(lines: Sequence[dict[str, Any]]) -> _By:
    """The one reader, and the one way of finding passages, that all lines are of."""
    found = {_By(*(line[name] for name in _By._fields)) for line in lines}
    if len(found) != 1:
        raise InvalidInput("evidence", f"is of {len(found)} readers or ways of finding: gather it of one")
    return found.pop()


def asked(line: dict[str, Any]) -> Asked:
    """What a line of evidence says of its answers."""
    passages, groups = line["passages"], groups_of(line)
    stand = standings([Standing(**p["standing"]) for p in passages])
    rows = features(line["question"], groups, stand, nearest=np.nan)
    right = [_is_right(one, line["answers"]) for one in groups]
    margins = np.array([one.best.score for one in groups], np.float32)
    return Asked(
        set=line["set"],
        id=line["id"],
        half=line["half"],
        archive=bool(line["archive"]),
        margins=margins,
        rows=rows,
        right=np.array(right, bool),
        answerable=bool(line["answers"]),
        over=line.get("over", line["set"]),
    )


def groups_of(line: dict[str, Any]) -> list[Group]:
    """The answers that are weighed in a line of evidence, the best margin first."""
    spans = [
        Occurrence(p["article"], p["story"], p["start"] + start, p["start"] + end, p["text"][start:end], score, at)
        for at, start, end, score in line["spans"]
        for p in [line["passages"][at]]
        if not line["archive"] or names_something(p["text"], start, end)
    ]
    return group(spans)


def _is_right(one: Group, answers: Sequence[str]) -> bool:
    quote, wanted = in_digits(one.best.quote), [in_digits(answer) for answer in answers]
    return bool(wanted) and (holds(quote, wanted) or max(f1(quote, answer) for answer in wanted) >= RIGHT_FROM)


Crossed = list[tuple[Asked, Floats, Floats]]  # with scores and confidences of its answers


def fit(tune: Sequence[Asked], by: _By, threshold: float) -> tuple[Calibration, Crossed]:
    """Fit on everything, and cross-fit: each fifth of the questions by what the others say.

    Bounds, the least confidence to answer with and all figures come from the cross-fitted confidences. threshold: the
    reader's own, which goes on to decide over texts.
    Raises InvalidInput: too few questions, or all of them right, or all wrong.
    """
    tune = [one for one in tune if len(one.rows)]
    crossed: Crossed = []
    for fold in range(_FOLDS):
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


def fold_of(one: Asked) -> int:
    """By the hash of its id: a question that stands in two sets is in one fold."""
    return hashlib.sha256(f"fold {one.id}".encode()).digest()[0] % _FOLDS


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


def _table(crossed: Crossed, made: Calibration) -> Iterator[list[str]]:
    head = [
        "set",
        "questions",
        "right@1",
        "right@5",
        "MRR",
        "before: right@1",
        "right@5",
        "MRR",
        "mean confidence",
        "ECE",
    ]
    head += [f"wrong / answered at {error:g}" for error in _SHOWN]
    head += ["right / answered", "ECE of a perfect confidence"]
    yield head
    yield ["---"] * len(head)
    crossed = [part for part in crossed if len(part[0].rows)]
    for kind, name in ((True, "archives, all"), (False, "texts, all")):
        part = [one for one in crossed if one[0].archive == kind]
        for each in sorted({one[0].set for one in part}):
            yield _cells(each, [one for one in part if one[0].set == each], made.archive if kind else made.text)
        for over in sorted({one[0].over for one in part}):  # a confidence is worth what it is over one archive
            here = [one for one in part if one[0].over == over]
            if len({one[0].set for one in here}) > 1:
                yield _cells(f"{over}, all", here, made.archive)
        if part:
            yield _cells(name, part, made.archive if kind else made.text)


def _cells(name: str, crossed: Crossed, curve: Curve) -> list[str]:
    after = [rank_of_right(one.right, scores) for one, scores, _ in crossed if one.answerable]
    before = [rank_of_right(one.right, one.margins) for one, *_ in crossed if one.answerable]
    confidence = np.array([part.max() for *_, part in crossed])
    right = np.array([one.right[part.argmax()] for one, _, part in crossed])
    cells = [name, str(len(crossed))]
    for ranks in (after, before):
        cells += [f"{np.mean(ranks <= k):.3f}" if len(ranks) else "" for ranks in [np.array(ranks)] for k in (1, 5)]
        cells.append(f"{np.mean(1 / np.array(ranks)):.3f}" if ranks else "")
    cells += [f"{confidence.mean():.3f}", f"{calibration_error(reliability(confidence, right.astype(np.float32))):.3f}"]
    for error in _SHOWN:
        least = curve.threshold(error)
        cells.append("-" if least is None else _share(~right, confidence >= least))
    return [*cells, _share(right, confidence >= curve.least), f"{_chance_error(confidence):.3f}"]


def _chance_error(confidence: Floats, draws: int = 200) -> float:
    """The ECE of these confidences, on average, if every one of them were true: what so few questions show."""
    rng = np.random.default_rng(0)
    drawn = (rng.random((draws, len(confidence))) < confidence).astype(np.float32)
    return float(np.mean([calibration_error(reliability(confidence, right)) for right in drawn]))


def rank_of_right(right: Bools, scores: Floats) -> float:
    """The rank of the first right answer; infinite without one."""
    order = np.argsort(-scores, kind="stable")
    hits = np.flatnonzero(right[order])
    return float(hits[0] + 1) if len(hits) else np.inf


def _share(what: Bools, kept: Bools) -> str:
    return f"{what[kept].mean():.3f} / {kept.mean():.2f}" if kept.any() else "- / 0.00"


def _tell(title: str, rows: Iterator[list[str]]) -> None:
    lines = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    sys.stdout.write(f"{title}\n\n{lines}\n")


if __name__ == "__main__":
    sys.exit(main())
