"""The table of several readers, on sets made for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
import torch
import transformers

from reader.evaluate import half
from reader.train.compare import SETS, main
from reader.train.network import load_network, save_network
from tests.reader.train.conftest import questions, write_squad

_SET = "SQuAD 2.0 dev"


def cells_of(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def in_folders(tmp_path: Path) -> list[str]:
    """The options that say where data are and where to write."""
    return ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_table_is_of_report_halves(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_squad(tmp_path / "data" / SETS[_SET], questions(60))
    network = load_network(base, torch.device("cpu"))
    save_network(network, network.state_dict(), base, tmp_path / "weights")
    given = [f"a={tmp_path / 'weights'}", *in_folders(tmp_path), "--n", "20", "--sets", _SET]
    assert main([*given, "--runtimes", "torch"]) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert cells_of(head) == [
        "set",
        "questions",
        "a: EM",
        "a: F1",
        "a: F1 at threshold",
    ]
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    assert len(rows) == 40
    report = [one for one in rows if half(one["id"]) == "report"]
    assert [one["half"] for one in rows].count("report") == len(report) == 20
    ems = [one["em"] for one in report if one["answers"]]
    cells = cells_of(row)
    assert cells[:3] == [_SET, "20", f"{100 * sum(ems) / len(ems):.1f}"]


def write_longer(base: Path, folder: Path) -> int:
    """A network of random weights that takes the texts which exports are tried on; returns its number of layers."""
    longer = transformers.AutoConfig.from_pretrained(base, max_position_embeddings=512)
    transformers.BertForQuestionAnswering(longer).save_pretrained(folder)
    shutil.copyfile(base / "tokenizer.json", folder / "tokenizer.json")
    return int(longer.num_hidden_layers)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_runtimes_stand_side_by_side_with_what_each_loses(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_squad(tmp_path / "data" / SETS[_SET], questions(40))
    write_longer(base, tmp_path / "weights")
    given = [f"a={tmp_path / 'weights'}", *in_folders(tmp_path), "--n", "10", "--sets", _SET]
    assert main([*given, "--runtimes", "torch", "onnx"]) == 0
    head, _, row = map(cells_of, capsys.readouterr().out.splitlines())
    assert head[2:] == [
        *(f"a {runtime}: {kind}" for runtime in ("torch", "onnx") for kind in ("EM", "F1", "F1 at threshold")),
        "F1: a onnx less a torch",
    ]
    cells = dict(zip(head, row, strict=True))
    assert cells["a torch: F1"] == cells["a onnx: F1"]  # float: the same spans
    assert cells["F1: a onnx less a torch"] == "+0.00 (+0.00 to +0.00)"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_windows_of_several_sizes_stand_side_by_side(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_squad(tmp_path / "data" / SETS[_SET], questions(20))
    write_longer(base, tmp_path / "weights")
    given = [f"a={tmp_path / 'weights'}", *in_folders(tmp_path), "--n", "10", "--sets", _SET, "--runtimes", "torch"]
    assert main([*given, "--windows", "80", "200", "12"]) == 0
    head = cells_of(capsys.readouterr().out.splitlines()[0])
    assert head[-2:] == ["F1: a 200 tokens less a 80 tokens", "F1: a 12 tokens less a 80 tokens"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()]
    scores = {size: [one["score"] for one in rows if one["reader"] == f"a {size} tokens"] for size in (80, 200, 12)}
    assert scores[80] == scores[200]  # a text of some twelve tokens is whole in both
    assert scores[80] != scores[12]
    for wrong in ("0", "513", "long"):
        with pytest.raises(SystemExit):
            main([*given, "--windows", "80", wrong])
        assert f"{wrong} is not a number of tokens from 1 to 512" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_folder_is_run_like_the_reader_that_is_named(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_squad(tmp_path / "data" / SETS[_SET], questions(10))
    n_layers = write_longer(base, tmp_path / "weights")
    given = [f"a={tmp_path / 'weights'}", "--data", str(tmp_path / "data"), "--n", "2", "--sets", _SET]
    for name, floats in (("minilm-l6-reader", 0), ("mpnet-base", 2 * n_layers)):
        assert main([*given, "--out", str(tmp_path / name), "--like", name]) == 0
        (made,) = (tmp_path / name / "models").glob("a-*/model.onnx")
        assert [node.op_type for node in onnx.load(made).graph.node].count("MatMul") == floats
    assert main([*given, "--out", str(tmp_path), "--like", "nobody"]) == 2
    assert "no model 'nobody'" in capsys.readouterr().err


def test_a_missing_set_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"a={tmp_path}", "--data", str(tmp_path), "--out", str(tmp_path), "--sets", _SET]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_name_alone_is_a_reader_of_models_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_squad(tmp_path / "data" / SETS[_SET], questions(40))
    folders = in_folders(tmp_path)
    assert main(["minilm-l6-reader", *folders, "--n", "5", "--sets", _SET, "--runtimes", "torch"]) == 0
    assert capsys.readouterr().out.startswith("| set | questions | minilm-l6-reader: EM |")
    assert main(["nobody", *folders]) == 2
    assert "no model 'nobody' in models.yaml" in capsys.readouterr().err
