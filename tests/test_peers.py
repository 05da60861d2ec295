"""The marks of `make bench`, on replies worked out by hand."""

from __future__ import annotations

from typing import Any

from bench.peers.report import Run, difference, figures, marks
from retriever.evaluate import Judged

TEXTS = {"a": "On Sunday Xi met Khan. Khan left on Monday."}
ASKED = Judged("q", "Who met Khan?", ("Xi", "Xi Jinping"), {"a": 1})


def row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a reply as JSON has it
    reply = {
        "id": "q",
        "answers": [["a", "Khan", 17, 21], ["a", "Xi", 10, 12]],
        "answered": True,
        "passages": [["b", "Xi was there.", None, None], ["a", "On Sunday Xi met Khan.", 0, 22]],
        "ask_ms": 10.0,
        "search_ms": 1.0,
    }
    return {**reply, **changes}


def test_a_right_second_answer_counts_for_five_and_not_for_one() -> None:
    made = marks(row(), ASKED, TEXTS)
    assert made == {
        "right@1": 0.0,
        "right@5": 1.0,
        "EM": 0.0,
        "F1": 0.0,
        "answered": 1.0,
        "right@1, answered": 0.0,
        "passage": 1.0,
        "offsets": 1.0,
    }


def test_an_answer_that_contains_gold_is_right_and_not_exact() -> None:
    made = marks(row(answers=[["a", "Sunday Xi met", 3, 16]]), ASKED, TEXTS)
    assert (made["right@1"], made["EM"], made["F1"]) == (1.0, 0.0, 0.5)  # 2 * 1 common word / (3 + 1)


def test_shifted_or_missing_offsets_are_wrong_and_a_missing_answer_has_none() -> None:
    assert marks(row(answers=[["a", "Xi", 11, 13]]), ASKED, TEXTS)["offsets"] == 0.0
    assert marks(row(answers=[["a", "Xi", None, None]]), ASKED, TEXTS)["offsets"] == 0.0
    none = marks(row(answers=[], answered=False), ASKED, TEXTS)
    assert "offsets" not in none
    assert (none["right@5"], none["answered"]) == (0.0, 0.0)


def test_a_passage_of_another_article_is_not_the_right_one() -> None:
    assert marks(row(passages=[["b", "Xi was there.", None, None]]), ASKED, TEXTS)["passage"] == 0.0


def test_figures_are_means_over_the_questions_and_differences_are_paired() -> None:
    rows = [row(), row(answers=[["a", "Xi", 10, 12]], ask_ms=30.0)]
    run = Run("one", {"seconds": 2.0, "passages": 3, "peak_mb": 5}, {"rows": rows, "peak_mb": 7})
    made = figures(run, {"q": ASKED}, TEXTS)
    assert (made["right@1"].mean, made["ask"][0], made["ask_mb"], made["index_mb"]) == (0.5, 20.0, 7, 5)
    assert difference(made["rows"], made["rows"], "right@1") == "+0.000 (+0.000 to +0.000)"
