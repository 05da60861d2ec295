"""Official rules on odd cases, worked by hand; thresholds and curves against their definitions."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from reader.evaluate import (
    Bin,
    Outcome,
    Prediction,
    Question,
    answer_length,
    best_threshold,
    by,
    calibration_error,
    credits,
    difference,
    exact_match,
    f1,
    figures,
    half,
    in_digits,
    mark,
    normalise,
    predict,
    question_word,
    read_questions,
    reliability,
    risk_coverage,
    sample,
    summary,
)
from reader.model import Candidate, Reader


def asked(name: str, *answers: str, question: str = "Who?") -> Question:
    return Question(name, question, "", answers)


def outcome(score: float, f1_score: float, answerable: bool = True) -> Outcome:
    question = asked("q", *(["right"] if answerable else []))
    return Outcome(question, Prediction("x", score), float(f1_score == 1), f1_score)


outcomes = st.lists(
    st.builds(
        lambda score, right, answerable: outcome(score, right if answerable else 0.0, answerable),
        st.integers(-5, 5).map(float),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The  U.S. Army,", "us army"),
        ("an A-team", "ateam"),  # marks go first: "a-team" loses its hyphen, and then no article is left to cut
        ("(the)", ""),
        ("10,000 a year", "10000 year"),
        ("“Xi”", "“xi”"),  # curly quotation marks are not in string.punctuation: the official script keeps them
        ("Theatre", "theatre"),
    ],
)
def test_normalise_does_what_the_official_script_does(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_exact_match_and_f1_by_hand() -> None:
    assert exact_match("The Enlightenment", "enlightenment.") == 1
    assert exact_match("Enlightenment era", "enlightenment") == 0
    assert f1("roads and power plants", "power plants") == pytest.approx(2 * 2 / (4 + 2))
    assert f1("no no no", "no") == pytest.approx(2 * 1 / (3 + 1))  # bags, not sets
    assert f1("the", "a") == 1  # neither has a word left
    assert f1("the", "dog") == 0
    assert f1("", "dog") == 0


@given(left=st.text(max_size=20), right=st.text(max_size=20))
def test_f1_is_symmetric_and_1_where_the_match_is_exact(left: str, right: str) -> None:
    assert f1(left, right) == f1(right, left)
    assert 0 <= f1(left, right) <= 1
    assert exact_match(left, right) <= f1(left, right)


def test_the_best_fitting_answer_counts_and_empty_ones_do_not() -> None:
    marked = mark(
        [asked("1", "in Paris", "Paris, France"), asked("2", "the", "."), asked("3")],
        [Prediction("Paris", 1.0), Prediction("the", 1.0), Prediction("x", 1.0)],
    )
    assert [(one.em, one.f1) for one in marked] == [(0.0, pytest.approx(2 / 3)), (0.0, 0.0), (0.0, 0.0)]
    assert marked[1].question.answers == ()  # so it is a question without an answer, as in evaluate-v2.0.py


def test_abstaining_is_right_only_where_there_is_no_answer() -> None:
    found = [outcome(1.0, 0.5), outcome(-1.0, 1.0), outcome(-1.0, 0.0, answerable=False), outcome(0.0, 0.0, False)]
    np.testing.assert_array_equal(credits(found, 0.0), [[0, 0.5], [0, 0], [1, 1], [0, 0]])
    np.testing.assert_array_equal(credits(found, None), [[0, 0.5], [1, 1], [0, 0], [0, 0]])


@given(found=outcomes)
def test_no_threshold_beats_the_best_one(found: list[Outcome]) -> None:
    def mean(threshold: float) -> float:
        return float(credits(found, threshold)[:, 1].mean())

    best = mean(best_threshold(found))
    assert best == pytest.approx(max(mean(threshold) for threshold in [*np.arange(-5.5, 6, 0.5), np.inf]))


def test_the_best_threshold_by_hand() -> None:
    found = [outcome(3.0, 1.0), outcome(2.0, 0.0, False), outcome(1.0, 1.0), outcome(0.0, 0.0, False)]
    assert best_threshold(found) == 3.0  # 3.0 and 1.0 give 3 of 4; the higher one answers less
    assert best_threshold([outcome(3.0, 0.0, False)]) == math.inf


def test_figures_are_percentages_with_an_interval_around_them() -> None:
    found = [outcome(1.0, 1.0)] * 30 + [outcome(1.0, 0.5)] * 10
    measured = figures(found)
    assert (measured.n, measured.em, measured.f1) == (40, 75.0, 87.5)
    assert measured.em_interval[0] < 75 < measured.em_interval[1]
    # the standard error of a share of .75 in 40 is 6.8 points: 95 % is about 13.4 either way
    assert measured.em_interval == pytest.approx((61.6, 88.4), abs=3)
    assert figures(found) == measured
    with pytest.raises(InvalidInput):
        figures([])


def test_a_difference_is_paired() -> None:
    ours, theirs = [outcome(1.0, 1.0)] * 30 + [outcome(1.0, 0.5)] * 10, [outcome(1.0, 0.5)] * 40
    gap = difference(ours, theirs)
    assert (gap.n, gap.f1) == (40, 37.5)
    # 30 gaps of 50 points and 10 of 0: their standard error is 21.7 / sqrt(40) = 3.4
    assert gap.f1_interval == pytest.approx((37.5 - 6.7, 37.5 + 6.7), abs=1.5)
    assert difference(ours, ours) == (40, 0.0, (0.0, 0.0))
    with pytest.raises(InvalidInput, match="same questions"):
        difference(ours, theirs[1:])


def test_summary_keeps_both_kinds_apart() -> None:
    found = [outcome(1.0, 1.0), outcome(-1.0, 1.0), outcome(-1.0, 0.0, False)]
    table = summary(found, 0.0)
    assert {name: (row.n, round(row.f1, 1)) for name, row in table.items()} == {
        "all": (3, 66.7),
        "answerable": (2, 100.0),
        "has_answer": (2, 50.0),
        "no_answer": (1, 100.0),
    }
    assert set(summary(found[:1], 0.0)) == {"all", "answerable", "has_answer"}


def test_halves_and_samples_depend_on_the_id_alone() -> None:
    questions = [asked(str(number)) for number in range(1000)]
    tune, report = sample(questions, "tune", None), sample(questions, "report", None)
    assert {q.id for q in tune}.isdisjoint(q.id for q in report)
    assert len(tune) + len(report) == 1000
    assert 430 < len(tune) < 570  # 4.4 standard deviations of a fair coin
    assert all(half(question.id) == "tune" for question in tune)
    assert sample(questions[::-1], "tune", 20) == tune[:20]


def test_groups_by_question_word_and_length() -> None:
    found = [
        Outcome(asked("1", "Xi", question="By whom was it said?"), Prediction("Xi", 1), 1, 1),
        Outcome(asked("2", "the year 1999", "1999", question="In which year?"), Prediction("", 1), 0, 0),
        Outcome(asked("3", question="Name it."), Prediction("", 1), 0, 0),
        Outcome(asked("4", " ".join("abcdefghijk"), question="How, what?"), Prediction("", 1), 0, 0),
    ]
    assert list(by(found, question_word)) == ["how", "other", "which", "who"]
    assert {name: len(group) for name, group in by(found, answer_length).items()} == {"1": 2, "11+": 1, "none": 1}


def test_risk_falls_with_coverage_by_hand() -> None:
    curve = risk_coverage([outcome(1.0, 0.0), outcome(3.0, 1.0), outcome(2.0, 1.0), outcome(0.0, 1.0)])
    np.testing.assert_allclose(curve, [[0.25, 0], [0.5, 0], [0.75, 1 / 3], [1, 0.25]], rtol=1e-6)


def test_reliability_by_hand() -> None:
    bins = reliability(np.array([0.1, 0.15, 0.9, 1.0], np.float32), np.array([0, 1, 1, 1], np.float32), n_bins=2)
    assert [bin_.n for bin_ in bins] == [2, 2]
    assert bins == [Bin(2, bins[0].confidence, 0.5), Bin(2, bins[1].confidence, 1.0)]
    assert [bin_.confidence for bin_ in bins] == pytest.approx([0.125, 0.95])
    assert calibration_error(bins) == pytest.approx((2 * 0.375 + 2 * 0.05) / 4)
    assert calibration_error([]) == 0


@pytest.mark.parametrize("packed", [False, True])
def test_read_questions(tmp_path: Path, packed: bool) -> None:
    asked_of = [
        {"id": 7, "question": "Who?", "answers": [{"text": "Xi", "answer_start": 0}], "is_impossible": False},
        {"id": "8", "question": "Why?", "answers": [{"text": "Xi", "answer_start": 0}], "is_impossible": True},
    ]
    raw = json.dumps({"data": [{"paragraphs": [{"context": "Xi left.", "qas": asked_of}]}]}).encode()
    file = tmp_path / ("set.json.gz" if packed else "set.json")
    file.write_bytes(gzip.compress(raw) if packed else raw)
    assert read_questions(file) == [
        Question("7", "Who?", "Xi left.", ("Xi",)),
        Question("8", "Why?", "Xi left.", ()),
    ]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text('{"rows": []}')
    with pytest.raises(InvalidInput, match=r"set\.json cannot be read as SQuAD"):
        read_questions(tmp_path / "set.json")


def test_numbers_in_words_become_digits() -> None:
    assert in_digits("Four of twenty-one, a nine-year ban; Ninety, tenth, often, one") == (
        "4 of 20-1, a 9-year ban; 90, tenth, often, 1"
    )


class FakeReader:
    """Finds the first word of each passage that holds the last word of the question; its score is its length."""

    threshold = 3.0

    def read(self, question: str, passages: list[str], n: int) -> list[Candidate]:
        wanted = question.rstrip("?").split()[-1]
        found = [(place, text) for place, text in enumerate(passages) if wanted in text]
        return [Candidate(place, 0, len(text.split()[0]), float(len(text.split()[0]))) for place, text in found[:n]]

    def read_text(self, question: str, context: str, n: int) -> list[Candidate]:
        return self.read(question, [context], n)


def test_passages_compete() -> None:
    asked = [Question("1", "Who left?", "Anna left.", ("Anna",))]
    predicted = list(predict(cast(Reader, FakeReader()), asked, rivals=lambda _: ["It rained.", "Bo left."]))
    assert predicted == [Prediction("Anna", 4.0, 2.0)]
    assert list(predict(cast(Reader, FakeReader()), [asked[0]._replace(question="Came?")])) == [Prediction("", 0.0)]
