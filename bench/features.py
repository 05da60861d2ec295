"""What else might speak for an answer: `python -m bench.features EVIDENCE… [--headlines ARTICLES --sample N]`.

EVIDENCE are files that `bench.evidence` wrote. The final score is fitted anew with one more feature at a time, and each
fifth of the tune questions ranked by what the others say; the gain is in MRR, with its 95 % interval over questions.
With --headlines, passages are read again with the headline of their article before them, which may not be quoted, and
weighed as they are. ARTICLES: the articles.jsonl of the set.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.types import Floats
from reader.answer import SPANS
from reader.group import Group
from reader.loading import load_reader
from reader.model import Reader
from reader.train.confidence import fit_weights, scores_of
from reader.train.judged import Asked, asked, fold_of, groups_of, rank_of_right, read_lines
from reader.weigh import kind_of
from retriever.evaluate import Mean, mean

_WORD = re.compile(r"\w+")
_OFTEN_ROLES = """former vice deputy prime minister president secretary senator representative governor mayor king
    queen prince pope leader head chief officer director chairman author actor singer player coach judge
    justice attorney general lawyer police man woman men women boy girl people person someone gunman
    suspect attacker driver student speaker official officials candidate member members founder owner
    editor reporter doctor professor house white us british american japanese russian ukrainian chinese
    french german republican democratic a an of and his her their its the"""
_ROLES = frozenset(_OFTEN_ROLES.split())


def role(kind: str, group: Group) -> float:
    """1 for a "who" that is only told what he is: "former Japanese Prime Minister"."""
    return float(kind == "who" and all(word in _ROLES for word in _words(group)))


def nameless(kind: str, group: Group) -> float:
    """1 for a "what" or "which" that has no capital letter."""
    return float(kind == "what" and not any(word[0].isupper() for word in _WORD.findall(group.best.quote)))


def bare_number(kind: str, group: Group) -> float:
    """1 for a number alone, where nothing was to be counted or dated."""
    return float(kind not in ("how many", "when") and not any(char.isalpha() for char in group.best.quote))


def length(_: str, group: Group) -> float:
    """Log of its words."""
    return math.log1p(len(_words(group)))


def long_name(kind: str, group: Group) -> float:
    """How far a "who" is longer than four words."""
    return float(kind == "who") * max(0.0, math.log(max(1, len(_words(group))) / 4))


def stories(_: str, group: Group) -> float:
    """Log of the stories that say so, whatever the reader makes of them there."""
    return math.log(len({one.story for one in (group.best, *group.others)}))


def places(_: str, group: Group) -> float:
    """Log of the places that say so."""
    return math.log1p(len(group.others))


MORE: tuple[Callable[[str, Group], float], ...] = (role, nameless, bare_number, length, long_name, stories, places)


def _words(group: Group) -> list[str]:
    return _WORD.findall(group.best.quote.casefold())


def widened(line: dict[str, Any], more: Callable[[str, Group], float]) -> Asked:
    """What a line of evidence says of its answers, with one more feature."""
    one, kind = asked(line), kind_of(line["question"])
    column = np.array([more(kind, group) for group in groups_of(line)], np.float32)
    return one._replace(rows=np.column_stack([one.rows, column]))


def reciprocal_ranks(given: Sequence[Asked]) -> Floats:
    """(n,) 1 / rank of the first right answer, cross-fitted; 0 without one."""
    found = np.zeros(len(given), np.float32)
    for part in sorted({fold_of(one) for one in given}):
        others = [one for one in given if fold_of(one) != part]
        made = fit_weights([one.rows for one in others], [one.right for one in others])
        for at, one in enumerate(given):
            if fold_of(one) == part:
                found[at] = 1 / rank_of_right(one.right, made.scores(one.rows))
    return found


def under_headlines(line: dict[str, Any], titles: dict[str, str], reader: Reader) -> dict[str, Any]:
    """The same evidence, read under headlines. titles: of articles, by id."""
    heads = [f"{titles[row['article']]}\n\n" if titles.get(row["article"]) else "" for row in line["passages"]]
    texts = [head + row["text"] for head, row in zip(heads, line["passages"], strict=True)]
    spans = [
        (span.passage, span.start - len(heads[span.passage]), span.end - len(heads[span.passage]), span.score)
        for span in reader.read(line["question"], texts, 2 * SPANS)
    ]
    return {**line, "spans": [span for span in spans if span[1] >= 0][:SPANS]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", nargs="+", type=Path)
    parser.add_argument("--headlines", type=Path, metavar="ARTICLES")
    parser.add_argument("--sample", type=int, default=100)
    given = parser.parse_args(arguments)
    lines = [line for file in given.evidence for line in read_lines(file)]
    lines = [line for line in lines if line["half"] == "tune" and line["archive"] and line["spans"]]
    if given.headlines:
        print(headlines(lines[: given.sample], given.headlines))
        return
    before = reciprocal_ranks([asked(line) for line in lines])
    answerable = np.array([bool(line["answers"]) for line in lines])
    print(f"| {answerable.sum()} questions: MRR {before[answerable].mean():.4f} | gain |\n|---|---|")
    for more in MORE:
        after = reciprocal_ranks([widened(line, more) for line in lines])
        print(f"| {more.__name__} | {_told(mean((after - before)[answerable].tolist()))} |", flush=True)


def headlines(lines: Sequence[dict[str, Any]], articles: Path) -> str:
    """What reading under headlines gains, in MRR."""
    with articles.open(encoding="utf-8") as rows:
        titles = {row["id"]: row.get("title") or "" for row in map(json.loads, rows)}
    reader = load_reader(default_folder(), None, READER)
    made = reader.calibration
    assert made is not None, "the reader that ships is calibrated"

    def rank(found: dict[str, Any]) -> float:
        one = asked(found)
        return 1 / rank_of_right(one.right, scores_of(made, one)) if len(one.rows) else 0.0

    before = [rank(line) for line in lines]
    after = [rank(under_headlines(line, titles, reader)) for line in lines]
    gain = mean([a - b for a, b in zip(after, before, strict=True)])
    return f"{len(lines)} questions: MRR {np.mean(before):.3f}, under headlines {np.mean(after):.3f}: {_told(gain)}"


def _told(found: Mean) -> str:
    return f"{found.mean:+.4f} ({found.low:+.4f} to {found.high:+.4f})"


if __name__ == "__main__":
    main()
