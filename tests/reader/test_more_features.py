from __future__ import annotations

from typing import Any

import pytest

from bench.features import MORE, reciprocal_ranks, role, under_headlines, widened
from reader.group import Occurrence, group
from reader.model import Reader
from reader.weigh import FEATURES, kind_of
from tests.reader.fakes import FakeSpanModel, by_word

TEXT = "Delhi is far. Khan met Xi."


def line(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - evidence as JSON has it
    passage = {"article": "a", "story": "1", "start": 0, "text": TEXT, "standing": {"cosine": 0.5}}
    spans = [[0, 14, 18, 3.0], [0, 0, 5, 1.0]]
    found = {"set": "news", "id": "q", "half": "tune", "archive": True, "question": "Who met Xi?", "answers": ["Khan"]}
    return {**found, "passages": [passage], "spans": spans, **changes}


@pytest.mark.parametrize(
    ("quote", "is_role"), [("former Japanese Prime Minister", 1.0), ("Prime Minister Abe", 0.0), ("Author", 1.0)]
)
def test_a_role_is_no_name(quote: str, is_role: float) -> None:
    (one,) = group([Occurrence("a", "1", 0, len(quote), quote, 1.0)])
    assert role(kind_of("Who killed Abe?"), one) == is_role
    assert role(kind_of("What was Abe?"), one) == 0.0


def test_one_more_feature_is_one_more_column() -> None:
    assert [widened(line(), more).rows.shape for more in MORE] == [(2, len(FEATURES) + 1)] * len(MORE)


def test_ranks_come_from_what_the_other_questions_say() -> None:
    """Margins put Khan first, and there is one question more whose right answer stands second."""
    odd = line(id="odd", answers=["Delhi"])
    given = [widened(row, role) for row in [*(line(id=f"q{n}") for n in range(20)), odd]]
    assert reciprocal_ranks(given).tolist() == [1.0] * 20 + [0.5]


def test_a_headline_is_read_and_not_quoted() -> None:
    """The reader likes "Xi" best, then "Delhi": in the headline neither counts; offsets are those of the passage."""
    reader = Reader(FakeSpanModel(by_word(Xi=(9.0, 9.0), Delh=(6.0, -9.0), i=(-9.0, 6.0)), threshold=0.0))
    made = under_headlines(line(spans=[]), {"a": "Xi in Delhi"}, reader)
    assert [TEXT[start:end] for _, start, end, _ in made["spans"]][:2] == ["Xi", "Delhi"]
    assert under_headlines(line(), {}, reader)["passages"] == line()["passages"]
