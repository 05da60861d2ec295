from __future__ import annotations

import signal
from pathlib import Path

import pytest

from api.commands.progress import count, pace
from api.commands.stopping import Stopping


def test_nothing_is_said_of_the_pace_before_it_can_be_known() -> None:
    assert pace(5, 100, 10.0) == pace(50, 100, 0.5) == ""


def test_the_pace_says_the_rate_and_the_time_left() -> None:
    assert pace(100, 400, 10.0) == "; 10 a second, about 30 s left"
    assert pace(100, 4000, 100.0) == "; 60 a minute, about 65 min left"
    assert pace(100, 40_000, 100.0) == "; 60 a minute, about 11.1 h left"
    assert pace(100, 0, 10.0) == "; 10 a second"


def test_articles_are_lines_or_files(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    (tmp_path / "one.txt").write_text("text\n")
    assert count([str(tmp_path)]) == 3
    assert count([str(tmp_path), "-"]) == 0


def test_the_first_interrupt_asks_and_the_second_interrupts(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stopping() as stopping:
        assert not stopping.asked()
        signal.raise_signal(signal.SIGINT)
        assert stopping.asked()
        assert "stopping after this batch" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
