"""What bench.labels counts as a label that a reader does not share."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.labels import drawn, held, rows
from reader.evaluate import Question
from reader.model import Candidate

TEXT = "Anna opened the bridge on Monday. Bo closed it."


@dataclass
class Told:
    """Reads what it is told to."""

    spans: dict[str, Candidate] = field(default_factory=dict)

    def read_text(self, question: str, context: str, n: int) -> list[Candidate]:
        assert (context, n) == (TEXT, 1)
        return [self.spans[question]] if question in self.spans else []


def span(words: str, score: float) -> Candidate:
    return Candidate(0, TEXT.index(words), TEXT.index(words) + len(words), score)


def test_a_label_that_shares_no_word_with_a_span_that_is_preferred_is_another() -> None:
    asked = [Question(name, name, TEXT, ("on Monday", "Anna")) for name in ("same", "part", "other", "unsure", "none")]
    reader = Told(
        {"same": span("Anna", 3), "part": span("Monday", 2), "other": span("Bo", 0.5), "unsure": span("Bo", -0.5)}
    )
    found = list(held(reader, asked))  # type: ignore[arg-type]
    assert [(one.read, round(one.f1, 2), one.is_another) for one in found] == [
        ("Anna", 1.0, False),
        ("Monday", 0.67, False),
        ("Bo", 0.0, True),
        ("Bo", 0.0, False),
    ]
    assert list(rows("set", found, show=True)) == [
        "- set: other ['on Monday', 'Anna'], read: 'Bo' (0.5)",
        "| set | 4 | 41.7 | 1 |",  # (1 + 2/3) / 4
    ]
    assert list(rows("set", found, show=False)) == ["| set | 4 | 41.7 | 1 |"]
    assert list(rows("set", [], show=True)) == ["| set | 0 | 0.0 | 0 |"]


def test_the_same_questions_are_drawn_whatever_their_order_and_none_without_an_answer() -> None:
    asked = [Question(str(number), "?", TEXT, ("Bo",) if number % 2 else ()) for number in range(20)]
    first = drawn(asked, 6)
    assert len(first) == 6
    assert all(one.answers for one in first)
    assert drawn(asked[::-1], 6) == first
    assert drawn(asked, 3) == first[:3]
    assert len(drawn(asked, 50)) == 10
