"""A whole run on 200 questions, cut off and gone on with."""

from __future__ import annotations

import json
import random
import shutil
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file
from torch.nn import Module
from torch.optim import Optimizer

from indexer.models.registry import ModelSpec
from indexer.models.spans import SpanModel
from indexer.models.tokenizer import Tokenizer, Tokens
from indexer.models.torch_runtime import TorchSpanNetwork
from reader.evaluate import Question, figures, mark, predict, summary
from reader.model import Reader
from reader.train import average, checkpoint
from reader.train.__main__ import main
from reader.train.batches import collate, plan
from reader.train.checkpoint import Position
from reader.train.errors import CheckpointMismatch
from reader.train.mixture import Task, Text
from reader.train.network import BatchedNetwork, freeze, load_network, save_network
from reader.train.teacher import Teacher
from reader.train.windows import Cutter
from tests.reader.train.conftest import questions, write_squad

_MANIFEST = """
sources:
  - {name: a, file: a.json.gz, split: all, licence: CC0, share: [1, 1]}
held_out: [b.json]
background: []
"""


def spec() -> ModelSpec:
    raw: dict[str, Any] = {
        "name": "tiny",
        "task": "read",
        "runtime": "torch",
        "licence": "CC0",
        "sources": (),
        "files": {},
    }
    return ModelSpec(**raw, max_tokens=64, stride=32, question_tokens=32, threshold=0.0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_squad(folder / "a.json.gz", questions(200))
    write_squad(folder / "b.json", [questions(1)[0]._replace(context="A text of its own.", answers=())])
    (folder / "manifest.yaml").write_text(_MANIFEST)
    return folder


def command(data: Path, base: Path, out: Path, n: int, *more: str) -> list[str]:
    options = {"--data": data, "--base": base, "--out": out, "--manifest": data / "manifest.yaml", "--questions": n}
    return [*(str(part) for pair in options.items() for part in pair), "--rate", "2e-3", *more]


def journal(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "run/log.jsonl").read_text().splitlines()]


