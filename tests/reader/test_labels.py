"""What bench.labels counts as a label that a reader does not share."""

from __future__ import annotations

from bench.labels import held, rows
from reader.evaluate import Question
from reader.model import Reader
from tests.reader.fakes import FakeSpanModel, by_word


def test_a_label_that_shares_no_word_with_a_span_that_is_preferred_is_another() -> None:
    reader = Reader(FakeSpanModel(by_word(Anna=(1.5, 1.5), May=(1.0, 1.0), Bo=(0.25, 0.25), Cy=(-0.25, -0.25))))
    contexts = {"same": "Anna won.", "part": "May.", "other": "Bo won.", "unsure": "Cy won.", "none": "…"}
    asked = [Question(name, f"{name}?", context, ("in May", "Anna")) for name, context in contexts.items()]
    found = held(reader, [*asked, Question("no label", "?", "Bo won.", ())], 9)
    told = {one.question.id: (one.prediction.best, round(one.f1, 2), one.prediction.score) for one in found}
    assert told == {
        "same": ("Anna", 1.0, 3.0),
        "part": ("May", 0.67, 2.0),
        "other": ("Bo", 0.0, 0.5),
        "unsure": ("Cy", 0.0, -0.5),
    }
    assert list(rows("set", found, show=True)) == [
        "- set: other? ['in May', 'Anna'], read: 'Bo' (0.5)",
        "| set | 4 | 41.7 | 1 |",  # (1 + 2/3) / 4
    ]
    assert list(rows("set", found, show=False)) == ["| set | 4 | 41.7 | 1 |"]
    assert list(rows("set", [], show=True)) == ["| set | 0 | 0.0 | 0 |"]


def test_the_same_questions_are_drawn_whatever_their_order_and_none_without_an_answer() -> None:
    reader = Reader(FakeSpanModel(by_word(Bo=(1.0, 1.0))))
    asked = [Question(str(number), "?", "Bo won.", ("Bo",) if number % 2 else ()) for number in range(20)]
    first = held(reader, asked, 6)
    assert len(first) == 6
    assert all(one.question.answers for one in first)
    assert held(reader, asked[::-1], 6) == first
    assert held(reader, asked, 3) == first[:3]
    assert len(held(reader, asked, 50)) == 10
