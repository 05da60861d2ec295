"""What the sizing of large archives computes, by hand; and that the documentation shows what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from api.cli import app
from api.settings import Settings
from bench.sizing import QUESTIONS, SIZES, Measured, Prices, bound, breaks, makespan, needs, table

ROOT = Path(__file__).parent.parent
ROUND = Measured(
    passages=10, embedded=50, cleaned=5, stored=2, opened=100, row=4000, vector=800, words=200, scanned=5, answers=2
)


def test_an_archive_of_round_figures() -> None:
    found = needs(1_000_000, 10, 4, ROUND, Prices(core_hour=0.1, memory_gb_month=2, disk_gb_month=0.5))
    assert found.passages == 10_000_000
    assert found.core_seconds == pytest.approx(10e6 * (0.020 + 0.005))  # 250,000 s
    assert found.writer_seconds == pytest.approx(20_000)
    assert found.wall_seconds == pytest.approx(25_000, rel=0.01)  # ten workers; the writer keeps up
    assert (found.database, found.replica, found.outside) == (40e9, 10e9, 17.28e9)
    assert found.start_seconds == pytest.approx(1_000)
    assert found.search_seconds == pytest.approx(0.5)  # 100 times 5 ms
    assert found.cores == 4  # 4 questions of a second each
    assert found.indexing_cost == pytest.approx(270_000 / 3600 * 0.1)
    assert found.replicas_cost == pytest.approx(4 * 730 * 0.1 + 10 * 2)
    assert found.disk_cost == pytest.approx(20)
    assert (found.cores_outside, found.breaks) == (2, "nothing yet")
    assert found.bound == "the workers"  # 13 would be too many


@pytest.mark.parametrize(
    ("batches", "workers", "work", "store", "seconds"),
    [
        (0, 1, 5, 1, 0),
        (1, 4, 5, 1, 6),
        (3, 1, 5, 1, 16),  # stored while the next is embedded: 5, 10, 15, and the last one's store
        (4, 2, 5, 1, 12),  # two at 5, stored at 6 and 7; two at 10, stored at 11 and 12
        (10, 100, 5, 2, 25),  # all at 5; then the writer, two seconds each
        (5, 1, 1, 4, 21),  # the writer is behind: 1 + 5 * 4
    ],
)
def test_batches_go_through_workers_and_one_writer(
    batches: int, workers: int, work: float, store: float, seconds: float
) -> None:
    assert makespan(batches, workers, work, store) == seconds


def test_many_batches_run_at_the_pace_of_the_slower_side() -> None:
    assert makespan(50_000, 8, 4, 0.1) == pytest.approx(50_000 * 4 / 8, rel=0.001)
    assert makespan(50_000, 8, 4, 1) == pytest.approx(50_000, rel=0.001)


def test_what_breaks_first_is_what_is_farthest_beyond_its_limit() -> None:
    assert breaks(start=1_700, search=0.4, replica=500e9) == "nothing yet"
    assert breaks(start=3_600, search=0.9, replica=1e9) == "a replica's start"  # twice 1,800
    assert breaks(start=3_600, search=1.1, replica=1e9) == "the search"
    assert breaks(start=60, search=0.6, replica=2e12) == "memory"


def test_indexing_waits_for_workers_until_the_writer_has_no_time_left() -> None:
    assert bound(work=1_000, writer=100, workers=9) == "the workers"
    assert bound(work=1_000, writer=100, workers=10) == "the one writer, from 10 workers on"


def test_the_page_shows_what_is_computed() -> None:
    assert table(SIZES, QUESTIONS) in (ROOT / "docs" / "scale.md").read_text("utf-8"), "run python -m bench.sizing"


def test_the_trial_names_settings_and_verbs_that_there_are() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"postgres", "milvus", "pullquote", "prepare"}
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    for service in ("pullquote", "prepare"):
        names = set(services[service]["environment"])
        assert {name.removeprefix("PULLQUOTE_").lower() for name in names} <= set(Settings.model_fields)
        place = Settings(archive=services[service]["environment"]["PULLQUOTE_ARCHIVE"]).archive
        assert isinstance(place, str)
        assert place.startswith("postgresql://")
    used = re.findall(r"pullquote (\w+)", " ".join(services["prepare"]["command"]))
    assert used == ["models", "init", "keys", "keys"]
    assert set(used) | set(services["pullquote"]["command"]) <= verbs