def test_a_run_lowers_its_loss_and_answers_its_own_questions(data: Path, base: Path, tmp_path: Path) -> None:
    more = ("--batch-tokens", "1024", "--dropout", "0", "--threads", "1")
    assert main(command(data, base, tmp_path, 6000, *more)) == 0
    losses = [line["loss"] for line in journal(tmp_path) if line["event"] == "step"]
    assert losses[-1] < losses[0] / 4
    network = TorchSpanNetwork(spec(), tmp_path)
    reader = Reader(SpanModel(spec(), "tiny", network.tokenizer, network))
    asked = [
        Question(e.id, e.question, e.context, tuple(e.context[slice(*span)] for span in e.answers))
        for e in questions(100)
    ]
    marked = mark(asked, list(predict(reader, asked)))
    assert figures(marked, threshold=0.0).em > 90
    assert summary(marked, 0.0)["no_answer"].em > 75
    assert {weights.dtype for weights in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    assert json.loads((tmp_path / "config.json").read_text())["architectures"] == ["BertForQuestionAnswering"]


def test_a_run_that_was_cut_off_ends_as_if_it_had_not_been(
    data: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main(command(data, base, whole, 200, "--batch-tokens", "512")) == 0
    often = ("--batch-tokens", "512", "--save-every", "0")
    saved, save = [], checkpoint.save

    def save_and_stop(folder: Path, options: str, model: Module, optimiser: Optimizer, position: Position) -> None:
        save(folder, options, model, optimiser, position)
        saved.append(position.step)
        if len(saved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    assert main(command(data, base, cut, 200, *often)) == 130
    torch.manual_seed(12345)  # whatever ran in between
    assert main(command(data, base, cut, 200, *often)) == 0
    assert [line["step"] for line in journal(cut) if line["event"] == "start"] == [0, 3]
    one, other = (load_file(folder / "model.safetensors") for folder in (whole, cut))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_other_processes_may_prepare_the_batches(data: Path, base: Path, tmp_path: Path) -> None:
    weights = []
    for workers in ("0", "2"):
        out = tmp_path / workers
        assert main(command(data, base, out, 600, "--batch-tokens", "512", "--workers", workers)) == 0
        weights.append(load_file(out / "model.safetensors"))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_teacher_is_learnt_from(data: Path, base: Path, tmp_path: Path) -> None:
    options = ("--batch-tokens", "1024", "--dropout", "0")
    assert main(command(data, base, tmp_path / "teacher", 4000, *options)) == 0
    taught = ("--teacher", str(tmp_path / "teacher"), "--taught", "1", "--temperature", "1")
    assert main(command(data, base, tmp_path / "student", 4000, *options, *taught)) == 0
    losses = [line["loss"] for line in journal(tmp_path / "student") if line["event"] == "step"]
    assert losses[-1] < losses[0] / 4
    teacher, student = (
        next(BatchedNetwork(tmp_path / name, torch.device("cpu")).run_each([_pair(tmp_path / "teacher")]))
        for name in ("teacher", "student")
    )
    for theirs, ours in zip(teacher, student, strict=True):
        assert int(theirs.argmax()) == int(ours.argmax())


def test_the_network_may_be_run_in_bfloat16(base: Path) -> None:
    runs = []
    for bf16 in (True, False):
        checkpoint.reseed(0)  # the base has no head: the same one is drawn
        network = BatchedNetwork(base, torch.device("cpu"), bf16)
        runs.append(np.concatenate(next(network.run_each([_pair(base)]))))
    assert 0 < np.abs(runs[0] - runs[1]).max() < 0.05 * np.abs(runs[1]).max()  # eight bits of mantissa: 1 in 256 a step


def test_a_teacher_in_bfloat16_judges_as_in_float32(base: Path, tmp_path: Path) -> None:
    network = load_network(base, torch.device("cpu"))  # with a head
    save_network(network, network.state_dict(), base, tmp_path)
    cutter = Cutter(Tokenizer.load(base / "tokenizer.json"), 64)
    tasks = [Task(one.question, (Text(one.context, one.answers),), 1.0) for one in questions(3)]
    batch = collate([cutter.cut(task, random.Random(0)) for task in tasks])
    half, full = (
        torch.stack(Teacher(tmp_path, base, torch.device("cpu"), bf16).logits(batch)) for bf16 in (True, False)
    )
    assert half.dtype == full.dtype == torch.float32
    apart = (half - full)[:, batch.mask.bool()].abs().max()
    assert 0 < apart < 0.05 * full.abs().max()


def _pair(folder: Path) -> Tokens:
    example = questions(2)[1]
    return Tokenizer.load(folder / "tokenizer.json").encode(example.question, example.context)


def test_a_teacher_with_other_words_is_refused(
    data: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(base, other)
    text = (other / "tokenizer.json").read_text().replace('"in":', '"unknown":')
    (other / "tokenizer.json").write_text(text)
    assert main([*command(data, base, tmp_path / "out", 20), "--teacher", str(other)]) == 2
    assert "has other tokens than" in capsys.readouterr().err


def test_a_checkpoint_of_another_run_is_refused(
    data: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(data, base, tmp_path, 20)) == 0
    assert main(command(data, base, tmp_path, 20, "--seed", "1")) == 2
    assert "give another --out, or the same options" in capsys.readouterr().err


def test_a_checkpoint_is_whole_or_the_one_before(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_network(base, torch.device("cpu"))
    optimiser = torch.optim.AdamW(model.parameters())
    checkpoint.save(tmp_path, "a", model, optimiser, Position(step=1))

    def broken(state: object, file: IO[bytes]) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(tmp_path, "a", model, optimiser, Position(step=2))
    assert checkpoint.load(tmp_path, "a", model, optimiser) == Position(step=1)
    with pytest.raises(CheckpointMismatch, match="holds a run with a, not b"):
        checkpoint.load(tmp_path, "b", model, optimiser)


def test_the_average_is_the_mean_of_the_last_snapshots(base: Path, tmp_path: Path) -> None:
    model = load_network(base, torch.device("cpu"))
    head = dict(model.named_parameters())["qa_outputs.bias"]
    for before, done in pairwise(number / 100 for number in range(101)):
        with torch.no_grad():
            head.fill_(done)
        average.snapshot(tmp_path, model, before, done, tail=0.3, n=3)
    files = average.snapshots(tmp_path)
    assert [file.name for file in files] == [f"snapshot-{number}.safetensors" for number in (1, 2, 3)]
    np.testing.assert_allclose(average.mean(files)["qa_outputs.bias"], (0.8 + 0.9 + 1.0) / 3, atol=0.011)


def test_a_blend_lies_between_both_by_hand() -> None:
    new, old = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([5.0, 2.0], dtype=torch.float16)}
    assert average.blend(new, old, 0.25)["w"].tolist() == [2.0, 2.0]
    assert torch.equal(average.blend(new, old, 0.0)["w"], new["w"])
    with pytest.raises(KeyError):
        average.blend(new, {}, 0.25)


def test_frozen_layers_stay(base: Path) -> None:
    model = load_network(base, torch.device("cpu"), dropout=0.0)
    freeze(model, 1)
    learnt = {
        name.split(".")[1] + name.split(".")[3]
        for name, w in model.named_parameters()
        if w.requires_grad and "layer" in name
    }
    assert learnt == {"encoder1"}
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.0}


def test_what_frozen_layers_share_stays_too() -> None:
    config = transformers.MPNetConfig(
        vocab_size=32, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8
    )
    model = transformers.MPNetForQuestionAnswering(config)
    freeze(model, 2)
    learnt = {".".join(name.split(".")[:4]) for name, w in model.named_parameters() if w.requires_grad}
    assert learnt == {"mpnet.encoder.layer.2", "qa_outputs.weight", "qa_outputs.bias"}
    freeze(model, 0)  # nothing more is frozen, nothing thawed
    assert not model.mpnet.encoder.relative_attention_bias.weight.requires_grad


@pytest.mark.parametrize(("hidden", "attention"), [(0.0, None), (0.5, None), (0.5, 0.0), (0.0, 0.5)])
def test_attention_may_have_a_dropout_of_its_own(base: Path, hidden: float, attention: float | None) -> None:
    model = load_network(base, torch.device("cpu"), hidden, attention).train()
    modules = dict(model.named_modules())
    layer = "bert.encoder.layer.0.attention"
    inner, outer = modules[f"{layer}.self"], modules[f"{layer}.output"]
    states = torch.randn(1, 8, 64, generator=torch.Generator().manual_seed(0))
    once, again = (inner(states)[0] for _ in range(2))
    assert torch.equal(once, again) == (not (hidden if attention is None else attention))
    once, again = (outer(states, states) for _ in range(2))
    assert torch.equal(once, again) == (not hidden)


def test_empty_plan() -> None:
    assert plan([], 100) == []
    with pytest.raises(ValueError, match="max"):
        collate([])


def test_a_missing_folder_is_told_in_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(data, tmp_path / "none", tmp_path / "out", 1)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "holds no tokenizer.json" in error
