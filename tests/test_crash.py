from __future__ import annotations

from pathlib import Path

from tests.crash import crash


def test_what_was_acknowledged_survives_30_kills(tmp_path: Path) -> None:
    assert crash(runs=30, seed=1, folder=tmp_path / "archive") >= 15  # else the children were killed too early to tell
