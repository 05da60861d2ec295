"""The marks of `make bench`, on replies worked out by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from bench.peers.job import READY, in_turn
from bench.peers.report import Run, difference, figures, marks, write
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
        "ask_cpu_ms": 15.0,
        "search_cpu_ms": 1.5,
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


ASKS = f"""
import sys
print({READY!r}, flush=True)
for line in sys.stdin:
    open("order", "a").write(sys.argv[1])
    print("what a library prints")
    print({READY!r}, flush=True)
open(sys.argv[1], "w").write("done")
"""


def test_systems_take_turns_and_all_end_after_as_many_questions(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", ASKS, name] for name in ("a", "b")]
    in_turn(commands, 3, tmp_path, seconds=60)
    assert (tmp_path / "order").read_text() == "ababab"
    assert [(tmp_path / name).read_text() for name in ("a", "b")] == ["done", "done"]


def test_they_stop_when_their_time_is_over(tmp_path: Path) -> None:
    in_turn([[sys.executable, "-c", ASKS, "a"]], 10**6, tmp_path, seconds=0.2)
    assert 0 < len((tmp_path / "order").read_text()) < 10**6


@pytest.mark.parametrize(
    "script", ["raise SystemExit(3)", f"print({READY!r}, flush=True); input(); raise SystemExit(3)"]
)
def test_a_system_that_fails_ends_the_run(script: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="SystemExit"):
        in_turn([[sys.executable, "-c", script]], 2, tmp_path, seconds=60)


def test_tables_go_between_their_marks_and_a_whole_archive_has_no_figures_of_indexing(tmp_path: Path) -> None:
    (tmp_path / "articles.jsonl").write_text('{"id": "a", "text": "On Sunday Xi met Khan. Khan left on Monday."}\n')
    marked = "one\n<!-- table -->\nold\n<!-- end -->\ntwo\n<!-- whole -->\n<!-- end of whole -->\nthree\n"
    (tmp_path / "peers.md").write_text(marked)
    runs = [Run(name, {"seconds": 2.0, "passages": 3, "peak_mb": 5}, {"rows": [row()], "peak_mb": 7}) for name in "xy"]
    write(runs, [ASKED], tmp_path / "articles.jsonl", tmp_path)
    write(runs, [ASKED], tmp_path / "articles.jsonl", tmp_path, whole=True)
    first, _, rest = (tmp_path / "peers.md").read_text().partition("<!-- end -->")
    assert "| indexing, s | 2 | 2 |" in first
    assert "old" not in first
    assert "| indexing" not in rest
    assert "| ask, ms: p50, p95 | 10, 10 | 10, 10 |" in rest
    assert rest.startswith("\ntwo\n<!-- whole -->\n1 questions")
    assert rest.endswith("<!-- end of whole -->\nthree\n")
