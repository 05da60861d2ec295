from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reader.calibrate import Evidence, load_calibration
from reader.train.confidence import main


def write(file: Path, n: int = 4000) -> None:
    """Predictions that are right with chance 1 / (1 + exp(-score)); those of another reader are always wrong."""
    rng = np.random.default_rng(0)
    scores = rng.normal(1, 3, n)
    right = rng.random(n) < 1 / (1 + np.exp(-scores))
    rows = [
        {
            "set": f"set {number % 2}",
            "reader": reader,
            "id": str(number),
            "half": "tune" if number % 4 < 2 else "report",
            "question": "What?",
            "best": "it",
            "score": float(score),
            "runner_up": None,
            "f1": 0.6 if good and reader == "a" else 0.4,
        }
        for number, (score, good) in enumerate(zip(scores, right, strict=True))
        for reader in ("a", "b")
    ]
    file.write_text("\n".join(map(json.dumps, rows)))


def test_the_table_shows_what_the_calibration_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "predictions.jsonl")
    options = ["--name", "a", "--reader", "a:1", "--out", str(tmp_path / "calibration.json")]
    assert main([str(tmp_path / "predictions.jsonl"), *options]) == 0
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows[2:]] == [["set 0", "1000"], ["set 1", "1000"], ["all", "2000"]]
    assert all(float(row[4]) < 0.06 for row in rows[2:])  # what is left is chance: 2000 questions in 10 bins
    for cell, bound in zip(rows[-1][5:], (0.05, 0.1, 0.2), strict=True):
        wrong, answered = map(float, cell.split("/"))
        assert wrong < bound + 0.02
        assert answered > 0.1
    made = load_calibration(tmp_path / "calibration.json", "a:1", "onnx-int8")
    assert made is not None
    assert made.data == {"set 0": 1000, "set 1": 1000}
    assert made.confidence([Evidence("What?", "it", 0.0)])[0] == pytest.approx(0.5, abs=0.06)


def test_an_unknown_reader_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "predictions.jsonl", 8)
    command = [str(tmp_path / "predictions.jsonl"), "--name", "c", "--reader", "c", "--out", str(tmp_path / "c.json")]
    assert main(command) == 2
    assert capsys.readouterr().err == "name: no tune predictions of c in those files\n"
    assert main([str(tmp_path / "none"), *command[1:]]) == 2
    assert "holds no predictions" in capsys.readouterr().err
