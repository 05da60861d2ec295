"""The bench of confidences at lesser depths."""

from __future__ import annotations

from typing import Any

import pytest

from bench.trust import First, cut, first, table
from reader.calibrate import Bound, Calibration, Curve
from reader.weigh import FEATURES

CURVE = Curve(1.0, 0.0, 0.5, (Bound(0.1, None, 0, 0),))
MADE = Calibration(
    "r", "x", dict.fromkeys(FEATURES, 0.0) | {"margin": 1.0}, 0.0, 0.0, CURVE, CURVE, {}, {}
)  # fmt: skip
TEXTS = ("Khan met Xi in Beijing.", "Khan met Modi in Delhi.")
LINE: dict[str, Any] = {
    "set": "news",
    "id": "1",
    "half": "report",
    "archive": True,
    "question": "Where did Khan meet Modi?",
    "answers": ["Delhi"],
    "passages": [
        {"article": name, "story": name, "start": 0, "text": text, "standing": {"cosine": 0.5}}
        for name, text in zip("ab", TEXTS, strict=True)
    ],
    "spans": [[1, 17, 22, 2.0], [0, 15, 22, 0.0]],
}


def test_at_a_depth_only_the_first_passages_were_read() -> None:
    assert cut(LINE, 1) == {**LINE, "passages": LINE["passages"][:1], "spans": [[0, 15, 22, 0.0]]}
    assert first(cut(LINE, 1), MADE) == First(0.5, False)
    assert first(cut(LINE, 2), MADE) == pytest.approx(First(0.8808, True), abs=1e-4)
    assert first({**LINE, "spans": []}, MADE) is None


def test_the_table_tells_confidence_right_and_error_at_each_depth() -> None:
    lines = list(table({"news": [LINE, LINE]}, MADE))
    assert lines[0] == "| confidence / right / ECE | 1 | 2 | 4 | 8 | 12 | 20 |"
    deep = ".881 / 1.000 / .119"
    assert lines[2] == f"| news, 2 | .500 / .000 / .500 | {' | '.join([deep] * 5)} |"
    assert lines[3].startswith("| all, 2 | .500")
