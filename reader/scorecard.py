"""All figures of a reader on one file of questions: `pullquote eval reader FILE`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from indexer.errors import InvalidInput
from indexer.types import Floats
from reader.evaluate import (
    LENGTHS,
    RIGHT_FROM,
    Outcome,
    Question,
    answer_length,
    best_threshold,
    by,
    calibration_error,
    figures,
    mark,
    predict,
    question_word,
    reliability,
    risk_coverage,
    summary,
)
from reader.model import Reader

_SHOWN = tuple(share / 20 for share in range(1, 21))  # coverages at which the risk is told


def evaluate(
    reader: Reader, questions: Sequence[Question], told: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """EM and F1 by the official rules, whole and in groups, and how well scores tell right answers; ready for JSON.

    "figures" as in `summary`, at the reader's own threshold; "best_threshold" is the best one for these very questions,
    so that its F1 is an upper bound, as the official script prints it. Groups are at the own threshold too, "best" is
    the best span of their answerable questions. "risk_coverage": pairs of the share of answerable questions answered
    and the share of wrong ones (no exact match) among them; "risk_area" is the area under all of that curve.
    "reliability": null where the reader has no calibration; right is an F1 of RIGHT_FROM. told: how many are read.
    Raises InvalidInput: there are no questions.
    """
    if not questions:
        raise InvalidInput("questions", "there are none to mark")
    predictions = []
    for number, prediction in enumerate(predict(reader, questions), start=1):
        predictions.append(prediction)
        if told is not None:
            told(number)
    marked = mark(questions, predictions)
    best = best_threshold(marked)
    lengths = by(marked, answer_length)
    curve = risk_coverage([one for one in marked if one.question.answers])
    threshold = reader.text_threshold
    return {
        "reader": reader.model.name,
        "runtime": reader.model.runtime,
        "questions": len(marked),
        "threshold": threshold,
        "figures": {name: row._asdict() for name, row in summary(marked, threshold).items()},
        "best_threshold": {"threshold": best if np.isfinite(best) else None, **figures(marked, best)._asdict()},
        "by_question_word": _groups(by(marked, question_word), threshold),
        "by_answer_length": _groups({name: lengths[name] for name in LENGTHS if name in lengths}, threshold),
        "risk_coverage": _points(curve),
        "risk_area": float(curve[:, 1].mean()) if len(curve) else None,
        "reliability": _reliability(reader, marked),
    }


def _groups(groups: dict[str, list[Outcome]], threshold: float) -> dict[str, dict[str, Any]]:
    return {name: _group(group, threshold) for name, group in groups.items()}


def _group(group: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    has = [one for one in group if one.question.answers]
    return {**figures(group, threshold)._asdict(), "best": figures(has)._asdict() if has else None}


def _points(curve: Floats) -> list[tuple[float, float]]:
    """The curve at every twentieth of its coverage: at the last point that does not answer more."""
    counts = [int(share * len(curve) + 1e-9) for share in _SHOWN]
    return [(float(curve[n - 1, 0]), float(curve[n - 1, 1])) for n in dict.fromkeys(counts) if n]


def _reliability(reader: Reader, marked: Sequence[Outcome]) -> dict[str, Any] | None:
    confidences = reader.confidences([one.prediction.score for one in marked])
    if confidences is None:
        return None
    right = np.array([one.f1 >= RIGHT_FROM for one in marked], np.float32)
    bins = reliability(confidences, right)
    return {"bins": [one._asdict() for one in bins], "ece": calibration_error(bins)}
