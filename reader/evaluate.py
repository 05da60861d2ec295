"""How good a reader's answers are, by the rules of SQuAD: exact match, F1, and whether it knows when to abstain.

Everything here works on questions and predictions in memory: which model and runtime made them does not matter.
Official script: https://worksheets.codalab.org/worksheets/0x8212d84ca41c4150b555a075b19ccc05 (evaluate-v2.0.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from indexer.errors import InvalidInput
from indexer.types import Floats

if TYPE_CHECKING:
    from reader.model import Reader

Half = Literal["tune", "report"]
RIGHT_FROM = 0.5  # F1 of an answer that says what was asked for, though its edges may be others
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_DIGITS = {word: str(number) for number, word in enumerate(_TO_TWENTY.split())}
_DIGITS |= {word: str(30 + 10 * place) for place, word in enumerate(_TENS.split())}
_NUMERAL = re.compile(rf"\b(?:{'|'.join(_DIGITS)})\b", re.IGNORECASE)
LENGTHS = ("1", "2", "3-4", "5-10", "11+", "none")  # words of an answer, in classes
_WORDS = ("who", "what", "when", "where", "why", "which", "how")


class Question(NamedTuple):
    """A question over one text; `answers` are all the wordings that count as right, none: it has no answer."""

    id: str
    question: str
    context: str
    answers: tuple[str, ...]


class Prediction(NamedTuple):
    """What a reader found best, whether or not it would give it as an answer. best: "" where it found nothing.

    score: the higher, the surer; no unit. runner_up: score of the second best span, if any.
    """

    best: str
    score: float
    runner_up: float | None = None


class Outcome(NamedTuple):
    """One question, marked: em and f1 (0 to 1) of the best span; 0 where the question has no answer."""

    question: Question
    prediction: Prediction
    em: float
    f1: float


class Figures(NamedTuple):
    """Means in percent over n questions, each with the 95 % interval of a bootstrap over questions."""

    n: int
    em: float
    em_interval: tuple[float, float]
    f1: float
    f1_interval: tuple[float, float]


def read_questions(file: Path) -> list[Question]:
    """Read a file in the format of SQuAD, .json or .json.gz. Raises InvalidInput: it is none."""
    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        paragraphs = [paragraph for article in json.loads(raw)["data"] for paragraph in article["paragraphs"]]
        return [
            Question(
                str(asked["id"]),
                asked["question"],
                paragraph["context"],
                () if asked.get("is_impossible") else tuple(answer["text"] for answer in asked["answers"]),
            )
            for paragraph in paragraphs
            for asked in paragraph["qas"]
        ]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput("file", f"{file} cannot be read as SQuAD ({error})") from error


def half(question_id: str) -> Half:
    """Which half of its set a question is in: what is tuned is tuned on one, what is reported is of the other."""
    return "tune" if hashlib.sha256(question_id.encode()).digest()[0] % 2 else "report"


def sample(questions: Sequence[Question], which: Half | None, n: int | None, draw: str = "sample ") -> list[Question]:
    """At most n questions of a half (None: all), the same ones in every run: those whose ids have the least hashes.

    draw: goes before each id; another one draws others.
    """
    kept = [question for question in questions if which is None or half(question.id) == which]
    kept.sort(key=lambda question: hashlib.sha256(f"{draw}{question.id}".encode()).digest())
    return kept[:n]


def predict(
    reader: Reader, questions: Iterable[Question], rivals: Callable[[Question], Sequence[str]] | None = None
) -> Iterator[Prediction]:
    """Read each question's own text, however long; with `rivals`, together with the passages that it gives."""
    for asked in questions:
        passages = [asked.context, *(rivals(asked) if rivals else ())]
        ask = asked.question
        found = reader.read(ask, passages, 2) if rivals else reader.read_text(ask, asked.context, 2)
        if not found:
            yield Prediction("", 0.0)
            continue
        best, runner_up = found[0], found[1].score if len(found) > 1 else None
        yield Prediction(passages[best.passage][best.start : best.end], best.score, runner_up)


