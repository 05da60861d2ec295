"""Every row of docs/security.md names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_row_has_a_test_that_exists() -> None:
    lines = (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")][1:]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"(tests/\S+?\.py)::(\w+)", row)
        assert named, f"a row without a test: {row}"
        for file, test in named:
            assert re.search(rf"^def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), f"{file} has no {test}"
