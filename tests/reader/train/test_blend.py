from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from reader.train.blend import main
from reader.train.network import load_network, save_network


def test_a_blend_is_written_as_a_reader(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = load_network(base, torch.device("cpu"))
    for name, value in (("new", 1.0), ("old", 5.0)):
        state = {key: torch.full_like(weights, value) for key, weights in network.state_dict().items()}
        save_network(network, state, base, tmp_path / name)
    folders = [str(tmp_path / name) for name in ("new", "old")]
    assert main([*folders, "--share", "0.25", "--out", str(tmp_path / "blend")]) == 0
    written = load_file(tmp_path / "blend" / "model.safetensors")
    assert all(float(weights.min()) == float(weights.max()) == 2.0 for weights in written.values())
    assert (tmp_path / "blend" / "tokenizer.json").is_file()
    assert main([*folders, "--share", "1.5", "--out", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.endswith("share: 1.5 is not in 0..1\n")
    assert not (tmp_path / "none").exists()