def normalise(text: str) -> str:
    """Lower case, without the punctuation of ASCII, without a, an, the, and with single spaces: the official rule."""
    bare = re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(_PUNCTUATION))
    return " ".join(bare.split())


def exact_match(predicted: str, right: str) -> float:
    """1 when both are the same after `normalise`, else 0."""
    return float(normalise(predicted) == normalise(right))


def f1(predicted: str, right: str) -> float:
    """Harmonic mean of precision and recall over words, as bags, after `normalise`.

    Where either has no words left, 1 if neither has, else 0: the rule of 2.0 (that of 1.1 gives 0 in both cases).
    """
    ours, theirs = normalise(predicted).split(), normalise(right).split()
    if not ours or not theirs:
        return float(ours == theirs)
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs))


def in_digits(text: str) -> str:
    """The same with each word for 0 to 20, 30, 40 … 90 in digits: "nine-year" as "9-year". `f1` does not do so."""
    return _NUMERAL.sub(lambda word: _DIGITS[word[0].lower()], text)


def mark(questions: Sequence[Question], predictions: Sequence[Prediction]) -> list[Outcome]:
    """Compare each prediction with the best fitting right answer. Answers of articles and marks alone do not count."""
    return [_marked(asked, found) for asked, found in zip(questions, predictions, strict=True)]


def _marked(asked: Question, found: Prediction) -> Outcome:
    right = [answer for answer in asked.answers if normalise(answer)]
    asked = asked._replace(answers=tuple(right))
    em = max((exact_match(found.best, answer) for answer in right), default=0.0)
    return Outcome(asked, found, em, max((f1(found.best, answer) for answer in right), default=0.0))


def credits(outcomes: Sequence[Outcome], threshold: float | None) -> Floats:
    """(n, 2) float32, EM and F1 of each, when only scores of at least `threshold` count as answers (None: all do).

    To abstain is right (1, 1) where there is no answer, and wrong (0, 0) where there is one.
    """
    rows = [
        (outcome.em, outcome.f1)
        if threshold is None or outcome.prediction.score >= threshold
        else (float(not outcome.question.answers),) * 2
        for outcome in outcomes
    ]
    return np.array(rows, np.float32).reshape(-1, 2)


def figures(outcomes: Sequence[Outcome], threshold: float | None = None, draws: int = 1000) -> Figures:
    """EM and F1 with bootstrap intervals (Efron 1979, percentile), by a generator that always starts the same."""
    values = 100 * credits(outcomes, threshold).astype(np.float64)
    if not len(values):
        raise InvalidInput("questions", "there are none to mark")
    rng = np.random.default_rng(0)
    means = np.array([values[rng.integers(0, len(values), len(values))].mean(axis=0) for _ in range(draws)])
    (em_low, f1_low), (em_high, f1_high) = np.percentile(means, [2.5, 97.5], axis=0).tolist()
    em, f1_mean = values.mean(axis=0).tolist()
    return Figures(len(values), em, (em_low, em_high), f1_mean, (f1_low, f1_high))


class Difference(NamedTuple):
    """Mean F1 of one reader less that of another on the same n questions, in points, with its 95 % interval."""

    n: int
    f1: float
    f1_interval: tuple[float, float]


def difference(ours: Sequence[Outcome], theirs: Sequence[Outcome], draws: int = 10_000) -> Difference:
    """F1 of the best spans, question by question, with a paired bootstrap: Efron & Tibshirani 1993, 8.

    Raises InvalidInput: the outcomes are not of the same questions in the same order, or there are none.
    """
    if not ours or [one.question.id for one in ours] != [one.question.id for one in theirs]:
        raise InvalidInput("outcomes", "give two readers' outcomes of the same questions")
    gaps = 100 * np.array([a.f1 - b.f1 for a, b in zip(ours, theirs, strict=True)])
    rng = np.random.default_rng(0)
    means = np.array([gaps[rng.integers(0, len(gaps), len(gaps))].mean() for _ in range(draws)])
    low, high = np.percentile(means, [2.5, 97.5]).tolist()
    return Difference(len(gaps), float(gaps.mean()), (low, high))


