"""How good a ranking is: questions with judged articles, and the measures of ir_measures by their names.

A question's ranking is of articles, each by its best passage. Answer@k needs no judgements but gold answers: whether
one of the first k passages holds one.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from indexer.errors import InvalidInput

Half = Literal["tune", "report"]
MEASURES = ("R@1", "R@10", "R@100", "nDCG@10", "MRR", "Success@1", "Success@5", "Success@10")
ANSWER_CUTS = (1, 5, 20)
_WORDS = ("who", "what", "when", "where", "why", "which", "how")
_DRAWS = 1000


class Judged(NamedTuple):
    """A question with what is right: wordings of its answer, and articles by id with their grade (0: not relevant).

    as_of: a date taken as now, or None.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    articles: Mapping[str, int]
    as_of: str | None = None


class Mean(NamedTuple):
    """A mean over n questions with its 95 % interval: bootstrap over questions, percentiles, always the same draws."""

    n: int
    mean: float
    low: float
    high: float


def read_judged(file: Path, qrels: Path | None = None) -> list[Judged]:
    """Read questions: a line of JSON each, {"id", "question" or "query", "answers": [], "articles": [] or {id: grade}}.

    qrels: judgements in TREC's format (`qid 0 article grade`), in place of those of the questions. Raises InvalidInput.
    """
    judgements = _qrels(qrels) if qrels is not None else None
    found: dict[str, Judged] = {}
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = _judged(json.loads(line))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InvalidInput(f"{file}, line {number}", f"no question with an id ({error}): {_SHAPE}") from error
        if row.id in found:
            raise InvalidInput(f"{file}, line {number}", f"id {row.id!r} stands twice: give each question its own")
        found[row.id] = row if judgements is None else row._replace(articles=judgements.get(row.id, {}))
    if not found:
        raise InvalidInput(str(file), f"it holds no question: {_SHAPE}")
    return list(found.values())


_SHAPE = 'write lines of {"id", "question", "answers": [text], "articles": [id]}'


def _judged(row: dict[str, Any]) -> Judged:
    articles = row.get("articles") or {}
    grades = {str(k): int(v) for k, v in articles.items()} if isinstance(articles, dict) else dict.fromkeys(articles, 1)
    answers, asked = row.get("answers") or (), row["question"] if "question" in row else row["query"]
    if not isinstance(asked, str) or isinstance(answers, str):
        raise TypeError("question is text, answers is a list of texts")
    return Judged(str(row["id"]), asked, tuple(map(str, answers)), grades, row.get("as_of"))


def _qrels(file: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_text(file).splitlines(), start=1):
        parts = line.split()
        if parts and (len(parts) != 4 or not re.fullmatch(r"-?\d+", parts[3])):
            raise InvalidInput(f"{file}, line {number}", "no judgement: write lines of `qid 0 article grade`")
        if parts:
            found.setdefault(parts[0], {})[parts[2]] = int(parts[3])
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(str(file), f"it cannot be read ({error}): give a file in UTF-8") from error


def half_of(question_id: str) -> Half:
    """Which half of its set a question is in: tune on one, report the other."""
    return "tune" if hashlib.sha256(question_id.encode()).digest()[0] % 2 else "report"


def chosen(questions: Sequence[Judged], half: Half | None = None, n: int | None = None) -> list[Judged]:
    """At most n questions of a half (None: all), the same in every run: those whose ids have the least hashes."""
    kept = [question for question in questions if half is None or half_of(question.id) == half]
    return sorted(kept, key=lambda one: hashlib.sha256(f"sample {one.id}".encode()).digest())[:n]


def measured(ranking: Sequence[str], grades: Mapping[str, int]) -> dict[str, float]:
    """All of MEASURES for one ranking of article ids, best first, each id once. grades: of at least one above 0."""
    relevant = [article for article, grade in grades.items() if grade > 0]
    at = {article: rank for rank, article in enumerate(ranking, start=1)}
    ranks = sorted(at[article] for article in relevant if article in at)

    def within(k: int) -> int:
        return sum(rank <= k for rank in ranks)

    return {
        **{f"R@{k}": within(k) / len(relevant) for k in (1, 10, 100)},
        "nDCG@10": ndcg(ranking, grades, 10),
        "MRR": 1 / ranks[0] if ranks else 0.0,
        **{f"Success@{k}": float(within(k) > 0) for k in (1, 5, 10)},
    }


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Normalised discounted cumulative gain as trec_eval has it: gain is the grade, discount log2(rank + 1).

    Järvelin & Kekäläinen 2002, ACM TOIS 20(4).
    """

    def gain(values: Iterable[int]) -> float:
        return sum(max(0, value) / math.log2(rank + 1) for rank, value in enumerate(values, start=1))

    best = gain(sorted(grades.values(), reverse=True)[:k])
    return gain(grades.get(article, 0) for article in ranking[:k]) / best if best else 0.0


def mean(values: Sequence[float]) -> Mean:
    """The mean with its interval. values: at least one."""
    given = np.asarray(values, np.float64)
    rng = np.random.default_rng(0)
    means = [float(given[rng.integers(0, len(given), len(given))].mean()) for _ in range(_DRAWS)]
    low, high = np.percentile(means, [2.5, 97.5]).tolist()
    return Mean(len(given), float(given.mean()), low, high)


def means(rows: Sequence[Mapping[str, float]]) -> dict[str, Mean]:
    """`mean` of each name of some rows with the same names; {} of none."""
    return {name: mean([row[name] for row in rows]) for name in (rows[0] if rows else {})}


def question_word(question: str) -> str:
    """The first of who, what, when, where, why, which, how in a question, or "other"."""
    words = ["who" if word in {"whom", "whose"} else word for word in re.findall(r"\w+", question.lower())]
    return next((word for word in words if word in _WORDS), "other")


def holds(text: str, answers: Iterable[str]) -> bool:
    """Whether a text holds one of the answers as whole words, whatever their case and the marks between them."""
    words = f" {_plain(text)} "
    return any(f" {plain} " in words for answer in answers if (plain := _plain(answer)))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
