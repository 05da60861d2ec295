"""Evidence that `bench.evidence` wrote, and which of the answers in it are right.

An answer counts as right where it holds a gold answer, or shares half of its words with one (F1 of 0.5): it says what
was asked for, though its edges may be others. "Four" is as good as "4".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from indexer.errors import InvalidInput
from indexer.types import Bools, Floats
from reader.evaluate import RIGHT_FROM, f1, in_digits
from reader.group import Group, Occurrence, group, names_something
from reader.train.errors import TrainingDataError
from reader.weigh import Standing, features, standings
from retriever.evaluate import holds

N_FOLDS = 5


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


class MadeBy(NamedTuple):
    """What made the evidence."""

    reader: str
    runtime: str
    embedder: str
    fusion: str
    depth: int


def read_lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a file of evidence. Raises TrainingDataError."""
    try:
        with file.open(encoding="utf-8") as lines:  # not splitlines: quoted texts hold U+2028 and U+0085 as they are
            return [json.loads(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TrainingDataError(file, f"holds no evidence ({error})") from error


def made_by(lines: Sequence[dict[str, Any]]) -> MadeBy:
    """The one reader, and the one way of finding passages, that all lines are of."""
    found = {MadeBy(*(line[name] for name in MadeBy._fields)) for line in lines}
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


def fold_of(one: Asked) -> int:
    """By the hash of its id: a question that stands in two sets is in one fold."""
    return hashlib.sha256(f"fold {one.id}".encode()).digest()[0] % N_FOLDS


def rank_of_right(right: Bools, scores: Floats) -> float:
    """The rank of the first right answer; infinite without one."""
    order = np.argsort(-scores, kind="stable")
    hits = np.flatnonzero(right[order])
    return float(hits[0] + 1) if len(hits) else np.inf
