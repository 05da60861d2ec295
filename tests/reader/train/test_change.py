"""A trained reader told by what it is beyond its base."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from indexer.models import manifest
from indexer.models.fetch import prepare
from indexer.models.registry import load_registry
from reader.train.change import main
from reader.train.network import load_network, save_network


def test_the_reader_comes_back_from_its_base_and_the_change(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_network(base, torch.device("cpu")).state_dict()
    network = load_network(base, torch.device("cpu"))
    torch.manual_seed(1)
    learnt = {name: weights + 0.01 * torch.randn_like(weights) for name, weights in network.state_dict().items()}
    save_network(network, learnt, base, tmp_path / "trained")
    assert main([str(base), str(tmp_path / "trained"), "--out", str(tmp_path / "change"), "--bits", "4"]) == 0
    promised = "".join(f"        {line}\n" for line in capsys.readouterr().out.splitlines())
    assert promised.count("\n") == 3
    (tmp_path / "own.yaml").write_text(f"""models:
  mine:
    task: read
    runtime: torch
    licence: MIT
    max_tokens: 64
    sources: [{{path: {base}}}]
    files: {{model.safetensors: {manifest.sha256_of(base / "model.safetensors")}}}
    change:
      path: change
      files:
{promised}""")
    spec = load_registry(tmp_path / "own.yaml")["mine"]
    prepare(spec, tmp_path / "models")
    found = load_network(manifest.home(spec, tmp_path / "models"), torch.device("cpu")).state_dict()
    assert found.keys() == learnt.keys()
    rest = sum(float(((found[name] - learnt[name]) ** 2).sum()) for name in learnt)
    whole = sum(float(((learnt[name] - before[name]) ** 2).sum()) for name in learnt)
    assert 0 < rest / whole < 0.0125  # Max 1960: .01154 of a normal variable


def test_a_reader_of_another_base_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "model.safetensors cannot be read" in capsys.readouterr().err
