from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reader.calibrate import Fitted, load_calibration
from reader.train.confidence import fit_weights, main
from reader.train.judged import asked
from reader.weigh import FEATURES

WORDS = ("ash", "birch", "cedar", "elm")


def write(file: Path, n: int = 1200, reader: str = "minilm-l6-reader:1") -> None:
    """Four passages a question. The passage found first holds the answer, and so does, in half of them, the best span.

    Of one question in four nothing is right, and all its margins are lower by three.
    """
    rng = np.random.default_rng(0)
    lines = []
    for number in range(n):
        order, answerable = rng.permutation(4), number % 4 > 0
        right = WORDS[order[0]]
        passages = [
            {
                "article": f"p{at}",
                "story": f"p{at}",
                "start": 0,
                "text": WORDS[word],
                "standing": {"retrieval": 1 - 0.1 * at, "cosine": 0.5},
            }
            for at, word in enumerate(order)
        ]
        margins = rng.normal(0, 1, 4) + (0 if answerable else -3)
        spans = [(at, 0, len(WORDS[word]), float(margins[at])) for at, word in enumerate(order)]
        archive = number % 3 > 0
        lines.append(
            {
                "set": ("archive" if answerable or number % 7 else "none") if archive else "text",
                "over": "archive" if archive else "text",
                "half": "tune" if number % 5 < 3 else "report",
                "reader": reader,
                "runtime": "onnx-int8",
                "embedder": "words:1",
                "fusion": "f",
                "depth": 20,
                "id": str(number),
                "question": "What is\u2028it?",
                "answers": [right] if answerable else [],
                "archive": archive,
                "passages": passages,
                "spans": spans,
            }
        )
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")


def test_the_fit_finds_what_tells_and_shows_what_it_promises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "evidence.jsonl")
    out = tmp_path / "calibration.json"
    assert main([str(tmp_path / "evidence.jsonl"), "--out", str(out)]) == 0
    _, report = capsys.readouterr().out.split("Report halves")
    rows = {
        cells[0]: cells for cells in ([c.strip() for c in line.strip("|").split("|")] for line in report.splitlines())
    }
    right_now, before = float(rows["archive"][2]), float(rows["archive"][5])
    assert right_now > 0.95  # the passage found first tells
    assert before == pytest.approx(0.25, abs=0.07)
    assert float(rows["archive"][9]) < 0.07  # ECE
    assert 0 < float(rows["archive"][-1]) < 0.07  # of a perfect confidence over as many questions
    assert float(rows["none"][8]) == float(rows["none"][9]) < 0.5  # nothing is right: mean confidence and ECE are one
    assert int(rows["archive, all"][1]) == int(rows["archive"][1]) + int(rows["none"][1]) == 320
    assert float(rows["archive, all"][9]) < 0.07
    assert "text, all" not in rows  # one set alone
    wrong, answered = map(float, rows["archives, all"][11].split("/"))
    assert wrong <= 0.1
    assert answered > 0.5
    made = load_calibration(out, "minilm-l6-reader:1", "onnx-int8")
    assert made is not None
    assert made.data == {"archive": 463, "none": 17, "text": 240}
    assert made.fitted == Fitted("words:1", "f", 20)
    assert made.weights["retrieval"] > 5
    assert made.weights["margin"] > 0.3
    assert made.weights["mistyped"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "answers", "right"),
    [
        ("four", ["4"], True),
        ("nine-year", ["9"], True),
        ("14", ["fourteen years"], True),  # half of its words
        ("14", ["four"], False),
        ("four", [], False),
        ("DeSantis", ["Florida Gov. Ron DeSantis"], False),  # an F1 of .4
        ("Ron DeSantis", ["Florida Gov. Ron DeSantis"], True),
        ("in Paris, France", ["Paris"], True),
    ],
)
def test_what_counts_as_right(text: str, answers: list[str], right: bool) -> None:
    passage = {"article": "a", "story": "a", "start": 0, "text": text, "standing": {}}
    line = {"set": "s", "id": "1", "half": "tune", "question": "Which?", "archive": False}
    found = asked({**line, "answers": answers, "passages": [passage], "spans": [(0, 0, len(text), 1.0)]})
    assert found.right.tolist() == [right]


def test_weights_fall_on_what_is_right_and_none_where_nothing_is() -> None:
    rows = np.zeros((2, len(FEATURES)), np.float32)
    rows[0, 0] = 1.0
    found = fit_weights([rows] * 30, [np.array([True, False])] * 20 + [np.zeros(2, bool)] * 10)
    scores = found.scores(rows)
    assert scores[0] > scores[1] + 1
    chance = np.exp(scores) / (1 + np.exp(scores).sum())
    assert chance[0] == pytest.approx(2 / 3, abs=0.06)


def test_a_reader_without_a_place_for_its_calibration_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "a.jsonl", 40, "all-minilm-l6-v2:1")
    assert main([str(tmp_path / "a.jsonl")]) == 2
    assert "no calibration of all-minilm-l6-v2 is named in models.yaml: say where" in capsys.readouterr().err


def test_evidence_of_two_readers_or_of_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.jsonl", 40)
    write(tmp_path / "b.jsonl", 40, "b:1")
    out = ["--out", str(tmp_path / "c.json")]
    assert main([str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"), *out]) == 2
    assert "of 2 readers" in capsys.readouterr().err
    assert main([str(tmp_path / "a.jsonl"), *out]) == 2
    assert "50 questions or more" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), *out]) == 2
    assert "holds no evidence" in capsys.readouterr().err
