"""What a calibration comes to on each set: the rows of a Markdown table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from indexer.types import Bools, Floats
from reader.calibrate import Calibration, Curve
from reader.evaluate import calibration_error, reliability
from reader.train.judged import Asked, rank_of_right

_SHOWN = (0.05, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)

Crossed = list[tuple[Asked, Floats, Floats]]  # with scores and confidences of its answers


def table(crossed: Crossed, made: Calibration) -> Iterator[list[str]]:
    """The head, then a row each set: how answers rank with the final score and before it, what their confidence is
    worth, and what is wrong of what is answered at some values of `max_error`.
    """
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


def _share(what: Bools, kept: Bools) -> str:
    return f"{what[kept].mean():.3f} / {kept.mean():.2f}" if kept.any() else "- / 0.00"
