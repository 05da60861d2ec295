"""Where training begins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reader.train.base import main
from reader.train.network import TOKENIZER_FILES


def test_the_base_is_a_folder_that_training_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    config = json.loads((Path(line) / "config.json").read_text())
    assert (config["num_hidden_layers"], config["hidden_size"]) == (6, 384)
    assert {"model.safetensors", TOKENIZER_FILES[0]} <= {file.name for file in Path(line).iterdir()}
