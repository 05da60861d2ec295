from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from indexer.errors import InvalidInput
from indexer.models.defaults import READER
from indexer.models.fetch import default_folder
from indexer.models.registry import load_registry
from reader.loading import load_reader
from reader.model import Reader

HOME = Path(__file__).parents[2]


def loaded(tmp_path: Path, calibration: str | None) -> Reader:
    """The reader that ships out of a file of one's own, with this calibration or none."""
    entry = yaml.safe_load((HOME / "models.yaml").read_text("utf-8"))["models"][READER]
    entry.pop("calibration")
    entry["sources"] = [{"path": str(HOME / "reader" / "weights")}]
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump({"models": {READER: entry | ({"calibration": calibration} if calibration else {})}}))
    return load_reader(default_folder(), file, READER)


def test_a_reader_has_the_calibration_that_its_entry_names(tmp_path: Path) -> None:
    ships = load_reader(default_folder(), None, READER)
    assert ships.calibration is not None
    assert ships.calibration.reader == ships.model.fingerprint
    file = load_registry()[READER].calibration
    assert file is not None
    raw = json.loads(file.read_text("utf-8"))
    (tmp_path / "worth.json").write_text(json.dumps({**raw, "intercept": 1.5}))
    mine = loaded(tmp_path, "worth.json").calibration
    assert mine is not None
    assert (mine.intercept, mine.weights) == (1.5, ships.calibration.weights)


def test_a_reader_without_one_goes_by_its_own_score(tmp_path: Path) -> None:
    plain = loaded(tmp_path, None)
    assert (plain.calibration, plain.threshold, plain.text_threshold) == (None, 2.0, 2.0)


def test_a_calibration_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"worth\.json cannot be read .*: fit it again"):
        loaded(tmp_path, "worth.json")
