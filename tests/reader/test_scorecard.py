"""The figures of one file, worked out by hand, and their picture."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from api.render_reader import scorecard
from indexer.errors import InvalidInput
from indexer.types import Floats
from reader.evaluate import Question
from reader.model import Candidate, Reader
from reader.plot import _interval, check_plotting, draw
from reader.scorecard import evaluate


class FakeModel:
    name, runtime = "fake", "none"


class FakeReader:
    """Finds the first word of each passage that holds the last word of the question; its score is its length."""

    text_threshold, model = 3.0, FakeModel()

    def __init__(self, confidences: list[float] | None = None) -> None:
        self._confidences = confidences

    def read(self, question: str, passages: list[str], n: int) -> list[Candidate]:
        wanted = question.rstrip("?").split()[-1]
        found = [(place, text) for place, text in enumerate(passages) if wanted in text]
        return [Candidate(place, 0, len(text.split()[0]), float(len(text.split()[0]))) for place, text in found[:n]]

    def read_text(self, question: str, context: str, n: int) -> list[Candidate]:
        return self.read(question, [context], n)

    def confidences(self, scores: list[float]) -> Floats | None:
        return None if self._confidences is None else np.array(self._confidences, np.float32)


QUESTIONS = [
    Question("1", "Who left?", "Anna left.", ("Anna",)),
    Question("2", "When did she leave? left?", "Bo left.", ("Bo", "Bo Berg")),
    Question("3", "Who rests?", "It rained.", ()),
    Question("4", "Who rained?", "Nothing rained.", ()),
]


def evaluated(confidences: list[float] | None = None) -> dict[str, Any]:
    return evaluate(cast(Reader, FakeReader(confidences)), QUESTIONS)


def test_a_set_is_evaluated_by_hand() -> None:
    told: list[int] = []
    found = evaluate(cast(Reader, FakeReader()), QUESTIONS, told.append)
    assert told == [1, 2, 3, 4]
    assert json.loads(json.dumps(found))["threshold"] == 3.0
    assert {name: (row["n"], row["em"]) for name, row in found["figures"].items()} == {
        "all": (4, 50.0),  # Anna is given; Bo's score of 2 is too low; 3 is rightly not answered, 4 wrongly is
        "answerable": (2, 100.0),
        "has_answer": (2, 50.0),
        "no_answer": (2, 50.0),
    }
    # at 4: Anna right, 4 wrong; at 2: Bo right as well; nothing beats it
    assert (found["best_threshold"]["threshold"], found["best_threshold"]["em"]) == (2.0, 75.0)
    words = {name: (row["n"], row["em"], row["best"]["em"]) for name, row in found["by_question_word"].items()}
    assert words == {"when": (1, 0.0, 100.0), "who": (3, pytest.approx(200 / 3), 100.0)}
    lengths = {name: (row["n"], row["em"], row["best"]) for name, row in found["by_answer_length"].items()}
    assert lengths["none"] == (2, 50.0, None)
    assert lengths["1"][:2] == (2, 50.0)
    assert (found["risk_coverage"], found["risk_area"]) == ([(0.5, 0.0), (1.0, 0.0)], 0.0)
    assert found["reliability"] is None
    with pytest.raises(InvalidInput, match="there are none to mark"):
        evaluate(cast(Reader, FakeReader()), [])


def test_lengths_are_told_from_short_to_long() -> None:
    texts = [" ".join(["word"] * n) for n in (12, 2, 7, 1, 3)]
    asked = [Question(text, "Who?", text, (text,)) for text in texts]
    found = evaluate(cast(Reader, FakeReader()), [*asked, Question("none", "Who?", "word", ())])
    assert list(found["by_answer_length"]) == ["1", "2", "3-4", "5-10", "11+", "none"]


def test_reliability_by_hand() -> None:
    found = evaluated([0.95, 0.85, 0.05, 0.05])["reliability"]
    assert [(one["n"], one["right"]) for one in found["bins"]] == [(2, 0.0), (1, 1.0), (1, 1.0)]
    assert found["ece"] == pytest.approx((2 * 0.05 + 0.15 + 0.05) / 4)


def test_what_a_person_sees() -> None:
    shown = scorecard({"file": "dev.json", "half": "report", **evaluated([0.95, 0.85, 0.05, 0.05])})
    assert shown.startswith("dev.json: 4 questions of the report half, fake, none\n\nthresholds: own 3, best 2.00\n")
    assert "| NoAns, own threshold | 2 | 50.0 (0.0–100.0) | 50.0 (0.0–100.0) |" in shown
    assert "| when | 1 | 0.0 (0.0–0.0) | 0.0 (0.0–0.0) | 100.0 (100.0–100.0) |" in shown
    assert "| answered | 50% | 100% | area |\n|---|---|---|---|\n| wrong | 0.0% | 0.0% | 0.000 |" in shown
    assert "| mean confidence | 0.05 | 0.85 | 0.95 | ECE |" in shown
    assert "this reader has no calibration" in scorecard({"file": "dev.json", "half": None, **evaluated()})


def pixels(file: Path) -> Floats:
    from matplotlib.image import imread

    found: Floats = np.asarray(imread(file), np.float32)
    return found


def test_the_picture_shows_the_curves(tmp_path: Path) -> None:
    sure, other, plain = evaluated([0.95, 0.85, 0.05, 0.05]), evaluated([0.65, 0.55, 0.35, 0.35]), evaluated()
    for name, found in {"sure": sure, "again": sure, "other": other, "plain": plain}.items():
        draw({"dev.json": found}, tmp_path / f"{name}.png")
    assert (tmp_path / "sure.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    a, again, b, c = (pixels(tmp_path / f"{name}.png") for name in ("sure", "again", "other", "plain"))
    assert a.shape == b.shape == c.shape == (600, 1200, 4)
    np.testing.assert_array_equal(a, again)
    np.testing.assert_array_equal(a[:, :580], b[:, :580])  # the risks are the same
    assert np.abs(a[:, 620:] - b[:, 620:]).max() > 0.5  # what is promised is drawn on the right
    assert np.abs(a[:, 620:] - c[:, 620:]).max() > 0.5


def test_the_bars_are_those_of_clopper_and_pearson() -> None:
    assert _interval(1.0, 1) == pytest.approx((0.025, 1.0))  # (alpha / 2) ** (1 / n)
    assert _interval(0.0, 2) == pytest.approx((0.0, 1 - 0.025**0.5))


def test_what_cannot_be_drawn_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"curve\.pdf is no name of a picture: let it end in \.png"):
        check_plotting(tmp_path / "curve.pdf")
    with pytest.raises(InvalidInput, match=r"none is no folder: make it first"):
        check_plotting(tmp_path / "none" / "curve.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InvalidInput, match=r"folder\.png cannot be written"):
        draw({"dev.json": evaluated()}, tmp_path / "folder.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InvalidInput, match=r"^--plot: needs matplotlib: pip install 'pullquote\[plot\]'$"):
        check_plotting(tmp_path / "curve.png")
