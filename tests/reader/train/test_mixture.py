from __future__ import annotations

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


def mixture(source: Source = _SOURCE, n: int = 50, seed: int = 0, n_tasks: int = 1500) -> Mixture:
    examples = questions(n)
    late = replace(source, name="b", share=(0, 3), weight=0.5, unanswerable=0, contested=0)
    return Mixture([(source, examples), (late, examples)], Passages([e.context for e in examples]), seed, n_tasks)


def alone(source: Source = _SOURCE, n: int = 50, n_tasks: int = 1500) -> list[Task]:
    examples = questions(n)
    made = Mixture([(source, examples)], Passages([e.context for e in examples]), 0, n_tasks)
    return [made.task(number) for number in range(len(made))]


@settings(max_examples=20, deadline=None)
@given(order=st.lists(st.integers(0, 1499), max_size=30))
def test_a_task_is_a_function_of_its_number(order: list[int]) -> None:
    first, second = mixture(), mixture()
    assert [first.task(number) for number in order] == [second.task(number) for number in reversed(order)][::-1]


def test_another_seed_gives_other_tasks() -> None:
    assert [mixture(seed=0).task(n) for n in range(20)] != [mixture(seed=1).task(n) for n in range(20)]


def test_every_question_comes_once_before_one_comes_twice() -> None:
    found = alone(replace(_SOURCE, unanswerable=0, contested=0), n=40, n_tasks=80)
    rounds = [[task.question + task.texts[0].context for task in part] for part in (found[:40], found[40:])]
    assert sorted(rounds[0]) == sorted(rounds[1]) == sorted(e.question + e.context for e in questions(40))
    assert rounds[0] != rounds[1]


def test_shares_move_from_start_to_end() -> None:
    made = mixture(n_tasks=6000)
    late = [made.task(number).weight == 0.5 for number in range(6000)]
    thirds = [sum(late[first : first + 600]) / 600 for first in (0, 2700, 5400)]
    assert thirds[0] < 0.16  # 0 at the start, 0.3 / 1.2 after a tenth
    assert abs(thirds[1] - 0.6) < 0.06  # 1.5 of 2.5
    assert abs(thirds[2] - 0.74) < 0.06  # 3 of 4 at the end


def test_wrong_passages_hold_no_answer_and_no_answer_is_never_labelled() -> None:
    examples = {example.question: example for example in questions(50)}
    found = alone()
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
