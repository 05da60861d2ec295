from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from indexer.errors import InvalidInput
from retriever.evaluate import chosen, half_of, holds, mean, means, measured, ndcg, question_word, read_judged

RANKING = ["a", "b", "c", "d"]


def test_measures_of_a_case_worked_by_hand() -> None:
    """Of three relevant articles one is at rank 2, one at 4, one is missing; "c" was judged and is not relevant."""
    found = measured(RANKING, {"b": 2, "d": 1, "z": 1, "c": 0})
    assert [found["R@1"], found["R@10"], found["R@100"]] == pytest.approx([0, 2 / 3, 2 / 3])
    assert found["MRR"] == 0.5
    assert (found["Success@1"], found["Success@5"], found["Success@10"]) == (0, 1, 1)
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    best = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["nDCG@10"] == pytest.approx(gained / best)
    assert round(gained / best, 4) == 0.5406


def test_a_miss_is_zero_and_a_perfect_ranking_one() -> None:
    assert set(measured(RANKING, {"z": 1}).values()) == {0.0}
    perfect = measured(["a", "b"], {"a": 1, "b": 1})
    assert {name: value for name, value in perfect.items() if name != "R@1"} == dict.fromkeys(
        ("R@10", "R@100", "nDCG@10", "MRR", "Success@1", "Success@5", "Success@10"), 1.0
    )
    assert perfect["R@1"] == 0.5


def test_ndcg_stops_at_its_cut_and_counts_no_negative_grade() -> None:
    assert ndcg(RANKING, {"d": 1}, 3) == 0.0
    assert ndcg(["a", "b"], {"a": -1, "b": 1}, 10) == pytest.approx(1 / math.log2(3))
    assert ndcg(RANKING, {}, 10) == 0.0


def test_the_interval_of_a_mean() -> None:
    found = mean([0.0, 1.0] * 50)
    assert (found.n, found.mean) == (100, 0.5)
    assert 0.35 < found.low < 0.44 < 0.56 < found.high < 0.65  # 0.5 ± 1.96 · 0.05
    assert found == mean([0.0, 1.0] * 50)
    assert mean([1.0, 1.0]) == (2, 1.0, 1.0, 1.0)
    assert means([]) == {}
    assert means([{"x": 0.0}, {"x": 1.0}])["x"].mean == 0.5


def write(folder: Path, *rows: object) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_questions_name_articles_as_a_list_or_with_grades(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"id": 1, "question": "Who?", "answers": ["Xi"], "articles": ["a"]},
        {"id": "2", "query": "roads", "articles": {"b": 2, "c": 0}, "as_of": "2022-02"},
    )
    one, two = read_judged(file)
    assert one == ("1", "Who?", ("Xi",), {"a": 1}, None)
    assert two == ("2", "roads", (), {"b": 2, "c": 0}, "2022-02")


def test_judgements_of_trec_take_the_place_of_those_of_the_questions(tmp_path: Path) -> None:
    qrels = tmp_path / "qrels"
    qrels.write_text("1 0 x 3\n1 0 y 0\n\n9 0 z 1\n", "utf-8")
    file = write(tmp_path, {"id": "1", "question": "Who?", "articles": ["a"]}, {"id": "2", "question": "What?"})
    assert [one.articles for one in read_judged(file, qrels)] == [{"x": 3, "y": 0}, {}]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"question": "Who?"}, "no question with an id"),
        ({"id": "1"}, "no question with an id"),
        ({"id": "1", "question": "Who?", "answers": "Xi"}, "answers is a list"),
        (["1"], "no question with an id"),
    ],
)
def test_what_is_no_question_is_named_by_its_line(tmp_path: Path, row: object, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as refusal:
        read_judged(write(tmp_path, {"id": "0", "question": "Fine?"}, row))
    assert "line 2" in str(refusal.value)


def test_ids_are_unique_and_files_hold_something(tmp_path: Path) -> None:
    row = {"id": "1", "question": "Who?"}
    with pytest.raises(InvalidInput, match="stands twice"):
        read_judged(write(tmp_path, row, row))
    with pytest.raises(InvalidInput, match="no question"):
        read_judged(write(tmp_path))
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_judged(tmp_path / "missing")
    (tmp_path / "qrels").write_text("1 0 a\n", "utf-8")
    with pytest.raises(InvalidInput, match="qid 0 article grade"):
        read_judged(write(tmp_path, row), tmp_path / "qrels")


def test_halves_are_apart_and_samples_the_same(tmp_path: Path) -> None:
    file = write(tmp_path, *({"id": str(n), "question": "Who?"} for n in range(200)))
    questions = read_judged(file)
    tune, report = chosen(questions, "tune"), chosen(questions, "report")
    assert len(tune) + len(report) == 200
    assert {half_of(one.id) for one in tune} == {"tune"}
    assert 70 < len(tune) < 130
    assert chosen(questions, "tune", 10) == chosen(questions[::-1], "tune", 10) == tune[:10]


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("It cost 3 million euros.", "3 MILLION", True),
        ("It cost 33 million.", "3 million", False),
        ("the U.S. said", "u s", True),
        ("Xi met Khan", "?!", False),
        ("anything", "", False),
    ],
)
def test_a_text_holds_an_answer_as_whole_words(text: str, answer: str, expected: bool) -> None:
    assert holds(text, [answer]) is expected


def test_question_words() -> None:
    questions = ["To whom did Xi speak?", "In which city?", "Name the mayor.", "How many, and when?"]
    assert [question_word(question) for question in questions] == ["who", "which", "other", "how"]
