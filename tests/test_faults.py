"""Short runs of `make faults` and `make flips`, each in a process of its own: they fork, and this one has threads."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def outcomes(*command: str) -> dict[str, int]:
    """What `python -m …` counted; it ends with an error where anything was wrong."""
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout.rpartition(": 0 wrong")[0])
    return found


@pytest.mark.compiler
def test_whatever_system_call_fails_nothing_acknowledged_is_lost() -> None:
    found = outcomes("tests.faults", "--step", "53")
    assert found["calls"] > 500
    assert found["runs"] >= found["calls"] // 53
    assert sum(count for name, count in found.items() if name.endswith(" refused")) > 0


def test_damage_is_gone_around_refused_or_makes_no_difference() -> None:
    found = outcomes("tests.flips", "--runs", "100")
    assert sum(found.values()) == 100
    assert found["told and gone around"] > 10
    assert found["refused"] > 0