def best_threshold(outcomes: Sequence[Outcome]) -> float:
    """The threshold with the highest mean F1; of several the highest. Infinite when it is best never to answer."""
    order = sorted(outcomes, key=lambda outcome: -outcome.prediction.score)
    gains = [outcome.f1 - float(not outcome.question.answers) for outcome in order]
    totals = np.concatenate([[0.0], np.cumsum(gains)])
    scores = [np.inf, *(outcome.prediction.score for outcome in order)]
    # of equal scores all are answered or none: only the last of them is a place to cut
    cuts = [i for i in range(len(scores)) if i + 1 == len(scores) or scores[i + 1] < scores[i]]
    return float(scores[max(cuts, key=lambda i: totals[i])])


def by(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Outcomes in groups, for tables by `question_word` or `answer_length`."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(key(outcome), []).append(outcome)
    return dict(sorted(groups.items()))


def question_word(outcome: Outcome) -> str:
    """The first of who, what, when, where, why, which, how in the question, or "other"."""
    words = re.findall(r"\w+", outcome.question.question.lower())
    words = ["who" if word in ("whom", "whose") else word for word in words]
    return next((word for word in words if word in _WORDS), "other")


def answer_length(outcome: Outcome) -> str:
    """Words of the shortest right answer, in classes; "none" where there is no answer."""
    lengths = [len(answer.split()) for answer in outcome.question.answers]
    if not lengths:
        return "none"
    return next(
        name for least, name in ((11, "11+"), (5, "5-10"), (3, "3-4"), (2, "2"), (0, "1")) if min(lengths) >= least
    )


def risk_coverage(outcomes: Sequence[Outcome]) -> Floats:
    """(n, 2) float32: the share answered, and the share of wrong ones (not an exact match) among them, as the threshold
    falls: El-Yaniv & Wiener 2010. The mean of the second column is the area under the curve.
    """
    order = sorted(outcomes, key=lambda outcome: -outcome.prediction.score)
    wrong = np.cumsum([1 - outcome.em for outcome in order])
    counts = np.arange(1, len(order) + 1)
    return np.stack([counts / max(1, len(order)), wrong / counts], axis=1).astype(np.float32)


class Bin(NamedTuple):
    """Predictions of about one confidence: how many, their mean confidence, and the share that was right."""

    n: int
    confidence: float
    right: float


def reliability(confidences: Floats, right: Floats, n_bins: int = 10) -> list[Bin]:
    """Bins of equal width over [0, 1], empty ones left out. confidences, right: (n,); right is 0 or 1."""
    place = np.minimum((np.asarray(confidences) * n_bins).astype(int), n_bins - 1)
    inside = [place == number for number in range(n_bins)]
    return [
        Bin(int(mask.sum()), float(confidences[mask].mean()), float(right[mask].mean()))
        for mask in inside
        if mask.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error, in [0, 1]: Naeini et al. 2015. Mean of |confidence - right|, by size of the bins."""
    total = sum(bin_.n for bin_ in bins)
    return sum(bin_.n * abs(bin_.confidence - bin_.right) for bin_ in bins) / total if total else 0.0


def summary(outcomes: Sequence[Outcome], threshold: float) -> Mapping[str, Figures]:
    """The figures of one set: best spans of all answerable questions, all at the threshold, and both kinds apart.

    "answerable": the best span, whatever its score. "all", "has_answer", "no_answer": at the threshold; the last two
    only where there are such questions.
    """
    has = [outcome for outcome in outcomes if outcome.question.answers]
    none = [outcome for outcome in outcomes if not outcome.question.answers]
    table = {"all": figures(outcomes, threshold)}
    if has:
        table |= {"answerable": figures(has), "has_answer": figures(has, threshold)}
    return table | ({"no_answer": figures(none, threshold)} if none else {})
