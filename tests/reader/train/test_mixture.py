from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.types import Span
from reader.train.manifest import Source
from reader.train.mixture import Mixture, Task, choose
from reader.train.negatives import Passages
from reader.train.squad import Example
from tests.reader.train.conftest import questions

_SOURCE = Source("a", "a.json", "train", "CC0", (1, 1), unanswerable=0.4, contested=0.3)


def mixture(source: Source = _SOURCE, n: int = 50, seed: int = 0) -> Mixture:
    examples = questions(n)
    late = replace(source, name="b", share=(0, 3), weight=0.5, unanswerable=0, contested=0)
    return Mixture([(source, examples), (late, examples)], Passages([e.context for e in examples]), seed)


def draws(made: Mixture, n: int, progress: float = 0.0) -> list[Task]:
    return [made.draw(progress) for _ in range(n)]


@settings(max_examples=20, deadline=None)
@given(before=st.integers(0, 120), progress=st.floats(0, 1))
def test_a_restored_mixture_goes_on_where_it_was(before: int, progress: float) -> None:
    first, second = mixture(), mixture()
    draws(first, before, progress)
    second.restore(json.loads(json.dumps(first.state())))  # as it lies in a checkpoint
    assert draws(first, 60, progress) == draws(second, 60, progress)


def test_every_question_comes_once_before_one_comes_twice() -> None:
    made = mixture(replace(_SOURCE, unanswerable=0, contested=0), n=40)
    rounds = [[task.question + task.texts[0].context for task in draws(made, 40)] for _ in range(2)]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(e.question + e.context for e in questions(40))
    assert rounds[0] != rounds[1]


def test_shares_move_from_start_to_end() -> None:
    weights = [[task.weight for task in draws(mixture(), 2000, progress)].count(0.5) for progress in (0, 0.5, 1)]
    assert weights[0] == 0
    assert abs(weights[1] / 2000 - 0.6) < 0.05  # 1.5 of 2.5
    assert abs(weights[2] / 2000 - 0.75) < 0.05


def test_wrong_passages_hold_no_answer_and_no_answer_is_never_labelled() -> None:
    examples = {example.question: example for example in questions(50)}
    found = draws(mixture(), 1500)
    contested = [task for task in found if len(task.texts) > 1]
    emptied = [task for task in found if task.question in examples and examples[task.question].answers]
    emptied = [task for task in emptied if not any(text.answers for text in task.texts)]
    # one in five has no answer as it is; of the others .3 are contested, .4 made unanswerable (some by rewording)
    assert abs(len(contested) / 1500 - 0.8 * 0.3) < 0.05
    assert emptied
    for task in contested:
        right = task.texts[0].context[slice(*task.texts[0].answers[0])]
        assert right not in task.texts[1].context
        assert task.texts[1].answers == ()


def test_which_answer_is_learnt() -> None:
    spans = (Span(4, 9), Span(0, 20), Span(2, 3))
    asked = Example("1", "a", "What did Xi pledge?", "x" * 30, spans)
    assert choose(asked, "all") == spans
    assert choose(asked, "first") == (Span(4, 9),)
    assert choose(asked, "longest") == (Span(0, 20),)
    assert choose(asked._replace(question="Who pledged?"), "longest") == (Span(2, 3),)
    assert choose(asked._replace(question="By how much?"), "longest") == (Span(2, 3),)
