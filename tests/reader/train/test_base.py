"""Where training begins."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import tokenizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import RobertaProcessing, TemplateProcessing

from indexer.models.registry import load_registry
from indexer.models.tokenizer import Tokenizer
from reader.train.base import main
from reader.train.network import TOKENIZER_FILES


def test_the_base_is_a_folder_that_training_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    config = json.loads((Path(line) / "config.json").read_text())
    assert (config["num_hidden_layers"], config["hidden_size"]) == (6, 384)
    assert {"model.safetensors", TOKENIZER_FILES[0]} <= {file.name for file in Path(line).iterdir()}


def test_any_model_is_got_as_it_is_before_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--named", "minilm-l6-reader"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert not list(Path(line).glob("*.onnx"))
    ours = load_registry()["minilm-l6-reader"].files["model.safetensors"]
    assert sha256((Path(line) / "model.safetensors").read_bytes()).hexdigest() == ours
    assert main(["--named", "nobody"]) == 2
    assert "no model 'nobody' in models.yaml" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--named", "minilm-l6-reader", "--of", "FOLDER", "--out", "FOLDER"])


@pytest.mark.parametrize("pair", ["<s>:0 $A:0 </s>:0 </s>:0 $B:1 </s>:1", "<s>:0 $A:0 </s>:0 $B:0 </s>:0", "roberta"])
def test_a_base_of_another_network_puts_texts_together_as_the_reader_does(tmp_path: Path, pair: str) -> None:
    write_network(tmp_path / "mpnet", pair)
    out = tmp_path / "base"
    assert main(["--of", str(tmp_path / "mpnet"), "--out", str(out)]) == 0
    tokens = Tokenizer.load(out / "tokenizer.json").encode("a b", "b a")
    assert tokens.ids.tolist() == [7, 1, 2, 9, 2, 1, 9]
    assert tokens.types.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert tokens.part.tolist() == [-1, 0, 0, -1, 1, 1, -1]
    assert Tokenizer.load(out / "tokenizer.json").encode("a").ids.tolist() == [7, 1, 9]
    for name in ("config.json", "model.safetensors"):
        assert (out / name).read_bytes() == name.encode()


def test_what_cannot_be_a_base_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_network(tmp_path / "odd", "$A $B", single="$A </s>")
    for name in ("odd", "gone"):
        assert main(["--of", str(tmp_path / name), "--out", str(tmp_path / "base")]) == 2
        assert f"{tmp_path / name}" in capsys.readouterr().err
    assert not (tmp_path / "base").exists()
    with pytest.raises(SystemExit):
        main(["--of", str(tmp_path)])


def write_network(folder: Path, pair: str, single: str = "<s>:0 $A:0 </s>:0") -> None:
    """Files of a network whose weights nobody reads, with a tokenizer of four tokens."""
    engine = tokenizers.Tokenizer(WordLevel({"[UNK]": 0, "a": 1, "b": 2, "<s>": 7, "</s>": 9}, unk_token="[UNK]"))
    engine.pre_tokenizer = Whitespace()
    end, begin = ("</s>", 9), ("<s>", 7)
    template = TemplateProcessing(single=single, pair=pair, special_tokens=[end, begin]) if pair != "roberta" else None
    engine.post_processor = template or RobertaProcessing(end, begin)
    folder.mkdir()
    engine.save(str(folder / "tokenizer.json"))
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes(name.encode())
