"""What each rule of decoding is worth: `python -m bench.decoding --data DIR [--n 300] [--sets …]`.

The reader that ships reads tune questions once; its logits are decoded with all rules and with each one switched off.
Prints EM and F1 of the best span of answerable questions, and for each change what it adds to both, in points.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from indexer.models.spans import SpanModel, Window, load_span_model
from reader import edges
from reader.decode import OF_TEXT, Price, best_spans
from reader.edges import tidy
from reader.evaluate import Outcome, Prediction, Question, difference, figures, mark, read_questions, sample
from reader.model import _LONGEST, Candidate, _apart, _Text
from reader.speech import Verbs, said_in, whole
from reader.train.compare import SETS

_KEPT = 2  # spans of each window, as when a set is evaluated


class Rules(NamedTuple):
    """How logits become spans. The defaults are what the reader does; a test holds them equal.

    joint: the best pair of start and end, not the best start and then the best end. longest: tokens. prior: logits that
    each further token costs; spoken: where the question is for what someone said, too. late: times log(1 + characters
    before the span / 200), what that costs. words: whole ones. edges: no
    dangling mark or bracket. halves: the other half of a pair of marks is taken in. quotations: whole, where the
    question is for what someone said. lines: nothing goes over a blank one. relative: a score is less that of "no
    answer" in its window.
    """

    joint: bool = True
    longest: int = _LONGEST
    prior: float = OF_TEXT.token
    spoken: bool = False
    late: float = OF_TEXT.late
    words: bool = True
    edges: bool = True
    halves: bool = True
    quotations: bool = True
    lines: bool = True
    relative: bool = True


CHANGES = {
    "best start, then best end": Rules(joint=False),
    "at most 15 tokens": Rules(longest=15),
    "at most 30 tokens": Rules(longest=30),
    "any length": Rules(longest=512),
    "no cost of tokens": Rules(prior=0.0),
    "each token costs 0.025": Rules(prior=0.025),
    "each token costs 0.075": Rules(prior=0.075),
    "each token costs 0.1": Rules(prior=0.1),
    "each token costs 0.05, and of what someone said": Rules(spoken=True),
    "no cost of beginning late": Rules(late=0.0),
    "half the cost of beginning late": Rules(late=0.4),
    "twice the cost of beginning late": Rules(late=1.6),
    "each token gains 0.1": Rules(prior=-0.1, spoken=True),
    "half words too": Rules(words=False, edges=False),
    "whole words, any edges": Rules(edges=False),
    "other halves of marks left out": Rules(halves=False),
    "parts of quotations": Rules(quotations=False),
    "over blank lines": Rules(lines=False),
    "sums of logits, not less those of no answer": Rules(relative=False),
}


def spans(window: Window, text: _Text, rules: Rules, verbs: Verbs | None) -> Iterator[Candidate]:
    """The best spans of one window, as `reader.model.Reader` finds them when all rules hold."""
    offsets = np.array([offset or (0, 0) for offset in window.offsets], np.int64).reshape(-1, 2)
    first = last = np.array([offset is not None for offset in window.offsets], bool) & (offsets[:, 0] < offsets[:, 1])
    heads, whole_head = text.words.beginning(offsets[:, 0])
    tails, whole_tail = text.words.ending(offsets[:, 1])
    if rules.words:
        first = first & whole_head & (heads < len(text.words)) & (text.may_begin[heads] | (not rules.edges))
        last = last & whole_tail & (tails >= 0) & (text.may_end[tails] | (not rules.edges))
    prior = rules.prior if rules.spoken or verbs is None else 0.0
    start = window.start - Price(prior, rules.late).of_start(offsets[:, 0])
    if not rules.joint and first.any():
        first = np.arange(len(first)) == int(np.where(first, start, -np.inf).argmax())
    nothing = float(window.start[0] + window.end[0]) if rules.relative else 0.0
    parts = np.searchsorted(text.breaks, offsets[:, 0]) if rules.lines else None

    def is_empty(head: int, tail: int) -> bool:
        if not rules.words:
            return not text.names_something(int(offsets[head, 0]), int(offsets[tail, 1]))
        return not text.names_something(int(text.words.starts[heads[head]]), int(text.words.ends[tails[tail]]))

    for found in best_spans(start, window.end, first, last, rules.longest, _KEPT, parts, is_empty, token_cost=prior):
        if not rules.words:
            begin, stop = int(offsets[found.first, 0]), int(offsets[found.last, 1])
        else:
            head, tail = int(heads[found.first]), int(tails[found.last])
            edge = tidy(text.words, head, tail) if rules.edges else (head, tail)
            if edge is None:
                continue
            edge = whole(text.words, *edge, verbs) if verbs and rules.quotations else edge
            begin, stop = int(text.words.starts[edge[0]]), int(text.words.ends[edge[1]])
        yield Candidate(window.passage, begin, stop, found.score - nothing)


def decode(windows: Sequence[Window], asked: Question, text: _Text, rules: Rules) -> Prediction:
    """The best span of all windows of one text."""
    verbs = said_in(asked.question)
    with nullcontext() if rules.halves else _without_other_halves():
        found = _apart((span for window in windows for span in spans(window, text, rules, verbs)), [text], _KEPT)
    if not found:
        return Prediction("", 0.0)
    return Prediction(asked.context[found[0].start : found[0].end], found[0].score)


def _without_other_halves() -> AbstractContextManager[object]:
    return mock.patch.object(edges, "_take_other_half", lambda words, first, last: (first, last))


def outcomes(model: SpanModel, questions: Sequence[Question]) -> dict[str, list[Outcome]]:
    """The marks of every question under all rules ("") and under each change."""
    found: dict[str, list[Prediction]] = {name: [] for name in ("", *CHANGES)}
    for asked in questions:
        windows, text = model.logits(asked.question, [asked.context]), _Text(asked.context)
        for name, rules in {"": Rules(), **CHANGES}.items():
            found[name].append(decode(windows, asked, text, rules))
    return {name: mark(questions, predictions) for name, predictions in found.items()}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.decoding", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    given = parser.parse_args()
    model = load_span_model(load_registry()[READER], default_folder())
    columns: dict[str, dict[str, list[Outcome]]] = {}
    for name in given.sets:
        questions = [one for one in sample(read_questions(given.data / SETS[name]), "tune", given.n) if one.answers]
        columns[name] = outcomes(model, questions)
        print(f"{name}: {len(questions)} questions", flush=True)
    for line in table(columns):
        print(line)


def table(columns: dict[str, dict[str, list[Outcome]]]) -> Iterator[str]:
    """Lines of Markdown: EM and F1 of each set, then for each change the points that it adds to both."""
    yield f"| EM / F1 | {' | '.join(columns)} | F1, all together |"
    yield f"|{'---|' * (len(columns) + 2)}"
    every = {name: [one for found in columns.values() for one in found[name]] for name in ("", *CHANGES)}
    whole = {name: figures(found[""]) for name, found in columns.items()}
    cells = [f"{one.em:.1f} / {one.f1:.1f}" for one in whole.values()]
    yield f"| all rules | {' | '.join(cells)} | {figures(every['']).f1:.1f} |"
    for change in CHANGES:
        cells = []
        for name, found in columns.items():
            changed = figures(found[change])
            cells.append(f"{changed.em - whole[name].em:+.1f} / {changed.f1 - whole[name].f1:+.1f}")
        gap = difference(every[change], every[""])
        low, high = gap.f1_interval
        yield f"| {change} | {' | '.join(cells)} | {gap.f1:+.2f} ({low:+.2f} to {high:+.2f}) |"


if __name__ == "__main__":
    main()
